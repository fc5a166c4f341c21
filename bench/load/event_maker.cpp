#include "bench/load/event_maker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "bench/load/event_pool.hpp"
#include "bench/load/event_sections.hpp"
#include "graph/base/clock.hpp"

namespace mesher::bench {
namespace {

using namespace sections;
using Failures = std::vector<Failure>;

constexpr std::size_t kFrames = 20, kFramesWithSource = 2, kValueBytes = 200;

std::string shortened(std::string text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;  // not inside a character
  text.resize(limit);
  return text;
}

bool in_app(std::string_view module) {
  static constexpr std::array<std::string_view, 8> kForeign{"java.", "javax.", "sun.",       "com.sun.",
                                                            "jdk.",  "junit.", "org.junit.", "org.apache.tools.ant."};
  return std::none_of(kForeign.begin(), kForeign.end(), [&](auto prefix) { return module.starts_with(prefix); });
}

std::string source_line(Random& random) {
  return fmt::format(fmt::runtime(random.pick(words::kSourceLines)), random.pick(words::kVerbs),
                     random.pick(words::kNouns), random.pick(words::kNames), random.below(100));
}

Json frame_of(const Failure::Call& call, std::string_view suffix, bool with_source, Random& random) {
  const bool own = in_app(call.module);
  Json frame{
      {"filename", call.file}, {"function", call.function + std::string(own ? suffix : "")}, {"module", call.module}};
  if (call.line > 0) frame["lineno"] = call.line;
  frame["in_app"] = own;
  if (with_source && own) {
    frame["pre_context"] = Json::array({source_line(random)});
    frame["context_line"] = source_line(random);
    frame["post_context"] = Json::array({source_line(random)});
  }
  return frame;
}

// The innermost frames, oldest first as SDKs send them; those nearest to the error carry their source.
Json frames_of(const Failure& failure, std::string_view suffix, Random& random) {
  Json frames = Json::array();
  std::size_t with_source = 0;
  for (std::size_t i = 0; i < std::min(kFrames, failure.calls.size()); ++i) {
    const bool source = with_source < kFramesWithSource && in_app(failure.calls[i].module);
    with_source += source ? 1 : 0;
    frames.push_back(frame_of(failure.calls[i], suffix, source, random));
  }
  std::reverse(frames.begin(), frames.end());
  return frames;
}

std::string module_of(std::string_view type) {
  return std::string(type.substr(0, std::min(type.rfind('.'), type.size())));
}
std::string short_name(std::string_view type) {
  return std::string(type.substr(type.rfind('.') + 1));
}

Json causes_of(const Failure& failure) {
  Json values = Json::array();
  for (auto cause = failure.causes.rbegin(); cause != failure.causes.rend(); ++cause) {
    const auto colon = cause->find(": ");
    const auto type = cause->substr(0, colon);
    values.push_back({{"type", short_name(type)},
                      {"value", colon == std::string::npos ? "" : shortened(cause->substr(colon + 2), kValueBytes)},
                      {"module", module_of(type)}});
  }
  return values;
}

std::string value_of(const Failure& failure, Random& random) {
  auto value = shortened(failure.message, kValueBytes);
  // Half of the issues speak of what they were at, as messages do.
  if (random.chance(0.5))
    value += fmt::format(" ({} {}, attempt {})", random.pick(words::kNames), number(8), number(1));
  return value;
}

std::string suffix_of(std::size_t round) {
  if (round == 0) return "";
  return std::string(words::kSuffixes[round % words::kSuffixes.size()]) +
         std::string(round / words::kSuffixes.size(), 'X');
}

}  // namespace

/// What all events of an issue have in common.
struct EventMaker::Issue {
  Json causes, frames;
  std::string type, module, value, service, logger, method, path, transaction, level;
  std::uint64_t path_seed = 0;

