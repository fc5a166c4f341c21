#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/base/result.hpp"

namespace mesher::bench {

/// One recorded failure of a Java program: a line of the corpus (bench/data/README.md has the fields).
struct Failure {
  struct Call {
    std::string module, function, file;
    int line = 0;  ///< 0: unknown
  };
  std::string type, message;
  std::vector<std::string> causes;  ///< "type: message", outermost first
  std::vector<Call> calls;          ///< innermost first
};

/// Reads a corpus: one JSON object a line, plain or gzip. Errors: not_found, invalid (with the line's number).
[[nodiscard]] Result<std::vector<Failure>> read_corpus(const std::string& path);

/// The small part of the corpus that is kept beside the source, for when no other is named.
[[nodiscard]] std::string sample_corpus_path();

}  // namespace mesher::bench
