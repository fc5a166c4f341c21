#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "io/http/connection_quota.hpp"
#include "io/http/message.hpp"
#include "io/http/server.hpp"
#include "io/http/server_metrics.hpp"

/// Internal to the server's sources (it includes Asio).
namespace mesher::http {

using SteadyTime = std::chrono::steady_clock::time_point;

/// Something that other threads may wake on a worker's thread.
class Wakeable {
 public:
  virtual ~Wakeable() = default;
  virtual void woken() = 0;
};

/// How other threads reach a worker: what they push is woken on the worker's thread. Many pushes cost one wake-up of
/// the thread. Outlives its worker: after close() pushes are dropped.
class Mailbox {
 public:
  explicit Mailbox(boost::asio::io_context& io) : io_(&io) {}
  void push(std::shared_ptr<Wakeable> who);
  void close();
  void set_thread(std::thread::id id) { thread_ = id; }
  [[nodiscard]] bool is_this_thread() const { return thread_ == std::this_thread::get_id(); }

 private:
  void deliver();

  std::mutex mutex_;
  boost::asio::io_context* io_;  ///< null when closed
  std::vector<std::shared_ptr<Wakeable>> waiting_, delivering_;
  std::thread::id thread_;  ///< set before the thread runs anything else
};

class Worker;

/// A connection or WebSocket, owned by its worker's list until leave(). All its methods run on the worker's thread.
class Peer : public std::enable_shared_from_this<Peer> {
 public:
  explicit Peer(Worker& worker) : worker_(worker) {}
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  virtual ~Peer() = default;
  virtual void tick(SteadyTime now) = 0;  ///< called a few times a second: look at deadlines
  virtual void drain() = 0;               ///< finish what has begun, then leave
  virtual void abort() = 0;               ///< close now and leave

 protected:
  /// Out of the worker's list; the object lives on as long as operations hold it.
  void leave();

  Worker& worker_;

 private:
  friend class Worker;
  std::list<std::shared_ptr<Peer>>::iterator place_;
  bool listed_ = false;
};

/// What all workers of a server share.
struct Shared {
  Shared(ServerOptions o, const Router& r, Metrics& m)
      : options(std::move(o)),
        router(r),
        metrics(m),
        body_budget(options.body_budget ? options.body_budget
                                        : std::make_shared<ByteBudget>(options.body_budget_bytes)),
        quota(std::make_shared<ConnectionQuota>(options.max_connections, options.max_connections_per_address)) {}

  const ServerOptions options;
  const Router& router;
  ServerMetrics metrics;
  std::shared_ptr<ByteBudget> body_budget;
  std::shared_ptr<ConnectionQuota> quota;
  std::unique_ptr<boost::asio::ssl::context> tls;
};

/// One thread with its io_context and its connections. One timer serves all their deadlines.
class Worker {
 public:
  Worker(std::shared_ptr<Shared> shared, std::uint32_t index);
  ~Worker();

  void start();
  void stop();   ///< aborts all peers, joins. Any thread but its own.
  void drain();  ///< any thread: every peer's drain() is called, and new peers drain at once

  // The rest: on the worker's thread.
  void join(std::shared_ptr<Peer> peer);
  void leave(Peer& peer);
  [[nodiscard]] bool draining() const { return draining_; }
  /// "Sun, 06 Nov 1994 08:49:37 GMT", renewed once a second.
  [[nodiscard]] const std::string& http_date();

  [[nodiscard]] Shared& shared() { return *shared_; }
  [[nodiscard]] const ServerOptions& options() const { return shared_->options; }
  [[nodiscard]] ServerMetrics& metrics() { return shared_->metrics; }
  [[nodiscard]] boost::asio::io_context& io() { return io_; }
  [[nodiscard]] const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }
  [[nodiscard]] std::uint32_t index() const { return index_; }

 private:
  void arm_tick();
  void on_tick();

  std::shared_ptr<Shared> shared_;
  const std::uint32_t index_;
  boost::asio::io_context io_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                    boost::asio::io_context::executor_type>
      timer_;
  std::shared_ptr<Mailbox> mailbox_;
  std::list<std::shared_ptr<Peer>> peers_;
  std::chrono::milliseconds tick_interval_;
  bool ticking_ = false, draining_ = false;
  std::string date_;
  std::int64_t date_second_ = 0;
  std::thread thread_;
};

}  // namespace mesher::http
