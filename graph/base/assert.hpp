#pragma once

namespace mesher {

/// Prints the broken assumption and ends the program. Called by MESHER_ASSERT only.
[[noreturn]] void assertion_failed(const char* what, const char* file, int line) noexcept;

}  // namespace mesher

/// Checks what only a defect of Mesher can break; stays on in release. Never for input, peers, disk or database.
#define MESHER_ASSERT(condition) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : ::mesher::assertion_failed(#condition, __FILE__, __LINE__))
