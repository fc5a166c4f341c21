#include "io/http/connection.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <exception>
#include <utility>

#include "graph/base/log.hpp"
#include "io/http/response_head.hpp"
#include "io/http/text.hpp"
#include "io/http/websocket_session.hpp"

namespace mesher::http {
namespace {

namespace beast_http = boost::beast::http;

// After a refusal the rest of the request is read and thrown away for so long, so that the client sees the answer
// instead of a reset.
constexpr std::chrono::seconds kLingerTime{3};
constexpr std::size_t kLingerBytes = 64 * 1024 * 1024;
// Bodies up to this are copied behind the head and go out in one buffer.
constexpr std::size_t kInlineBody = 16 * 1024;

bool wants_websocket(const Request& request) {
  return request.method == "GET" && has_element(request.header("connection"), "upgrade") &&
         has_element(request.header("upgrade"), "websocket");
}

}  // namespace

Connection::Connection(Worker& worker, TcpSocket socket, std::string remote_address, ConnectionQuota::Unit unit)
    : Peer(worker),
      stream_(std::move(socket), worker.shared().tls.get()),
      remote_address_(std::move(remote_address)),
      unit_(std::move(unit)) {
  worker_.metrics().connections.add(1);
}

Connection::~Connection() {
  worker_.metrics().connections.add(-1);
}

void Connection::enter(State state) {
  state_ = state;
  entered_ = std::chrono::steady_clock::now();
}

void Connection::start() {
  if (worker_.draining()) return;
  worker_.join(shared_from_this());
  if (stream_.tls() == nullptr) {
    enter(State::idle);
    return read();
  }
  enter(State::handshake);
  stream_.tls()->async_handshake(asio::ssl::stream_base::server, [self = self()](const error_code& error) {
    if (self->state_ != State::handshake) return;
    if (error) return self->close();
    self->enter(State::idle);
    self->read();
  });
}

RequestParser& Connection::parser() {
  if (!parser_) {
    const auto& options = worker_.options();
    parser_.emplace(options.max_header_bytes, options.max_body_bytes, worker_.shared().body_budget);
    headers_seen_ = http_1_0_ = false;
  }
  return *parser_;
}

void Connection::read() {
  std::size_t want = ReadBuffer::kIdle;
  if (state_ == State::body) {
    const auto remaining = parser().content_length_remaining();
    if (!remaining || *remaining > ReadBuffer::kIdle) want = ReadBuffer::kBody;
  }
  reading_ = true;
  stream_.async_read_some(in_.prepare(want),
                          [self = self()](const error_code& error, std::size_t n) { self->on_read(error, n); });
}

void Connection::on_read(const error_code& error, std::size_t n) {
  reading_ = false;
  if (state_ == State::closed) return;
  if (error) return close();
  worker_.metrics().bytes_received.add(n);
  if (state_ == State::lingering) {
    lingered_ += n;
    return lingered_ > kLingerBytes ? close() : linger();
  }
  if (state_ == State::handling || state_ == State::writing) return;  // refused for slowness while this read waited
  in_.commit(n);
  parse();
}

/// Runs until more bytes are needed or a request is under way. Handlers may answer at once, which must not recurse.
void Connection::parse() {
  if (std::exchange(in_parse_, true)) return;
  read_more_ = false;
  if (state_ == State::idle) enter(State::header);
  auto& p = parser();
  error_code error;
  while (!p.is_done()) {
    const auto bytes = in_.data();
    const auto used = p.put(asio::const_buffer(bytes.data(), bytes.size()), error);
    in_.consume(used);
    if (p.is_header_done() && !headers_seen_ && (!error || error == beast_http::error::need_more)) {
      if (!headers_complete()) break;
    }
    if (error == beast_http::error::need_more && in_.data().size() > worker_.options().max_header_bytes) {
      error = beast_http::error::bad_chunk_extension;  // only a chunk's own header can be that long here
    }
    if (error == beast_http::error::need_more || (!error && in_.empty() && !p.is_done())) {
      read_more_ = true;
      break;
    }
    if (error) {
      refuse(error);
      break;
    }
  }
  in_parse_ = false;
  if (read_more_) return read();
  if (p.is_done() && (state_ == State::header || state_ == State::body)) dispatch();
}

/// False if the connection does something else first: a refusal, or the "100 Continue".
bool Connection::headers_complete() {
  auto& p = parser();
  headers_seen_ = true;
  keep_alive_ = p.keep_alive();
  http_1_0_ = p.http_1_0;
  if (p.is_done()) return true;
  enter(State::body);
  if (p.expects_continue && p.request.body.empty() && in_.empty()) {
    send_continue();
    return false;
  }
  return true;
}

void Connection::send_continue() {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  continuing_ = true;
  asio::async_write(stream_, asio::buffer(kContinue), [self = self()](const error_code& error, std::size_t) {
    self->continuing_ = false;
    if (self->state_ == State::closed) return;
    if (error) return self->close();
    self->read();
  });
}

void Connection::dispatch() {
  enter(State::handling);
  auto& p = *parser_;
  auto& request = p.request;
  request.remote_address = remote_address_;
  request.tls = stream_.tls() != nullptr;
  head_ = request.method == "HEAD";
  route_ = route_class(request.path);
  const auto& router = worker_.shared().router;
  if (wants_websocket(request)) {
    if (const auto* handler = router.upgrade(request)) return dispatch_upgrade(*handler);
  }
  auto exchange = std::make_shared<Exchange>(std::static_pointer_cast<Connection>(shared_from_this()),
                                             worker_.mailbox(), std::move(p.body_bytes));
  Request moved = std::move(request);
  parser_.reset();
  try {
    router.handle(std::move(moved), [guard = std::make_shared<AnswerGuard>(exchange)](Response response) {
      Exchange::answer(guard->exchange(), std::move(response));
    });
  } catch (const std::exception& e) {
    log::error("http", "exception in a handler: {}", e.what());
    Exchange::answer(exchange, error_response(500, "internal", "an error inside Mesher; it is in the log"));
  }
}

void Connection::dispatch_upgrade(const UpgradeHandler& handler) {
  auto exchange = std::make_shared<Exchange>(std::static_pointer_cast<Connection>(shared_from_this()),
                                             worker_.mailbox(), std::move(parser_->body_bytes));
  upgrade_request_ = std::move(parser_->request);
  parser_.reset();
  try {
    handler(*upgrade_request_, [guard = std::make_shared<AnswerGuard>(exchange)](
                                   std::unique_ptr<SocketHandler> accepted, Response refusal) {
      Exchange::accept(guard->exchange(), std::move(accepted), std::move(refusal));
    });
  } catch (const std::exception& e) {
    log::error("http", "exception in an upgrade handler: {}", e.what());
    Exchange::answer(exchange, error_response(500, "internal", "an error inside Mesher; it is in the log"));
  }
}

void Connection::upgrade(std::unique_ptr<SocketHandler> handler) {
  if (state_ != State::handling || !upgrade_request_) return;
  enter(State::closed);
  worker_.metrics().answered(route_, 101, 0);
  if (!in_.empty()) stream_.unread(in_.data());
  const auto request = std::move(*upgrade_request_);
  start_websocket(worker_, std::move(stream_), request, std::move(handler), std::move(unit_));
  leave();
}

void Connection::refuse(const error_code& error) {
  using E = beast_http::error;
  if (parser_ && parser_->over_budget) {
    return refuse(503, "overloaded", "too many request bodies are in memory; try again in a moment");
  }
  if (error == E::body_limit) {
    return refuse(413, "too_large",
                  "the body is larger than " + std::to_string(worker_.options().max_body_bytes) + " bytes");
  }
  worker_.metrics().protocol_errors.add();
  if (error == E::header_limit || error == E::buffer_overflow) {
    return parser_->saw_request_line
               ? refuse(431, "headers_too_large",
                        "the headers are larger than " + std::to_string(worker_.options().max_header_bytes) + " bytes")
               : refuse(414, "uri_too_long", "the request line is too long");
  }
  refuse(400, "bad_request", "not a valid HTTP request: " + error.message());
}

void Connection::refuse(int status, std::string_view code, std::string_view message) {
  keep_alive_ = false;
  head_ = false;
  enter(State::handling);
  auto response = error_response(status, code, message);
  if (parser_) route_ = route_class(parser_->request.path);
  // A browser shows its page the answer of an ingestion endpoint only with this.
  if (route_ == RouteClass::ingest) response.headers.emplace_back("Access-Control-Allow-Origin", "*");
  if (status == 503) response.headers.emplace_back("Retry-After", "1");
  rest_unread_ = true;
  respond(std::move(response));
}

void Connection::respond(Response response) {
  if (state_ != State::handling) return;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - entered_;
  worker_.metrics().answered(route_, response.status, took.count());
  if (worker_.draining()) keep_alive_ = false;
  response_ = std::move(response);
  head_out_.clear();
  append_head(response_, {.date = worker_.http_date(), .close = !keep_alive_, .keep_alive_1_0 = http_1_0_}, head_out_);
  if (head_ || response_.status == 204 || response_.status == 304) response_.body.clear();
  if (response_.body.size() <= kInlineBody) {
    head_out_ += response_.body;
    response_.body.clear();
  }
  written_ = 0;
  enter(State::writing);
  write();
}

/// Writes piece by piece, so that progress keeps the write timeout away.
void Connection::write() {
  const auto head = std::string_view(head_out_).substr(std::min(written_, head_out_.size()));
  const auto body =
      std::string_view(response_.body).substr(written_ > head_out_.size() ? written_ - head_out_.size() : 0);
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(head), asio::buffer(body)};
  const auto done = [self = self()](const error_code& error, std::size_t n) {
    if (self->state_ != State::writing) return;
    self->written_ += n;
    if (error || self->written_ == self->head_out_.size() + self->response_.body.size()) {
      return self->on_written(error);
    }
    self->entered_ = std::chrono::steady_clock::now();
    self->write();
  };
  // A lone buffer saves the gathering.
  if (body.empty()) return stream_.async_write_some(buffers[0], done);
  if (head.empty()) return stream_.async_write_some(buffers[1], done);
  stream_.async_write_some(buffers, done);
}

