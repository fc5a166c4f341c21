#include "io/http/server.hpp"

#include <algorithm>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <charconv>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "graph/base/assert.hpp"
#include "graph/base/log.hpp"
#include "graph/base/thread.hpp"
#include "io/http/connection.hpp"

namespace mesher::http {
namespace {

using asio::ip::tcp;
using Acceptor = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;

constexpr std::chrono::milliseconds kAcceptPause{50};

Error bad_listen(std::string_view text) {
  return {ErrorCode::invalid, "\"" + std::string(text) + "\" is not an address to listen on",
          "write address:port, for example 127.0.0.1:8080 or [::]:8080"};
}

Result<tcp::endpoint> parse_listen(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad_listen(text);
  auto host = text.substr(0, colon);
  const auto digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (bad != std::errc() || end != digits.data() + digits.size()) return bad_listen(text);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  if (host == "*" || host.empty()) host = "0.0.0.0";
  error_code error;
  const auto address = asio::ip::make_address(std::string(host), error);
  if (error) return bad_listen(text);
  return tcp::endpoint(address, port);
}

std::string text_of(const tcp::endpoint& endpoint) {
  const auto host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port());
}

Result<std::unique_ptr<asio::ssl::context>> make_tls(const ServerOptions& options) {
  if (options.tls_certificate.empty() != options.tls_key.empty()) {
    return Error{ErrorCode::invalid, "TLS needs both a certificate and a key", "give --tls-cert and --tls-key"};
  }
  if (options.tls_certificate.empty()) return std::unique_ptr<asio::ssl::context>();
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                       asio::ssl::context::no_tlsv1_1);
  error_code error;
  context->use_certificate_chain_file(options.tls_certificate, error);
  if (error) {
    return Error{ErrorCode::invalid,
                 "the certificate " + options.tls_certificate + " can't be used: " + error.message(),
                 "it must be a PEM file, the server's certificate first"};
  }
  context->use_private_key_file(options.tls_key, asio::ssl::context::pem, error);
  if (error) {
    return Error{ErrorCode::invalid, "the key " + options.tls_key + " can't be used: " + error.message(),
                 "it must be the PEM file of the certificate's own key"};
  }
  return context;
}

}  // namespace

/// The acceptor runs on a thread of its own, so that accepting goes on while workers are busy, and gives connections to
/// the workers in turn. (With SO_REUSEPORT the kernel's hash spreads a few dozen connections unevenly, a second Mesher
/// on the same port would go unnoticed, and a closed listener loses the connections that wait in its queue.)
struct Server::Impl {
  Impl(ServerOptions o, const Router& r, Metrics& m)
      : shared(std::make_shared<Shared>(std::move(o), r, m)), acceptor(accept_io), pause(accept_io) {}

  std::shared_ptr<Shared> shared;
  asio::io_context accept_io{1};
  Acceptor acceptor;
  asio::steady_timer pause;
  std::thread accept_thread;
  std::vector<std::unique_ptr<Worker>> workers;
  std::size_t next_worker = 0;
  tcp::endpoint bound;
  bool full_logged = false;

