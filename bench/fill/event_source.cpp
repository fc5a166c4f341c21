#include "bench/fill/event_source.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <array>
#include <cmath>
#include <cstring>

namespace mesher::bench {
namespace {

constexpr std::array<std::string_view, 12> kParts{"checkout", "payment", "cart",   "search", "session", "upload",
                                                  "invoice",  "mailer",  "report", "login",  "catalog", "shipping"};
constexpr std::array<std::string_view, 8> kTypes{"ValueError",   "TimeoutError",    "KeyError",      "ConnectionError",
                                                 "RuntimeError", "PermissionError", "DatabaseError", "ParseError"};
constexpr std::array<std::string_view, 4> kEnvironments{"production", "production", "production", "staging"};
constexpr std::size_t kTagsOfEvent = 7;
constexpr std::size_t kMostTexts = kTagsOfEvent + 4;  // of one event
constexpr double kRare = 1e-5;                        // one event in 100,000 says "quagga"

std::string title_of(std::size_t project, std::size_t issue) {
  return fmt::format("{}: {} of request failed in step {}", kTypes[issue % kTypes.size()],
                     kParts[(issue + project) % kParts.size()], issue);
}

nodes::Fingerprint hash_of(std::size_t project, std::size_t issue) {
  nodes::Fingerprint hash{};
  const std::array<std::uint64_t, 2> numbers{project, issue};
  const auto sum = XXH3_128bits(numbers.data(), sizeof numbers);
  std::memcpy(hash.data(), &sum, hash.size());
  return hash;
}

}  // namespace

EventSource::EventSource(const FillOptions& options, std::vector<std::uint32_t> projects)
    : options_(options),
      projects_(std::move(projects)),
      issues_of_project_(std::max<std::size_t>(1, options.issues / projects_.size())),
      random_(options.seed) {
  for (std::uint32_t i = 0; i < options.tag_keys; ++i) tag_keys_.push_back(fmt::format("tag.{:03}", i));
  for (int i = 0; i < 16; ++i) {
    std::string filler;
    while (filler.size() < 600) filler += fmt::format("line {} of the stack, ", random_() % 50);
    payloads_.push_back(
        fmt::format(R"({{"platform":"python","message":"filled {}","extra":{{"stack":"{}"}}}})", i, filler));
  }
}

std::vector<nodes::ports::IssueStore::Wanted> EventSource::issues(UnixMicros first_seen) const {
  std::vector<nodes::ports::IssueStore::Wanted> all;
  for (std::size_t p = 0; p < projects_.size(); ++p) {
    for (std::size_t i = 0; i < issues_of_project_; ++i) {
      auto& issue = all.emplace_back();
      issue.project_id = projects_[p];
      issue.hashes = {hash_of(p, i)};
      issue.title = title_of(p, i);
      issue.culprit = fmt::format("shop.{} in handle_{}", kParts[i % kParts.size()], i % 97);
      issue.type = "error";
      issue.platform = "python";
      issue.first_seen = first_seen;
      issue.grouping_version = 1;
      issue.text.error_type = kTypes[i % kTypes.size()];
      issue.text.message = issue.title.substr(issue.title.find(' ') + 1);
      for (std::size_t n = 0; n < 12; ++n) {
        const auto part = kParts[(i + n) % kParts.size()];
        issue.text.functions.push_back(fmt::format("handle_{}_{}", part, (i * 7 + n) % 997));
        issue.text.modules.push_back(fmt::format("shop.{}.views{}", part, n));
        issue.text.files.push_back(fmt::format("shop/{}/views{}.py", part, n));
      }
    }
  }
  return all;
}

std::size_t EventSource::skewed(std::size_t n, double power) {
  return std::min(n - 1, static_cast<std::size_t>(std::pow(uniform(), power) * static_cast<double>(n)));
}

std::string_view EventSource::keep(std::string text) {
  texts_[used_] = std::move(text);
  return texts_[used_++];
}

void EventSource::make(std::size_t count, UnixMicros from, UnixMicros to, std::vector<nodes::Event>& events) {
  texts_.resize(count * kMostTexts);
  tags_.resize(count);
  used_ = 0;
  events.assign(count, {});
  for (std::size_t n = 0; n < count; ++n) {
    auto& event = events[n];
    const std::size_t project = skewed(projects_.size(), 2), issue = skewed(issues_of_project_, 3);
    const std::array<std::uint64_t, 2> id{random_(), random_()};
    std::memcpy(event.id.bytes.data(), id.data(), event.id.bytes.size());
    event.project_id = projects_[project];
    event.key_id = 1;
    event.issue_id = issue_ids_[project * issues_of_project_ + issue];
    event.received = from + static_cast<UnixMicros>(static_cast<double>(to - from) * static_cast<double>(n) /
                                                    static_cast<double>(count));
    event.timestamp = event.received - static_cast<UnixMicros>(uniform() * 5e6);
    event.level = issue % 10 == 0 ? nodes::Level::warning : nodes::Level::error;
    event.type = "error";
    event.platform = "python";
    event.environment = kEnvironments[random_() % kEnvironments.size()];
    event.release = keep(fmt::format("shop@{}.{}", 1 + issue % 3, random_() % 10));
    event.message = keep(fmt::format("{} of request {} failed after {} ms{}", kParts[(issue + project) % kParts.size()],
                                     random_() % 1'000'000, random_() % 5000, uniform() < kRare ? " near quagga" : ""));
    event.user.id = keep(fmt::format("user{}", skewed(100'000, 2)));
    event.payload = payloads_[random_() % payloads_.size()];
    auto& tags = tags_[n];
    tags.clear();
    for (std::size_t t = 0; t < kTagsOfEvent; ++t) {
      // Each issue uses keys of its own, and the first key is everybody's.
      const std::size_t key = t == 0 ? 0 : (issue * 31 + t * 17) % tag_keys_.size();
      tags.push_back({tag_keys_[key], keep(fmt::format("v{}", skewed(20, 2)))});
    }
    event.tags = tags;
  }
}

}  // namespace mesher::bench
