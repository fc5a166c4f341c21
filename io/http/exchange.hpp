#pragma once

#include <atomic>
#include <memory>

#include "io/http/byte_budget.hpp"
#include "io/http/message.hpp"
#include "io/http/worker.hpp"

/// Internal to the server's sources (it includes Asio).
namespace mesher::http {

class Connection;

/// One request under way, between the connection and the handler that holds its Respond.
class Exchange final : public Wakeable {
 public:
  Exchange(std::weak_ptr<Connection> connection, std::shared_ptr<Mailbox> mailbox, ByteBudget::Reservation body_bytes)
      : connection_(std::move(connection)), mailbox_(std::move(mailbox)), body_bytes_(std::move(body_bytes)) {}

  /// Any thread; the first call counts.
  static void answer(const std::shared_ptr<Exchange>& self, Response response);
  static void accept(const std::shared_ptr<Exchange>& self, std::unique_ptr<SocketHandler> handler, Response refusal);
  [[nodiscard]] bool answered() const { return answered_.load(std::memory_order_relaxed); }
  void woken() override;

 private:
  static void deliver(const std::shared_ptr<Exchange>& self);

  std::weak_ptr<Connection> connection_;
  std::shared_ptr<Mailbox> mailbox_;
  ByteBudget::Reservation body_bytes_;
  std::atomic<bool> answered_{false};
  Response response_;
  std::unique_ptr<SocketHandler> socket_handler_;
};

/// Answers for a handler that lets go of its Respond without calling it; after an answer it does nothing.
class AnswerGuard {
 public:
  explicit AnswerGuard(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  AnswerGuard(const AnswerGuard&) = delete;
  AnswerGuard& operator=(const AnswerGuard&) = delete;
  ~AnswerGuard() {
    if (!exchange_->answered()) {
      Exchange::answer(exchange_, error_response(500, "internal", "the request was not answered"));
    }
  }
  [[nodiscard]] const std::shared_ptr<Exchange>& exchange() const { return exchange_; }

 private:
  std::shared_ptr<Exchange> exchange_;
};

}  // namespace mesher::http
