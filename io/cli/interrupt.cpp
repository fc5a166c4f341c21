#include "io/cli/interrupt.hpp"

#include <csignal>

namespace mesher::cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void note(int /*signal*/) {
  interrupted = 1;
}

/// Without SA_RESTART: who waits wakes up.
void handle(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

Interrupt::Interrupt() {
  interrupted = 0;
  handle(note);
}
Interrupt::~Interrupt() {
  handle(SIG_DFL);
}

bool Interrupt::came() {
  return interrupted != 0;
}

}  // namespace mesher::cli