void Connection::on_written(const error_code& error) {
  if (error) return close();
  worker_.metrics().bytes_sent.add(written_);
  response_ = {};
  if (head_out_.capacity() > 2 * kInlineBody) head_out_ = {};
  upgrade_request_.reset();
  if (!keep_alive_) {
    if (!rest_unread_ && in_.empty()) return close();
    enter(State::lingering);
    error_code ignored;
    stream_.socket().shutdown(TcpSocket::shutdown_send, ignored);
    return linger();
  }
  parser_.reset();
  enter(State::idle);
  if (in_.empty()) return worker_.draining() ? close() : read();
  parse();
}

void Connection::linger() {
  if (std::exchange(reading_, true)) return;  // the read that is waiting comes back here
  in_.consume(in_.data().size());
  stream_.socket().async_read_some(in_.prepare(ReadBuffer::kBody),
                                   [self = self()](const error_code& e, std::size_t n) { self->on_read(e, n); });
}

void Connection::tick(SteadyTime now) {
  const auto& o = worker_.options();
  const auto age = now - entered_;
  switch (state_) {
    case State::handshake:
      if (age > o.header_timeout) close();
      return;
    case State::idle:
      if (age > o.idle_timeout) close();
      return;
    case State::header:
      if (age <= o.header_timeout) return;
      worker_.metrics().timed_out.add();
      return refuse(408, "timeout", "the request's headers took too long");
    case State::body: {
      const auto earned = std::chrono::seconds(parser().body_bytes.bytes() / std::max<std::size_t>(1, o.body_rate));
      if (age <= o.body_timeout + earned) return;
      worker_.metrics().timed_out.add();
      return continuing_ ? close() : refuse(408, "timeout", "the request's body came too slowly");
    }
    case State::writing:
      if (age <= o.write_timeout) return;
      worker_.metrics().timed_out.add();
      return close();
    case State::lingering:
      if (age > kLingerTime) close();
      return;
    case State::handling:
    case State::closed:
      return;
  }
}

void Connection::drain() {
  keep_alive_ = false;
  if (state_ == State::idle || state_ == State::handshake) close();
}

void Connection::abort() {
  close();
}

void Connection::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  stream_.close();
  leave();
}

}  // namespace mesher::http
