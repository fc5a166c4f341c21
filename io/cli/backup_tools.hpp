#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "graph/base/result.hpp"
#include "io/postgres/connection.hpp"

/// What a backup and a restore need of PostgreSQL's programs and of the journal.
namespace mesher::cli {

/// pg_dump or pg_restore for a server of this major version, or newer. Error: not_found, with what to install.
[[nodiscard]] Result<std::filesystem::path> find_tool(const std::string& name, int major);

/// A child with one end of a pipe to its input or from its output. wait() closes it and tells what the child complained
/// of.
class PipedTool {
 public:
  enum class Pipe { to_input, from_output };
  static Result<PipedTool> start(std::vector<std::string> arguments, std::vector<std::string> environment, Pipe pipe);
  ~PipedTool();
  PipedTool(PipedTool&& other) noexcept;
  PipedTool& operator=(PipedTool&&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// Error: unavailable, with its last complaint.
  [[nodiscard]] Status wait();

 private:
  PipedTool() = default;
  void hang_up();

  pid_t pid_ = 0;
  int descriptor_ = -1;
  std::string name_, complaints_;  ///< the file that it complains into
};

/// Where the partitions of the data directory's journal end, whether a server has it open or not.
struct JournalEnds {
  std::string id;
  std::vector<std::pair<std::uint32_t, std::uint64_t>> ends;  ///< partition, sequence after its last record
};
/// Nothing: there is no journal, or it can't be read.
[[nodiscard]] std::optional<JournalEnds> journal_ends(const std::filesystem::path& data_dir);

/// How many records before `ends` are not stored yet. Errors: those of the connection.
[[nodiscard]] Result<std::uint64_t> records_waiting(postgres::Connection& connection, const JournalEnds& ends);

}  // namespace mesher::cli
