#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// Requests to the outside world over libcurl: webhooks and mails, many at a time on the caller's thread.
namespace mesher::notify {

struct SmtpSettings {
  std::string url;  ///< smtp://host:587 or smtps://host:465; empty: there is no mail server
  std::string user, password, from;
  std::string tls = "require";  ///< of smtp://: STARTTLS is a must ("require"), wanted ("try") or not used ("off")
};

struct TransportOptions {
  bool allow_private = false;  ///< webhooks may go to private, loopback and link-local addresses
  SmtpSettings smtp;
  std::string ca_file;  ///< PEM; certificates to trust; empty: the system's
  std::chrono::milliseconds timeout{10'000};
};

struct Outcome {
  long status = 0;     ///< of HTTP or SMTP; 0: no answer
  std::string error;   ///< empty: it was taken
  std::string answer;  ///< its first kilobytes
  std::chrono::milliseconds took{0};
  bool worth_retry = false;
  std::chrono::seconds retry_after{0};  ///< what the receiver asked for; 0: nothing
};

/// True for an address, as text without brackets, that is not of the public internet.
[[nodiscard]] bool is_private_address(const std::string& address);

/// Not thread-safe, except for wake_up(). The answer is read up to 64 KiB; redirects are not followed; the address that
/// is connected to is checked, so that neither names nor their changes lead into private networks; proxies of the
/// environment are not used.
class Transport {
 public:
  explicit Transport(TransportOptions options);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  using Done = std::function<void(Outcome)>;
  void post(const std::string& url, std::vector<std::string> headers, std::string body, Done done);
  void mail(const std::vector<std::string>& to, std::string message, Done done);

  /// Moves transfers on for at most `wait`; calls what is done.
  void run(std::chrono::milliseconds wait);
  /// Ends a run() under way. Any thread.
  void wake_up();
  [[nodiscard]] std::size_t under_way() const;
  [[nodiscard]] const TransportOptions& options() const { return options_; }

 private:
  struct Transfer;
  void begin(std::unique_ptr<Transfer> transfer);
  void finish(void* easy, int code);

  const TransportOptions options_;
  void* multi_ = nullptr;
  std::vector<std::unique_ptr<Transfer>> transfers_;
};

}  // namespace mesher::notify
