// GET /api/v1/events/stream: a WebSocket that takes events and acknowledges each frame, in order.
#include <fmt/format.h>

#include <deque>
#include <mutex>
#include <utility>

#include "io/http/ingest_door.hpp"
#include "io/http/text.hpp"
#include "nodes/coerce.hpp"

namespace mesher::http {
namespace {

// Frames taken and not yet acknowledged; beyond, the client is not read from.
constexpr std::size_t kMaxPending = 64;
constexpr std::size_t kMaxErrorsPerFrame = 100;

using Text = std::shared_ptr<const std::string>;

std::string error_frame(const Refusal& refusal, std::optional<std::size_t> index) {
  std::string out = R"({"type":"error")";
  if (index) out += fmt::format(R"(,"index":{})", *index);
  out += fmt::format(R"(,"code":"{}","message":)", refusal.code);
  append_json_string(refusal.message, out);
  if (!refusal.field.empty()) {
    out += R"(,"field":)";
    append_json_string(refusal.field, out);
  }
  if (refusal.retry_after > 0) out += fmt::format(R"(,"retry_after":{})", refusal.retry_after);
  return out + "}";
}

std::string ack_frame(const std::vector<nodes::EventId>& ids) {
  std::string out = R"({"type":"ack","ids":[)";
  for (std::size_t i = 0; i < ids.size(); ++i) out += (i > 0 ? ",\"" : "\"") + ids[i].hex() + '"';
  return out + "]}";
}

/// The answers of one socket: a slot per frame, sent from the front as far as they are complete, so that the order is
/// the frames' own. Any thread.
class Answers : public std::enable_shared_from_this<Answers> {
 public:
  struct Slot {
    std::vector<Text> texts;
    bool complete = false;
  };

  void open(std::shared_ptr<Socket> socket) {
    const std::lock_guard lock(mutex_);
    socket_ = std::move(socket);
  }
  void close() {
    const std::lock_guard lock(mutex_);
    socket_.reset();
    slots_.clear();
  }
  std::shared_ptr<Slot> begin() {
    const std::lock_guard lock(mutex_);
    slots_.push_back(std::make_shared<Slot>());
    if (socket_ && slots_.size() >= kMaxPending) socket_->pause_reading(true);
    return slots_.back();
  }
  void complete(const std::shared_ptr<Slot>& slot, std::vector<std::string> texts) {
    const std::lock_guard lock(mutex_);
    for (auto& text : texts) slot->texts.push_back(std::make_shared<const std::string>(std::move(text)));
    slot->complete = true;
    send();
  }
  void writable() {
    const std::lock_guard lock(mutex_);
    send();
  }

 private:
  void send() {
    if (!socket_) return;
    const bool many = slots_.size() >= kMaxPending;
    while (!slots_.empty() && slots_.front()->complete) {
      auto& texts = slots_.front()->texts;
      while (!texts.empty() && socket_->send(texts.front())) texts.erase(texts.begin());
      if (!texts.empty()) return;  // the socket's queue is full: writable() goes on
      slots_.pop_front();
    }
    if (many && slots_.size() < kMaxPending) socket_->pause_reading(false);
  }

  std::mutex mutex_;
  std::shared_ptr<Socket> socket_;
  std::deque<std::shared_ptr<Slot>> slots_;
};

class EventStream final : public SocketHandler {
 public:
  EventStream(std::shared_ptr<Door> door, Sender sender, Request request)
      : door_(std::move(door)),
        sender_(std::move(sender)),
        request_(std::move(request)),
        answers_(std::make_shared<Answers>()) {}

  void opened(std::shared_ptr<Socket> socket) override { answers_->open(std::move(socket)); }
  void closed() override { answers_->close(); }
  void writable() override { answers_->writable(); }
  void received(std::string text) override;

 private:
  /// The key may have been revoked, or its limits changed, since the socket was opened.
  std::optional<Refusal> renew_sender();
  std::vector<std::string> error_frames(const Bulk& bulk, bool array);

  std::shared_ptr<Door> door_;
  Sender sender_;
  Request request_;
  std::shared_ptr<Answers> answers_;
};

std::optional<Refusal> EventStream::renew_sender() {
  const Credentials credentials{sender_.key->public_key, std::nullopt, sender_.client};
  auto renewed = authenticate(door_->projects, credentials, std::nullopt, request_);
  if (const auto* wrong = std::get_if<AuthRefusal>(&renewed)) {
    door_->book(*wrong);
    return refusal_of(*wrong);
  }
  sender_ = std::get<Sender>(std::move(renewed));
  return std::nullopt;
}

std::vector<std::string> EventStream::error_frames(const Bulk& bulk, bool array) {
  std::vector<std::string> frames;
  for (const auto& bad : bulk.rejections) {
    if (frames.size() == kMaxErrorsPerFrame) break;
    const auto retry = bulk.limited && bad.code == bulk.limited->code ? bulk.limited->retry_after : 0;
    frames.push_back(
        error_frame({400, bad.code, bad.message, bad.field, retry, {}}, array ? bad.index : std::size_t{0}));
  }
  if (bulk.rejected > frames.size()) {
    frames.push_back(error_frame({400,
                                  "too_many_errors",
                                  fmt::format("{} further events were refused", bulk.rejected - frames.size()),
                                  {},
                                  0,
                                  {}},
                                 std::nullopt));
  }
  return frames;
}

void EventStream::received(std::string text) {
  auto slot = answers_->begin();
  if (const auto refusal = renew_sender()) {
    return answers_->complete(slot, {error_frame(*refusal, std::nullopt)});
  }
  const auto body = nodes::trim(text);
  const bool array = body.starts_with('[');
  RecordWriter writer(sender_, request_, door_->clock.now());
  // A frame with one event is a line of NDJSON once its line feeds, which JSON has between tokens only, are spaces.
  if (!array) {
    for (auto& c : text) c = c == '\n' || c == '\r' ? ' ' : c;
  }
  const auto bulk = take_bulk(*door_, sender_, array ? body : std::string_view(text), !array, writer);
  auto frames = error_frames(bulk, array);
  if (bulk.nothing_read && frames.empty()) {
    frames.push_back(error_frame({400, "invalid_json", "the frame is empty", {}, 0, {}}, 0));
  }
  if (bulk.ids.empty()) {
    if (frames.empty()) frames.push_back(ack_frame({}));
    return answers_->complete(slot, std::move(frames));
  }
  const auto events = writer.events();
  door_->append(std::move(writer.block), sender_, events,
                [answers = answers_, slot, frames = std::move(frames),
                 ids = bulk.ids](const std::optional<Refusal>& refusal) mutable {
                  frames.push_back(refusal ? error_frame(*refusal, std::nullopt) : ack_frame(ids));
                  answers->complete(slot, std::move(frames));
                });
}

}  // namespace

void add_socket_routes(std::shared_ptr<Door> door, Router& router) {
  router.add_upgrade("**/api/v1/events/stream", [door](Request request, AcceptSocket accept) {
    const auto refuse = [&](const AuthRefusal& refusal) {
      door->book(refusal);
      accept(nullptr, native_answer(refusal_of(refusal)));
    };
    auto credentials = native_credentials(request);
    if (const auto* wrong = std::get_if<AuthRefusal>(&credentials)) return refuse(*wrong);
    auto sender = authenticate(door->projects, std::get<Credentials>(credentials), std::nullopt, request);
    if (const auto* wrong = std::get_if<AuthRefusal>(&sender)) return refuse(*wrong);
    accept(std::make_unique<EventStream>(door, std::get<Sender>(std::move(sender)), std::move(request)), {});
  });
}

}  // namespace mesher::http
