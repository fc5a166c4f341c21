#pragma once

#include <memory>

#include "io/http/stream.hpp"
#include "io/http/worker.hpp"

/// Internal to the server's sources (it includes Asio).
namespace mesher::http {

/// Takes over a connection whose upgrade was accepted and serves it until it closes. On the worker's thread.
void start_websocket(Worker& worker, Stream stream, const Request& request, std::unique_ptr<SocketHandler> handler,
                     ConnectionQuota::Unit unit);

}  // namespace mesher::http
