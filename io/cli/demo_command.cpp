#include "io/cli/demo_command.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <thread>

#include "graph/base/random.hpp"
#include "io/cli/database.hpp"
#include "io/cli/interrupt.hpp"
#include "io/cli/server_access.hpp"
#include "io/demo/event_maker.hpp"
#include "io/demo/fill.hpp"
#include "io/demo/place.hpp"
#include "io/demo/schedule.hpp"
#include "io/demo/sender.hpp"
#include "io/postgres/pool.hpp"

namespace mesher::cli {
namespace {

using namespace std::chrono_literals;

int fail(const Error& error) {
  fmt::print(stderr, "mesher demo: {}{}{}\n", error.message, error.hint.empty() ? "" : ": ", error.hint);
  return 1;
}

/// Where people and SDKs reach the server.
std::string url_of(const CommandLine& line) {
  const auto& config = line.config;
  auto url = line.url.empty() ? config.public_url : line.url;
  if (url.empty()) url = noted_address(config);
  if (url.empty()) url = (config.tls_cert.empty() ? "http://" : "https://") + config.listen;
  while (url.ends_with('/')) url.pop_back();
  return url;
}

/// False: interrupted.
bool wait(std::chrono::duration<double> time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (!Interrupt::came() && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(50ms);
  return !Interrupt::came();
}

/// Draws the next story by weight, and how long until it happens.
class Lots {
 public:
  Lots(const demo::Material& material, std::uint64_t seed) : material_(material), random_(seed) {
    for (const auto& story : material.stories) sum_ += story.weight;
  }
  std::size_t story() {
    double left = random_.unit() * sum_;
    for (std::size_t i = 0; i + 1 < material_.stories.size(); ++i) {
      left -= material_.stories[i].weight;
      if (left < 0) return i;
    }
    return 0;
  }
  std::chrono::duration<double> pause(double per_minute) {
    return std::chrono::duration<double>(-std::log(1 - random_.unit()) * 60 / per_minute);
  }

 private:
  const demo::Material& material_;
  Random random_;
  double sum_ = 0;
};

/// Until Ctrl-C.
int keep_flowing(const CommandLine& line, const demo::Place& place, const demo::Material& material,
                 demo::Sender& sender) {
  const SystemClock clock;
  const auto began = clock.now();
  // Other events than those of an earlier run.
  const auto seed = line.demo_seed ^ mix64(static_cast<std::uint64_t>(began));
  const demo::EventMaker maker(material, seed);
  Lots lots(material, seed);
  std::uint64_t sent = 0;
  bool answered = true;
  for (std::uint64_t n = 0; wait(lots.pause(line.demo_per_minute)); ++n) {
    const auto now = clock.now();
    const auto status = sender.send(maker.make(lots.story(), n, now, now));
    if (status) {
      ++sent;
      answered = true;
      continue;
    }
    if (std::exchange(answered, false)) fmt::print(stderr, "mesher demo: {}; trying on\n", status.error().message);
    wait(2s);
  }
  fmt::print("{} more events sent to project {}\n", sent, place.project_slug);
  return 0;
}

Result<bool> fill(postgres::Pool& pool, const CommandLine& line, const demo::Place& place,
                  const demo::Material& material) {
  demo::FillOptions options;
  options.seed = line.demo_seed;
  options.stop = Interrupt::came;
  options.on_day = [](int day, std::uint64_t events) {
    fmt::print("  day {:>2} of 14  {:>6} events\n", day, events);
    std::fflush(stdout);
  };
  const auto began = std::chrono::steady_clock::now();
  fmt::print("filling project {} with a fortnight\n", place.project_slug);
  const auto filled = demo::fill(pool, place, material, options);
  if (!filled) return filled.error();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  if (filled->complete) {
    fmt::print("{} events in {:.1f} s\n", filled->events, took.count());
  } else {
    fmt::print("stopped half-way; for a whole fortnight choose another --project, or delete this one first\n");
  }
  return filled->complete;
}

}  // namespace

int run_demo(const CommandLine& line) {
  const Interrupt interrupt;
  const auto url = url_of(line);
  const auto material = demo::read_material(demo::built_in_files());
  if (!material) return fail(material.error());
  if (!line.demo_once) {
    if (auto status = demo::Sender(url, "").ready(); !status) {
      return fail({status.error().code, status.error().message,
                   "start it (./start), name it with --url, or only fill with --once"});
    }
  }
  const auto database = Database::open_beside_server(line.config);
  if (!database) return fail(database.error());
  postgres::Pool pool(database->connect_options("mesher demo"), 2);
  const auto place = demo::make_place(pool, line.project);
  if (!place) return fail(place.error());
  if (place->has_issues) {
    fmt::print("project {} of organisation Demo has issues already: not filled again\n", place->project_slug);
  } else {
    const auto complete = fill(pool, line, *place, *material);
    if (!complete) return fail(complete.error());
    if (!*complete) return 1;
  }
  fmt::print("\nLook round: {}\n  sign in    {}{}\n  project    {} of organisation Demo\n", url, place->owner_email,
             place->owner_password.empty() ? "" : " with password " + place->owner_password, line.project);
  std::fflush(stdout);
  if (line.demo_once) return 0;
  fmt::print("\nEvents keep coming, about {} a minute; Ctrl-C ends it.\n", line.demo_per_minute);
  std::fflush(stdout);
  demo::Sender sender(url, place->public_key);
  return keep_flowing(line, *place, *material, sender);
}

}  // namespace mesher::cli
