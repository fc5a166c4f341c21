#pragma once

#include <iosfwd>

namespace mesher::cli {

struct FingerprintOptions {
  bool lines = false;    ///< input is plain lines, each a message; else NDJSON, each line an event
  bool explain = false;  ///< behind each fingerprint, indented, what made it
};

/// `mesher fingerprint`: reads events, writes one fingerprint (32 hex digits) a line, in order. Lines of NDJSON that
/// are blank are passed over; one that is no event gives the line `invalid: <why>`. Answers the exit code: 1 if there
/// was such a line.
int run_fingerprint(std::istream& in, std::ostream& out, const FingerprintOptions& options);

}  // namespace mesher::cli