  Issue(const Failure& failure, std::string_view suffix, Random random) {
    causes = causes_of(failure);
    frames = frames_of(failure, suffix, random);
    type = short_name(failure.type);
    module = module_of(failure.type);
    value = value_of(failure, random);
    service = random.pick(words::kServices);
    logger = fmt::format("com.example.{}.{}Service", service, random.pick(words::kNouns));
    method = random.pick(words::kMethods);
    path = fmt::format("/api/v2/{}/{}", service, random.pick(words::kTables));
    transaction = fmt::format("{} {}/{{id}}", method, path);
    level = random.chance(0.85) ? "error" : random.chance(0.7) ? "warning" : random.chance(0.7) ? "fatal" : "info";
    path_seed = random.next();
  }
};

EventMaker::EventMaker(const Failures& corpus, const MakerOptions& options) : random_(options.seed) {
  double total = 0;
  const auto size = corpus.size();
  for (std::uint32_t k = 0; k < options.issues; ++k) {
    // An even choice of the corpus; further rounds through it rename the methods, so that they make other issues.
    const bool enough = options.issues <= size;
    const auto& failure = corpus[enough ? k * size / options.issues : k % size];
    issues_.push_back(
        std::make_unique<Issue>(failure, suffix_of(enough ? 0 : k / size), Random(options.seed * 1'000'003 + k)));
    total += std::pow(static_cast<double>(k) + 1, -options.zipf);
    cumulative_.push_back(total);
  }
  for (auto& sum : cumulative_) sum /= total;
}

EventMaker::~EventMaker() = default;

std::uint32_t EventMaker::draw_issue() {
  const auto found = std::upper_bound(cumulative_.begin(), cumulative_.end(), random_.unit());
  return static_cast<std::uint32_t>(std::min<std::ptrdiff_t>(found - cumulative_.begin(), std::ssize(issues_) - 1));
}

EventBody EventMaker::make() {
  const auto k = draw_issue();
  const auto& issue = *issues_[k];
  const auto& browser = random_.pick(words::kBrowsers);
  const auto& device = random_.pick(words::kDevices);
  const auto server = random_.pick(words::kServers);
  const auto now_ms = SystemClock().now() / 1000;
  Json values = issue.causes;
  values.push_back({{"type", issue.type},
                    {"value", issue.value},
                    {"module", issue.module},
                    {"thread_id", random_.below(64)},
                    {"mechanism", {{"type", "Spring6ExceptionResolver"}, {"handled", false}}},
                    {"stacktrace", {{"frames", issue.frames}}}});
  Json event{{"event_id", slot("id", 32)},
             {"timestamp", slot("time", 24)},
             {"platform", "java"},
             {"level", issue.level},
             {"logger", issue.logger},
             {"transaction", issue.transaction},
             {"server_name", server},
             {"release", fmt::format("shop@4.{}.{}", 12 + random_.below(3), random_.below(4))},
             {"environment", random_.chance(0.8)   ? "production"
                             : random_.chance(0.7) ? "staging"
                                                   : "development"}};
  event["exception"] = {{"values", std::move(values)}};
  Random path(random_.chance(0.85) ? issue.path_seed : random_.next());
  event["breadcrumbs"] = breadcrumbs(issue.service, now_ms, path, random_);
  event["tags"] = tags(issue.service, browser, device, random_);
  event["user"] = user(random_);
  event["contexts"] = contexts(browser, device);
  event["request"] = request(issue.method, issue.path, browser, random_);
  event["extra"] = {{"thread_name", fmt::format("http-nio-8080-exec-{}", random_.below(200))}};
  event["sdk"] = {{"name", "sentry.java.spring-boot.jakarta"}, {"version", "7.16.0"}};
  // Recorded messages may hold anything: what is not UTF-8 becomes U+FFFD.
  auto body = with_slots(event.dump(-1, ' ', false, Json::error_handler_t::replace));
  body.issue = k;
  return body;
}

std::vector<std::string> make_events(const Failures& corpus, std::size_t n, const MakerOptions& options) {
  EventMaker maker(corpus, options);
  EventPool pool(maker, n, options.seed);
  const EventIds ids(options.seed, options.seed);
  const auto now_ms = SystemClock().now() / 1000;
  std::vector<std::string> events(n);
  for (std::size_t i = 0; i < n; ++i) pool.append(events[i], ids, i, now_ms);
  return events;
}

}  // namespace mesher::bench
