#include "io/cli/signals.hpp"

#include <signal.h>
#include <unistd.h>

#include <csignal>

namespace mesher::cli {
namespace {

sigset_t ours() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

Signals::Signals() {
  const auto set = ours();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void Signals::wait(const std::function<void()>& hang_up) {
  const auto set = ours();
  int signal = 0;
  while (sigwait(&set, &signal) == 0 && signal == SIGHUP) hang_up();
}

void Signals::end() {
  kill(getpid(), SIGTERM);  // of the process, not of this thread, which has it blocked
}

void Signals::give_back() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace mesher::cli
