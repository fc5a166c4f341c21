#include "bench/load/event_sections.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <optional>
#include <utility>

#include "bench/load/event_pool.hpp"

namespace mesher::bench::sections {
namespace {

constexpr std::size_t kBreadcrumbs = 8;
constexpr double kWithSecret = 0.05;  // share of events with something to scrub

std::optional<Slot::Kind> kind_of(std::string_view name) {
  if (name == "id") return Slot::Kind::event_id;
  if (name == "time") return Slot::Kind::time;
  if (name == "hex") return Slot::Kind::hex;
  if (name == "number") return Slot::Kind::number;
  if (name == "user") return Slot::Kind::user;
  return std::nullopt;
}

// Reads "{{kind length}}" at the beginning of `text`; the slot's offset is left for the caller.
std::optional<std::pair<Slot, std::size_t>> read_marker(std::string_view text) {
  const auto end = text.find("}}");
  const auto space = text.find(' ');
  if (end == std::string_view::npos || end > 16 || space >= end) return std::nullopt;
  const auto kind = kind_of(text.substr(2, space - 2));
  if (!kind) return std::nullopt;
  const int length = std::atoi(std::string(text.substr(space + 1, end - space - 1)).c_str());
  return std::pair{Slot{*kind, static_cast<std::uint16_t>(length), 0}, end + 2};
}

}  // namespace

std::string slot(std::string_view kind, int length) {
  return fmt::format("{{{{{} {}}}}}", kind, length);
}
std::string number(int digits) {
  return slot("number", digits);
}
std::string hex(int digits) {
  return slot("hex", digits);
}

EventBody with_slots(std::string_view marked) {
  EventBody body;
  body.json.reserve(marked.size());
  while (!marked.empty()) {
    const auto at = marked.find("{{");
    body.json += marked.substr(0, at);
    if (at == std::string_view::npos) break;
    marked.remove_prefix(at);
    if (auto found = read_marker(marked)) {
      found->first.offset = static_cast<std::uint32_t>(body.json.size());
      body.json.append(found->first.length, '0');
      body.slots.push_back(found->first);
      marked.remove_prefix(found->second);
    } else {
      body.json += marked.front();
      marked.remove_prefix(1);
    }
  }
  return body;
}

namespace {

// `path` chooses what was done, `random` the numbers in it.
Json breadcrumb(std::string_view service, std::string_view at, Random& path, Random& random) {
  const auto noun = path.pick(words::kNouns);
  switch (path.below(4)) {
    case 0:
      return {{"timestamp", at},
              {"type", "http"},
              {"category", "http"},
              {"level", "info"},
              {"data",
               {{"url",
                 fmt::format("http://{}.internal/v2/{}/{}", path.pick(words::kServices), noun, random.below(1000000))},
                {"method", path.pick(words::kMethods)},
                {"status_code", random.chance(0.9) ? 200 : 500}}}};
    case 1:
      return {{"timestamp", at},
              {"type", "query"},
              {"category", "query"},
              {"message",
               fmt::format("SELECT * FROM {} WHERE id = ? LIMIT {}", path.pick(words::kTables), random.below(100))}};
    case 2:
      return {{"timestamp", at},
              {"category", fmt::format("com.example.{}.{}Service", service, noun)},
              {"level", "debug"},
              {"message", fmt::format("{} {} {} took {} ms", path.pick(words::kVerbs), noun, random.below(100000),
                                      random.below(900))}};
    default:
      return {{"timestamp", at},
              {"type", "navigation"},
              {"category", "session"},
              {"data",
               {{"from", fmt::format("/{}/{}", service, random.below(10000))},
                {"to", fmt::format("/{}/{}", path.pick(words::kServices), noun)}}}};
  }
}

}  // namespace

Json breadcrumbs(std::string_view service, std::int64_t now_ms, Random& path, Random& random) {
  Json values = Json::array();
  std::int64_t at = now_ms - 20'000;
  for (std::size_t i = 0; i < kBreadcrumbs; ++i) {
    at += random.below(2400);
    values.push_back(breadcrumb(service, rfc3339(at), path, random));
  }
  return {{"values", std::move(values)}};
}

Json contexts(const words::Browser& browser, const words::Device& device) {
  return {{"os", {{"name", device.os}, {"version", device.os_version}, {"type", "os"}}},
          {"runtime", {{"name", "OpenJDK Runtime Environment"}, {"version", "21.0.5+11"}, {"type", "runtime"}}},
          {"device",
           {{"name", device.name},
            {"family", device.family},
            {"model", device.model},
            {"arch", device.arch},
            {"type", "device"}}},
          {"browser", {{"name", browser.name}, {"version", browser.version}, {"type", "browser"}}},
          {"trace",
           {{"trace_id", hex(32)},
            {"span_id", hex(16)},
            {"op", "http.server"},
            {"status", "internal_error"},
            {"type", "trace"}}}};
}

Json tags(std::string_view service, const words::Browser& browser, const words::Device& device, Random& random) {
  return {{"service", service},
          {"region", random.pick(words::kRegions)},
          {"customer_tier", random.pick(words::kTiers)},
          {"browser.name", browser.name},
          {"os.name", device.os},
          {"shard", std::to_string(random.below(32))},
          {"http.status_code", random.chance(0.8) ? "500" : "502"}};
}

Json user(Random& random) {
  return {{"id", slot("user", 5)},
          {"email", "user" + slot("user", 5) + "@example.com"},
          {"ip_address", fmt::format("203.{}.{}.{}", random.below(256), random.below(256), random.below(256))}};
}

Json request(std::string_view method, std::string_view path, const words::Browser& browser, Random& random) {
  Json headers{{"Accept", "application/json"}, {"Host", "shop.example.com"}, {"User-Agent", browser.agent}};
  if (random.chance(kWithSecret)) headers["Authorization"] = "Bearer " + hex(40);
  return {{"url", fmt::format("https://shop.example.com{}/{}", path, number(8))},
          {"method", method},
          {"query_string", fmt::format("page={}&limit=25", random.below(40))},
          {"headers", std::move(headers)}};
}

}  // namespace mesher::bench::sections
