#pragma once

#include <functional>

namespace mesher::cli {

/// SIGTERM, SIGINT and SIGHUP as a sequence of calls instead of interruptions. Construct before any thread is started:
/// the signals are blocked from then on and taken by wait() only. SIGPIPE is ignored.
class Signals {
 public:
  Signals();

  /// Blocks until SIGTERM or SIGINT; calls `hang_up` for each SIGHUP meanwhile.
  void wait(const std::function<void()>& hang_up);

  /// Has wait() return, as SIGTERM does. Any thread.
  static void end();

  /// From now on a second SIGTERM or SIGINT ends the program at once.
  static void give_back();
};

}  // namespace mesher::cli
