#include "io/demo/event_maker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "graph/base/random.hpp"
#include "io/demo/schedule.hpp"
#include "io/demo/slots.hpp"

namespace mesher::demo {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint32_t kUsers = 640;
constexpr std::array<std::string_view, 20> kFirst{"Mara",  "Tom",   "Ines", "Jonas", "Aiko",  "Liam",  "Noor",
                                                  "Petra", "Samir", "Elif", "Hugo",  "Lena",  "Bruno", "Freja",
                                                  "Yusuf", "Clara", "Ivan", "Ruth",  "Karim", "Olga"};
constexpr std::array<std::string_view, 16> kLast{"Lind",   "Okafor", "Moreau",  "Weber", "Tanaka",  "Byrne",
                                                 "Haddad", "Novak",  "Silva",   "Demir", "Laurent", "Fischer",
                                                 "Rossi",  "Berg",   "Ivanova", "Park"};

struct Browser {
  std::string_view name, version, os, os_version, agent;
};
constexpr std::array<Browser, 8> kBrowsers{{
    {"Chrome", "131.0.0", "Windows", "10",
     "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"},
    {"Chrome", "130.0.0", "Mac OS X", "15.1",
     "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 "
     "Safari/537.36"},
    {"Mobile Safari", "18.1", "iOS", "18.1",
     "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 "
     "Mobile/15E148 Safari/604.1"},
    {"Mobile Safari", "18.1", "iOS", "18.1",
     "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 "
     "Mobile/15E148 Safari/604.1"},
    {"Firefox", "132.0", "Linux", "", "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"},
    {"Edge", "131.0.0", "Windows", "11",
     "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 "
     "Edg/131.0.0.0"},
    {"Chrome Mobile", "131.0.0", "Android", "14",
     "Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"},
    {"Safari", "18.1", "Mac OS X", "15.1",
     "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 "
     "Safari/605.1.15"},
}};

struct Phone {
  std::string_view model, maker, os_version;
};
constexpr std::array<Phone, 6> kPhones{{{"Pixel 8", "Google", "15"},
                                        {"SM-S911B", "Samsung", "14"},
                                        {"SM-A546B", "Samsung", "14"},
                                        {"Redmi Note 12", "Xiaomi", "13"},
                                        {"Pixel 6a", "Google", "14"},
                                        {"SM-A546B", "Samsung", "13"}}};

double seconds(UnixMicros at) {
  const auto milliseconds = at / 1000;
  return static_cast<double>(milliseconds) / 1000;
}

/// The release that runs where the event happened: the newest one, or, in browsers and on phones, one that was left
/// open or not yet updated, if it has the mistake too.
std::size_t release_at(const Story& story, const Service& service, double day, Random& random) {
  std::size_t newest = 0;
  while (newest + 1 < service.releases.size() && service.releases[newest + 1].day <= day) ++newest;
  if (newest == 0 || service.kind == Kind::server) return newest;
  const double age = day - service.releases[newest].day;
  const double left_behind = service.kind == Kind::phone ? std::max(0.15, 1 - age / 4) : age < 0.2 ? 0.5 : 0.06;
  const auto& before = service.releases[newest - 1].name;
  const bool free = std::find(story.not_in.begin(), story.not_in.end(), before) != story.not_in.end();
  return random.chance(left_behind) && !free ? newest - 1 : newest;
}

/// Everything about one event that is drawn by lot.
class Making {
 public:
  Making(const Story& story, const Service& service, Random random, UnixMicros at, double day)
      : story_(story), service_(service), random_(random), at_(at), day_(day) {}

