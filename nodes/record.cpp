#include "nodes/record.hpp"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "graph/base/assert.hpp"

namespace mesher::nodes {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kReplayed = 1;
constexpr std::size_t kHeader = 48;
constexpr std::size_t kMaxClient = 255;
constexpr std::size_t kMaxUserAgent = 1024;

template <class T>
char* put(char* to, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) *to++ = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i));
  return to;
}

template <class T>
T get(const char*& from) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value |= std::uint64_t{static_cast<std::uint8_t>(*from++)} << (8 * i);
  return static_cast<T>(value);
}

std::string_view take(const char*& from, std::size_t n) {
  const std::string_view view(from, n);
  from += n;
  return view;
}

Error corrupt(std::string message) {
  return Error{ErrorCode::corrupt, "record: " + std::move(message), {}};
}

}  // namespace

void encode(const Record& record, std::string& out) {
  const auto client = record.client.substr(0, kMaxClient);
  const auto client_ip = record.client_ip.substr(0, kMaxClient);
  const auto user_agent = record.user_agent.substr(0, kMaxUserAgent);
  const std::size_t start = out.size();
  out.reserve(start + kHeader + client.size() + client_ip.size() + user_agent.size() + record.body.size());
  std::array<char, kHeader> header{};
  char* at = header.data();
  at = put(at, kVersion);
  at = put(at, static_cast<std::uint8_t>(record.kind));
  at = put(at, static_cast<std::uint8_t>(record.replayed ? kReplayed : 0));
  at = put(at, std::uint8_t{0});
  at = put(at, record.project_id);
  at = put(at, record.key_id);
  at = put(at, record.received);
  at = put(at, record.sent_drift);
  std::memcpy(at, record.event_id.bytes.data(), record.event_id.bytes.size());
  at += record.event_id.bytes.size();
  at = put(at, static_cast<std::uint8_t>(client.size()));
  at = put(at, static_cast<std::uint8_t>(client_ip.size()));
  at = put(at, static_cast<std::uint16_t>(user_agent.size()));
  MESHER_ASSERT(at == header.data() + header.size());
  out.append(header.data(), header.size());
  out += client;
  out += client_ip;
  out += user_agent;
  out += record.body;
}

Result<Record> decode(std::string_view bytes) {
  if (bytes.size() < kHeader) return corrupt("shorter than its header");
  const char* at = bytes.data();
  Record record;
  if (get<std::uint8_t>(at) != kVersion) return corrupt("unknown version");
  const auto kind = get<std::uint8_t>(at);
  if (kind < static_cast<std::uint8_t>(RecordKind::event) || kind > static_cast<std::uint8_t>(RecordKind::feedback)) {
    return corrupt("unknown kind");
  }
  record.kind = static_cast<RecordKind>(kind);
  const auto flags = get<std::uint8_t>(at);
  if ((flags & ~kReplayed) != 0) return corrupt("unknown flags");
  record.replayed = (flags & kReplayed) != 0;
  get<std::uint8_t>(at);
  record.project_id = get<std::uint32_t>(at);
  record.key_id = get<std::uint32_t>(at);
  record.received = get<UnixMicros>(at);
  record.sent_drift = get<std::int64_t>(at);
  std::memcpy(record.event_id.bytes.data(), at, record.event_id.bytes.size());
  at += record.event_id.bytes.size();
  const std::size_t client = get<std::uint8_t>(at);
  const std::size_t client_ip = get<std::uint8_t>(at);
  const std::size_t user_agent = get<std::uint16_t>(at);
  if (kHeader + client + client_ip + user_agent > bytes.size()) return corrupt("lengths beyond its end");
  record.client = take(at, client);
  record.client_ip = take(at, client_ip);
  record.user_agent = take(at, user_agent);
  record.body = bytes.substr(static_cast<std::size_t>(at - bytes.data()));
  return record;
}

std::string outcomes_to_json(const std::vector<OutcomeCount>& counts) {
  auto list = nlohmann::json::array();
  for (const auto& count : counts) {
    list.push_back({{"project_id", count.project_id},
                    {"key_id", count.key_id},
                    {"at", count.at},
                    {"outcome", count.outcome},
                    {"reason", count.reason},
                    {"category", count.category},
                    {"quantity", count.quantity}});
  }
  return list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string feedback_to_json(const Feedback& feedback) {
  const nlohmann::json body{{"event_id", feedback.event_id == EventId{} ? "" : feedback.event_id.hex()},
                            {"name", feedback.name},
                            {"email", feedback.email},
                            {"comments", feedback.comments},
                            {"url", feedback.url}};
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<Feedback> feedback_from(const Record& record) {
  Feedback feedback;
  feedback.project_id = record.project_id;
  feedback.id = record.event_id;
  feedback.received = record.received;
  try {
    const auto body = nlohmann::json::parse(record.body);
    body.at("name").get_to(feedback.name);
    body.at("email").get_to(feedback.email);
    body.at("comments").get_to(feedback.comments);
    body.at("url").get_to(feedback.url);
    feedback.event_id = EventId::parse(body.at("event_id").get<std::string>()).value_or(EventId{});
  } catch (const nlohmann::json::exception& error) {
    return corrupt(std::string("feedback: ") + error.what());
  }
  return feedback;
}

Result<std::vector<OutcomeCount>> outcomes_from_json(std::string_view json) {
  std::vector<OutcomeCount> counts;
  try {
    const auto list = nlohmann::json::parse(json);
    if (!list.is_array()) return corrupt("outcomes are not a list");
    counts.reserve(list.size());
    for (const auto& entry : list) {
      OutcomeCount count;
      entry.at("project_id").get_to(count.project_id);
      entry.at("key_id").get_to(count.key_id);
      entry.at("at").get_to(count.at);
      entry.at("outcome").get_to(count.outcome);
      entry.at("reason").get_to(count.reason);
      entry.at("category").get_to(count.category);
      entry.at("quantity").get_to(count.quantity);
      counts.push_back(std::move(count));
    }
  } catch (const nlohmann::json::exception& error) {
    return corrupt(std::string("outcomes: ") + error.what());
  }
  return counts;
}

std::size_t RecordBatch::bytes() const noexcept {
  std::size_t sum = 0;
  for (const auto entry : entries) sum += entry.size();
  return sum;
}

std::unique_ptr<graph::Content> RecordBatch::copy() const {
  return std::make_unique<RecordBatch>(memory_, entries);
}

std::unique_ptr<graph::Content> RecordBatch::take(std::span<const std::uint32_t> indices) {
  std::vector<std::string_view> taken;
  taken.reserve(indices.size());
  std::size_t kept = 0;
  std::size_t next = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (next < indices.size() && indices[next] == i) {
      taken.push_back(entries[i]);
      ++next;
    } else {
      entries[kept++] = entries[i];
    }
  }
  MESHER_ASSERT(next == indices.size());  // ascending, in range
  entries.resize(kept);
  return std::make_unique<RecordBatch>(memory_, std::move(taken));
}

}  // namespace mesher::nodes
