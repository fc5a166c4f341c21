#pragma once

#include <iosfwd>
#include <string>

namespace mesher::cli {

struct FingerprintOptions {
  bool lines = false;      ///< input is plain lines, each a message; else NDJSON, each line an event
  std::string rules_file;  ///< fingerprint rules that apply; empty: none
  bool explain = false;    ///< behind each fingerprint, indented, what made it
};

/// `mesher fingerprint`: reads events, writes one fingerprint (32 hex digits) a line, in order. Lines of NDJSON that
/// are blank are passed over; one that is no event gives the line `invalid: <why>`. Answers the exit code: 1 if there
/// was such a line. Mistakes in the file of rules go to `errors` as `F:line:column: message`, and nothing is read.
int run_fingerprint(std::istream& in, std::ostream& out, std::ostream& errors, const FingerprintOptions& options);

}  // namespace mesher::cli