  MadeEvent make() {
    const std::array<std::uint64_t, 2> id{random_.next(), random_.next()};
    std::memcpy(made_.id.bytes.data(), id.data(), made_.id.bytes.size());
    json_["event_id"] = made_.id.hex();
    json_["timestamp"] = seconds(at_ - 50'000 - random_.below(2'500'000));
    json_["platform"] = service_.platform;
    json_["level"] = "error";
    auto filled = Json::parse(fill_slots(story_.event, random_));
    auto tags = Json::object();
    if (const auto given = filled.find("tags"); given != filled.end()) tags.swap(*given);
    json_.update(filled);
    json_["release"] = service_.releases[release_at(story_, service_, day_, random_)].name;
    json_["environment"] = environment();
    add_user();
    add_place(tags);
    tags["service"] = service_.name;
    json_["tags"] = std::move(tags);
    add_breadcrumbs();
    add_request();
    made_.client = service_.sdk_name + "/" + service_.sdk_version;
    json_["sdk"] = {{"name", service_.sdk_name}, {"version", service_.sdk_version}};
    made_.json = json_.dump(-1, ' ', false, Json::error_handler_t::replace);
    return std::move(made_);
  }

 private:
  std::string environment() {
    if (!story_.environment.empty()) return story_.environment;
    return service_.kind == Kind::server && random_.chance(0.07) ? "staging" : "production";
  }

  void add_user() {
    // A few buy much.
    const auto number = static_cast<std::uint32_t>(std::pow(random_.unit(), 1.7) * kUsers);
    made_.client_ip = fmt::format("203.0.113.{}", 1 + number % 250);
    if (story_.path.empty() && service_.kind == Kind::server) return;  // a job: nobody waits for it
    const auto first = kFirst[number % kFirst.size()], last = kLast[number / kFirst.size() % kLast.size()];
    json_["user"] = {{"id", std::to_string(1000 + number)},
                     {"username", fmt::format("{} {}", first, last)},
                     {"email", fmt::format("user{}@example.com", 1000 + number)},
                     {"ip_address", made_.client_ip}};
  }

  void add_place(Json& tags) {
    auto& contexts = json_["contexts"];
    contexts["trace"] = {{"trace_id", fmt::format("{:016x}{:016x}", random_.next(), random_.next())},
                         {"span_id", fmt::format("{:016x}", random_.next())}};
    if (service_.kind == Kind::server) {
      const auto& host = random_.pick(service_.hosts);
      json_["server_name"] = host;
      contexts["runtime"] = {{"name", service_.runtime}, {"version", service_.runtime_version}};
      contexts["os"] = {{"name", "Debian GNU/Linux"}, {"version", "12"}, {"kernel_version", "6.1.0-28-amd64"}};
      tags["runtime"] = service_.runtime + " " + service_.runtime_version;
      if (story_.user_agent.empty()) made_.user_agent = made_.client;
    } else if (service_.kind == Kind::phone) {
      const auto& phone = random_.pick(kPhones);
      contexts["device"] = {{"model", phone.model},
                            {"manufacturer", phone.maker},
                            {"free_memory", 80'000'000 + random_.below(900'000'000)},
                            {"battery_level", 4 + random_.below(96)}};
      contexts["os"] = {{"name", "Android"}, {"version", phone.os_version}};
      tags["device"] = phone.model;
      tags["os"] = fmt::format("Android {}", phone.os_version);
    } else {
      const auto& browser = random_.pick(kBrowsers);
      contexts["browser"] = {{"name", browser.name}, {"version", browser.version}};
      contexts["os"] = {{"name", browser.os}, {"version", browser.os_version}};
      tags["browser"] = fmt::format("{} {}", browser.name, browser.version);
      tags["os"] =
          browser.os_version.empty() ? std::string(browser.os) : fmt::format("{} {}", browser.os, browser.os_version);
      made_.user_agent = browser.agent;
    }
    if (!story_.user_agent.empty()) made_.user_agent = story_.user_agent;
  }

  void add_breadcrumbs() {
    const auto all = Json::parse(fill_slots(service_.breadcrumbs, random_));
    const auto count = 3 + random_.below(static_cast<std::uint32_t>(all.size() - 2));
    auto crumbs = Json::array();
    auto when = at_ - 3'000'000;
    for (auto i = all.size(); i > 0 && crumbs.size() < count; --i) {
      auto crumb = all[i - 1];
      when -= 200'000 + static_cast<UnixMicros>(random_.below(9'000'000));
      crumb["timestamp"] = seconds(when);
      crumbs.push_back(std::move(crumb));
    }
    std::reverse(crumbs.begin(), crumbs.end());
    json_["breadcrumbs"] = {{"values", std::move(crumbs)}};
  }

  void add_request() {
    if (story_.path.empty()) return;
    const auto host = service_.kind == Kind::browser   ? "https://shop.example.com"
                      : service_.name == "back-office" ? "https://office.example.com"
                                                       : "https://api.shop.example.com";
    auto& request = json_["request"];
    request["url"] = host + fill_slots(story_.path, random_);
    request["method"] = story_.method;
    request["headers"] = {{"User-Agent", made_.user_agent}, {"Accept-Language", random_.chance(0.6) ? "de" : "en-GB"}};
    if (service_.kind != Kind::browser) {
      request["headers"]["Authorization"] =
          fmt::format("Bearer {:016x}", random_.next());  // scrubbed when it is stored
    }
  }

  const Story& story_;
  const Service& service_;
  Random random_;
  const UnixMicros at_;
  const double day_;
  Json json_ = Json::object();
  MadeEvent made_;
};

}  // namespace

MadeEvent EventMaker::make(std::size_t story, std::uint64_t n, UnixMicros at, UnixMicros end) const {
  const auto& told = material_.stories[story];
  const double day = kDays - static_cast<double>(end - at) / static_cast<double>(end - time_of(kDays - 1, end));
  const Random random(mix64(seed_ + 1) ^ mix64(n * 1024 + story + 1));
  return Making(told, material_.services[told.service], random, at, day).make();
}

}  // namespace mesher::demo
