#include "graph/base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace mesher {

void assertion_failed(const char* what, const char* file, int line) noexcept {
  std::fprintf(stderr, "mesher: assertion failed at %s:%d: %s\n", file, line, what);
  std::abort();
}

}  // namespace mesher
