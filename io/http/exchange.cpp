#include "io/http/exchange.hpp"

#include <utility>

#include "io/http/connection.hpp"

namespace mesher::http {

void Exchange::answer(const std::shared_ptr<Exchange>& self, Response response) {
  if (self->answered_.exchange(true)) return;
  self->response_ = std::move(response);
  deliver(self);
}

void Exchange::accept(const std::shared_ptr<Exchange>& self, std::unique_ptr<SocketHandler> handler, Response refusal) {
  if (self->answered_.exchange(true)) return;
  self->socket_handler_ = std::move(handler);
  self->response_ = std::move(refusal);
  deliver(self);
}

void Exchange::deliver(const std::shared_ptr<Exchange>& self) {
  self->body_bytes_.clear();
  if (self->mailbox_->is_this_thread()) {
    self->woken();
  } else {
    self->mailbox_->push(self);
  }
}

void Exchange::woken() {
  const auto connection = connection_.lock();
  if (!connection) return;
  if (socket_handler_) {
    connection->upgrade(std::move(socket_handler_));
  } else {
    connection->respond(std::move(response_));
  }
}

}  // namespace mesher::http
