#include "io/cli/top_command.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>

#include "io/cli/interrupt.hpp"
#include "io/cli/server_access.hpp"
#include "io/cli/top_table.hpp"

namespace mesher::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;

int fail(const Error& error) {
  fmt::print(stderr, "mesher top: {}{}{}\n", error.message, error.hint.empty() ? "" : ": ", error.hint);
  return 1;
}

struct Look {
  TopSample sample;
  SteadyClock::time_point at;
};

Result<Look> look(ServerAccess& access) {
  const auto body = access.get("/api/v1/graph");
  if (!body) return body.error();
  auto sample = read_top_sample(*body);
  if (!sample) return sample.error();
  return Look{*std::move(sample), SteadyClock::now()};
}

double seconds_between(const Look& a, const Look& b) {
  return std::max(0.001, std::chrono::duration<double>(b.at - a.at).count());
}

/// The terminal without echo and line buffering, on a screen of its own; as before when this ends.
class Screen {
 public:
  Screen() {
    tcgetattr(STDIN_FILENO, &before_);
    auto raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    fmt::print("\x1b[?1049h\x1b[?25l");
  }
  ~Screen() {
    fmt::print("\x1b[?25h\x1b[?1049l");
    std::fflush(stdout);
    tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  static void show(const std::string& text) {
    std::string lines = "\x1b[H";
    for (const char c : text) {
      if (c == '\n') lines += "\x1b[K";
      lines += c;
    }
    fmt::print("{}\x1b[J", lines);
    std::fflush(stdout);
  }

  /// The key that is pressed within this time; 0: none.
  static char key(std::chrono::milliseconds patience) {
    pollfd in{STDIN_FILENO, POLLIN, 0};
    char pressed = 0;
    if (::poll(&in, 1, static_cast<int>(patience.count())) <= 0) return 0;
    return ::read(STDIN_FILENO, &pressed, 1) == 1 ? pressed : 'q';
  }

 private:
  termios before_{};
};

int run_plain(const CommandLine& line, ServerAccess& access) {
  auto before = look(access);
  if (!before) return fail(before.error());
  for (std::uint64_t shown = 0; shown < std::max<std::uint64_t>(1, line.count); ++shown) {
    ::poll(nullptr, 0, static_cast<int>(line.interval * 1000));
    if (Interrupt::came()) return 0;
    auto now = look(access);
    if (!now) return fail(now.error());
    fmt::print("{}{}", shown == 0 ? "" : "\n",
               top_table(before->sample, now->sample, seconds_between(*before, *now), TopOrder::graph));
    std::fflush(stdout);
    before = std::move(now);
  }
  return 0;
}

std::string page(const ServerAccess& access, const Look& before, const Look& now, TopOrder order, bool paused) {
  const auto state = now.sample.healthy ? std::string("healthy") : now.sample.reason;
  return fmt::format("{}  generation {}  {}{}\n[s] sort: {}  [p] pause  [q] quit\n\n{}", access.url(),
                     now.sample.generation, state, paused ? "  PAUSED" : "", name_of(order),
                     top_table(before.sample, now.sample, seconds_between(before, now), order));
}

int run_screen(const CommandLine& line, ServerAccess& access) {
  auto before = look(access);
  if (!before) return fail(before.error());
  auto now = *before;
  Error trouble;
  {
    const Screen screen;
    auto order = TopOrder::graph;
    bool paused = false;
    const auto interval = std::chrono::milliseconds(static_cast<int>(line.interval * 1000));
    auto due = SteadyClock::now() + interval;
    while (!Interrupt::came()) {
      Screen::show(page(access, *before, now, order, paused));
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(due - SteadyClock::now());
      const char key = Screen::key(std::max(left, std::chrono::milliseconds(0)));
      if (key == 'q') return 0;
      if (key == 'p') paused = !paused;
      if (key == 's') order = next(order);
      if (SteadyClock::now() < due) continue;
      due = SteadyClock::now() + interval;
      if (paused) continue;
      auto fresh = look(access);
      if (!fresh) {
        trouble = fresh.error();
        break;
      }
      *before = std::exchange(now, *std::move(fresh));
    }
  }
  return trouble.message.empty() ? 0 : fail(trouble);
}

}  // namespace

int run_top(const CommandLine& line) {
  const auto access = ServerAccess::open(line);
  if (!access) return fail(access.error());
  const Interrupt interrupt;
  const bool terminal = ::isatty(STDOUT_FILENO) != 0 && ::isatty(STDIN_FILENO) != 0;
  return line.plain || !terminal ? run_plain(line, **access) : run_screen(line, **access);
}

}  // namespace mesher::cli
