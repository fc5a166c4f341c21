#pragma once

namespace mesher::cli {

/// As long as one exists, SIGINT and SIGTERM are noted instead of ending the program, so that a command can clean up.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  [[nodiscard]] static bool came();
};

}  // namespace mesher::cli
