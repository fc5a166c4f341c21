#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "graph/base/result.hpp"
#include "io/journal/env.hpp"
#include "io/journal/format.hpp"

/// The file `identity` of a journal's directory:
///   mesher journal
///   format 1
///   id 00112233-4455-6677-8899-aabbccddeeff
///   checksum 0123456789abcdef        (XXH3-64 of the lines above)
/// Cursors in the database belong to this id, so it must survive: every segment header has it too.
namespace mesher::io::journal {

/// A random one (UUID version 4).
[[nodiscard]] JournalId make_journal_id();
[[nodiscard]] std::string to_text(const JournalId& id);

/// Nothing if the file is missing or damaged. Error invalid: an intact file of a format that this program can't read.
[[nodiscard]] Result<std::optional<JournalId>> read_identity(Env& env, const std::string& directory);

/// Replaces the file; durable on success.
[[nodiscard]] Status write_identity(Env& env, const std::string& directory, const JournalId& id);

}  // namespace mesher::io::journal
