#include "io/http/websocket_session.hpp"

#include <algorithm>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <exception>
#include <mutex>
#include <utility>

#include "graph/base/log.hpp"
#include "nodes/ports/journal.hpp"

namespace mesher::http {
namespace {

namespace ws = boost::beast::websocket;
namespace beast_http = boost::beast::http;

constexpr std::size_t kReadPiece = 16 * 1024;
// A buffer that a large message made larger than this is given back.
constexpr std::size_t kKeptBuffer = 16 * 1024;

// Frames that wait are written together, up to about so many bytes: a crowd of watchers costs one system call each, not
// one per frame.
constexpr std::size_t kWritePiece = 32 * 1024;

// How long a client may take to answer our close frame; and one whose rights have ended to read what it must read
// first: with the server's tick that is less than a second.
constexpr std::chrono::milliseconds kCloseGrace{2'000}, kDismissGrace{400};

/// A whole text frame of the server's (RFC 6455, 5.2): not masked.
void append_frame(std::string_view text, std::string& out) {
  out += static_cast<char>(0x81);
  const auto size = text.size();
  const auto append_size = [&](int bytes) {
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(size >> (8 * i) & 0xFFU);
  };
  if (size < 126) {
    out += static_cast<char>(size);
  } else if (size <= 0xFFFF) {
    out += static_cast<char>(126);
    append_size(2);
  } else {
    out += static_cast<char>(127);
    append_size(8);
  }
  out += text;
}

class WebSocketSession;

/// What a handler holds: may be called from any thread and may outlive the session.
class SocketEnd final : public Socket, public Wakeable, public std::enable_shared_from_this<SocketEnd> {
 public:
  SocketEnd(std::weak_ptr<WebSocketSession> session, std::shared_ptr<Mailbox> mailbox, const ServerOptions& options)
      : session_(std::move(session)),
        mailbox_(std::move(mailbox)),
        max_frames_(options.websocket_queue_frames),
        max_bytes_(options.websocket_queue_bytes) {}

  bool send(std::shared_ptr<const std::string> text) override;
  [[nodiscard]] std::size_t queued() const override {
    const std::lock_guard lock(mutex_);
    return queue_.size();
  }
  void close(std::uint16_t code, std::string_view reason) override;
  void pause_reading(bool paused) override;
  void woken() override;

  // The session's side.
  void take(std::string& frames);  ///< as many as make a piece
  struct Wishes {
    bool paused = false;
    std::optional<ws::close_reason> close;  ///< once the queue is empty
    SteadyTime close_asked{};
  };
  [[nodiscard]] Wishes wishes() const {
    const std::lock_guard lock(mutex_);
    return wishes_;
  }
  void gone();  ///< takes nothing more

 private:
  void wake(std::unique_lock<std::mutex>& lock);

  const std::weak_ptr<WebSocketSession> session_;
  const std::shared_ptr<Mailbox> mailbox_;
  const std::size_t max_frames_, max_bytes_;
  mutable std::mutex mutex_;
  std::deque<std::shared_ptr<const std::string>> queue_;
  std::size_t bytes_ = 0;
  bool closed_ = false;        ///< no more frames are taken
  bool wake_pending_ = false;  ///< the session will look anyway
  Wishes wishes_;
};

class WebSocketSession final : public Peer {
 public:
  WebSocketSession(Worker& worker, Stream stream, std::unique_ptr<SocketHandler> handler, ConnectionQuota::Unit unit)
      : Peer(worker), ws_(std::move(stream)), handler_(std::move(handler)), unit_(std::move(unit)) {
    worker_.metrics().connections.add(1);
    worker_.metrics().websockets.add(1);
  }
  ~WebSocketSession() override {
    worker_.metrics().connections.add(-1);
    worker_.metrics().websockets.add(-1);
  }

  void start(const Request& request);
  void look();  ///< something in the SocketEnd changed
  void tick(SteadyTime now) override;
  void drain() override;
  void abort() override;

 private:
  std::shared_ptr<WebSocketSession> self() { return std::static_pointer_cast<WebSocketSession>(shared_from_this()); }
  void read();
  void on_read(const error_code& error, std::size_t n);
  void deliver();
  void write();
  void begin_close(const ws::close_reason& reason);
  void end();
  template <class F>
  void guarded(F&& call);

  ws::stream<Stream, false> ws_;
  std::unique_ptr<SocketHandler> handler_;
  ConnectionQuota::Unit unit_;
  std::shared_ptr<SocketEnd> socket_;
  boost::beast::flat_buffer in_;
  ByteBudget::Reservation in_bytes_;
  std::string out_;  ///< being written
  SteadyTime write_began_{}, close_began_{};
  bool opened_ = false, writing_ = false, reading_ = false, closing_ = false, ended_ = false;
};

bool SocketEnd::send(std::shared_ptr<const std::string> text) {
  std::unique_lock lock(mutex_);
  if (closed_ || queue_.size() >= max_frames_ || (bytes_ >= max_bytes_ && !queue_.empty())) return false;
  bytes_ += text->size();
  queue_.push_back(std::move(text));
  wake(lock);
  return true;
}

void SocketEnd::close(std::uint16_t code, std::string_view reason) {
  std::unique_lock lock(mutex_);
  if (closed_) return;
  closed_ = true;
  if (code == ws::close_code::policy_error) {  // what waits is not for this client any more
    queue_.clear();
    bytes_ = 0;
  }
  wishes_.close_asked = std::chrono::steady_clock::now();
  const auto text = reason.substr(0, 120);  // a close frame has room for 123 bytes
  wishes_.close =
      ws::close_reason(static_cast<ws::close_code>(code), boost::beast::string_view(text.data(), text.size()));
  wake(lock);
}

void SocketEnd::pause_reading(bool paused) {
  std::unique_lock lock(mutex_);
  if (wishes_.paused == paused) return;
  wishes_.paused = paused;
  if (!paused) wake(lock);
}

/// Even on the session's own thread through the mailbox: a handler that sends from within received() must not find its
/// own calls nested.
void SocketEnd::wake(std::unique_lock<std::mutex>& lock) {
  if (std::exchange(wake_pending_, true)) return;
  lock.unlock();
  mailbox_->push(shared_from_this());
}

void SocketEnd::woken() {
  {
    const std::lock_guard lock(mutex_);
    wake_pending_ = false;
  }
  if (const auto session = session_.lock()) session->look();
}

void SocketEnd::take(std::string& frames) {
  const std::lock_guard lock(mutex_);
  while (!queue_.empty() && (frames.empty() || frames.size() + queue_.front()->size() <= kWritePiece)) {
    append_frame(*queue_.front(), frames);
    bytes_ -= queue_.front()->size();
    queue_.pop_front();
  }
}

void SocketEnd::gone() {
  std::deque<std::shared_ptr<const std::string>> dropped;
  const std::lock_guard lock(mutex_);
  closed_ = true;
  bytes_ = 0;
  dropped.swap(queue_);
}

/// A handler's exception ends its own socket only.
template <class F>
void WebSocketSession::guarded(F&& call) {
  try {
    call();
  } catch (const std::exception& e) {
    log::error("http", "exception in a WebSocket handler: {}", e.what());
    socket_->close(1011, "an error inside Mesher; it is in the log");
  }
}

void WebSocketSession::start(const Request& request) {
  worker_.join(shared_from_this());
  const auto& options = worker_.options();
  socket_ = std::make_shared<SocketEnd>(self(), worker_.mailbox(), options);
  in_bytes_ = ByteBudget::Reservation(worker_.shared().body_budget);
  ws_.set_option(ws::stream_base::timeout{options.header_timeout, options.websocket_timeout, true});
  ws_.read_message_max(options.max_body_bytes);
  ws_.next_layer().share_writing();

  beast_http::request<beast_http::empty_body> upgrade;
  upgrade.method(beast_http::verb::get);
  upgrade.target("/");
  upgrade.version(11);
  for (const auto& [name, value] : request.headers) upgrade.insert(name, value);
  ws_.async_accept(upgrade, [self = self()](const error_code& error) {
    if (self->ended_) return;
    if (error) return self->end();
    self->opened_ = true;
    self->guarded([&] { self->handler_->opened(self->socket_); });
    self->read();
    self->look();
    if (self->worker_.draining()) self->drain();
  });
}

void WebSocketSession::read() {
  // Who does not read what we answer gets no further message taken: held back by half a queue.
  if (reading_ || ended_ || closing_ || socket_->wishes().paused) return;
  if (socket_->queued() > worker_.options().websocket_queue_frames / 2) return;
  reading_ = true;
  ws_.async_read_some(in_, kReadPiece,
                      [self = self()](const error_code& error, std::size_t n) { self->on_read(error, n); });
}

void WebSocketSession::on_read(const error_code& error, std::size_t n) {
  reading_ = false;
  if (ended_) return;
  if (error) return end();
  worker_.metrics().bytes_received.add(n);
  if (!in_bytes_.grow(n)) return begin_close({ws::close_code::try_again_later, "too much is in memory"});
  if (ws_.is_message_done()) deliver();
  read();
}

void WebSocketSession::deliver() {
  const auto data = in_.cdata();
  std::string text;
  text.reserve(data.size() + nodes::ports::kReadPadding);
  text.append(static_cast<const char*>(data.data()), data.size());
  in_.consume(in_.size());
  if (in_.capacity() > kKeptBuffer) in_.shrink_to_fit();
  in_bytes_.clear();
  guarded([&] { handler_->received(std::move(text)); });
}

void WebSocketSession::look() {
  if (ended_ || !opened_) return;
  write();
  read();
}

void WebSocketSession::write() {
  if (writing_ || ended_ || closing_) return;
  socket_->take(out_);
  if (out_.empty()) {
    if (const auto wish = socket_->wishes().close) begin_close(*wish);
    return;
  }
  writing_ = true;
  write_began_ = std::chrono::steady_clock::now();
  ws_.next_layer().async_write_whole(out_, [self = self()](const error_code& error, std::size_t n) {
    self->writing_ = false;
    std::string().swap(self->out_);  // most sockets are idle most of the time
    if (self->ended_) return;
    if (error) return self->end();
    self->worker_.metrics().bytes_sent.add(n);
    self->guarded([&] { self->handler_->writable(); });
    self->look();
  });
}

void WebSocketSession::begin_close(const ws::close_reason& reason) {
  if (closing_ || ended_ || writing_) return;
  closing_ = true;
  close_began_ = std::chrono::steady_clock::now();
  ws_.async_close(reason, [self = self()](const error_code&) { self->end(); });
}

void WebSocketSession::tick(SteadyTime now) {
  const auto& options = worker_.options();
  if (writing_ && now - write_began_ > 2 * options.websocket_timeout) {
    worker_.metrics().timed_out.add();
    return end();
  }
  if (closing_ && now - close_began_ > kCloseGrace) return end();
  const auto wishes = socket_->wishes();
  if (!wishes.close || wishes.close->code != ws::close_code::policy_error) return;
  if (now - wishes.close_asked > kDismissGrace) end();
}

void WebSocketSession::drain() {
  socket_->close(1001, "the server is going away");
}

void WebSocketSession::abort() {
  end();
}

void WebSocketSession::end() {
  if (std::exchange(ended_, true)) return;
  const auto keep = shared_from_this();
  socket_->gone();
  ws_.next_layer().close();
  if (opened_) guarded([&] { handler_->closed(); });
  leave();
}

}  // namespace

void start_websocket(Worker& worker, Stream stream, const Request& request, std::unique_ptr<SocketHandler> handler,
                     ConnectionQuota::Unit unit) {
  std::make_shared<WebSocketSession>(worker, std::move(stream), std::move(handler), std::move(unit))->start(request);
}

}  // namespace mesher::http