  Status listen() {
    const auto endpoint = parse_listen(shared->options.listen);
    if (!endpoint) return endpoint.error();
    error_code error;
    acceptor.open(endpoint->protocol(), error);
    if (!error) acceptor.set_option(Acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(*endpoint, error);
    if (!error) acceptor.listen(1024, error);
    if (error == asio::error::address_in_use) {
      return Error{ErrorCode::conflict, "port " + std::to_string(endpoint->port()) + " is in use",
                   "choose another with --listen"};
    }
    if (error) {
      return Error{ErrorCode::invalid, "can't listen on " + shared->options.listen + ": " + error.message(),
                   "choose another address with --listen"};
    }
    bound = acceptor.local_endpoint(error);
    return {};
  }

  void accept() {
    auto& worker = *workers[next_worker];
    auto socket = std::make_shared<TcpSocket>(worker.io());
    acceptor.async_accept(*socket, [this, socket, &worker](const error_code& error) {
      if (error == asio::error::operation_aborted || !acceptor.is_open()) return;
      if (error) return accept_later(error);
      next_worker = (next_worker + 1) % workers.size();
      take(worker, std::move(*socket));
      accept();
    });
  }

  /// No file descriptors left, mostly: connections wait in the kernel's queue until some are closed.
  void accept_later(const error_code& error) {
    log::warn("http", "can't accept connections now: {}", error.message());
    pause.expires_after(kAcceptPause);
    pause.async_wait([this](const error_code& stopped) {
      if (!stopped && acceptor.is_open()) accept();
    });
  }

  void take(Worker& worker, TcpSocket socket) {
    error_code error;
    const auto peer = socket.remote_endpoint(error);
    if (error) return;
    auto address = peer.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
      address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    }
    auto text = address.to_string();
    auto unit = shared->quota->enter(text, address.is_loopback());
    if (!unit) return refuse(std::move(socket), text);
    full_logged = false;
    shared->metrics.accepted.add();
    socket.set_option(tcp::no_delay(true), error);
    auto connection = std::make_shared<Connection>(worker, std::move(socket), std::move(text), std::move(unit));
    asio::post(worker.io(), [connection = std::move(connection)] { connection->start(); });
  }

  void refuse(TcpSocket socket, const std::string& address) {
    shared->metrics.refused_total.add();
    if (!std::exchange(full_logged, true)) log::warn("http", "too many connections; refusing one from {}", address);
    if (shared->tls) return;
    static constexpr std::string_view kFull =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: 68\r\n"
        "Retry-After: 5\r\nConnection: close\r\nAccess-Control-Allow-Origin: *\r\n\r\n"
        R"({"error":{"code":"overloaded","message":"too many connections now"}})";
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(kFull), ignored);
  }

  void stop_accepting() {
    if (!accept_thread.joinable()) return;
    asio::post(accept_io, [this] {
      error_code ignored;
      acceptor.close(ignored);
      pause.cancel();
    });
    accept_thread.join();  // run() returns when nothing is left to wait for
  }
};

Server::Server(ServerOptions options, const Router& router, Metrics& metrics)
    : impl_(std::make_unique<Impl>(std::move(options), router, metrics)) {}

Server::~Server() {
  stop();
}

Status Server::start() {
  MESHER_ASSERT(impl_->workers.empty());
  auto& shared = *impl_->shared;
  auto tls = make_tls(shared.options);
  if (!tls) return std::move(tls).error();
  shared.tls = std::move(*tls);
  if (auto listening = impl_->listen(); !listening) return listening;

  const auto threads =
      shared.options.threads > 0 ? shared.options.threads : std::max(1U, std::thread::hardware_concurrency());
  for (std::uint32_t i = 0; i < threads; ++i) impl_->workers.push_back(std::make_unique<Worker>(impl_->shared, i));
  for (auto& worker : impl_->workers) worker->start();
  impl_->accept();
  impl_->accept_thread = std::thread([this] {
    name_thread("accept");
    impl_->accept_io.run();
  });
  return {};
}

std::uint16_t Server::port() const {
  return impl_->bound.port();
}

std::string Server::url() const {
  return (impl_->shared->tls ? "https://" : "http://") + text_of(impl_->bound);
}

void Server::stop_accepting() {
  impl_->stop_accepting();
}

bool Server::drain(std::chrono::milliseconds patience) {
  stop_accepting();
  for (auto& worker : impl_->workers) worker->drain();
  const bool empty = impl_->shared->quota->wait_empty_until(std::chrono::steady_clock::now() + patience);
  stop();
  return empty;
}

void Server::stop() {
  stop_accepting();
  for (auto& worker : impl_->workers) worker->stop();
}

const std::shared_ptr<ByteBudget>& Server::body_budget() const {
  return impl_->shared->body_budget;
}

}  // namespace mesher::http
