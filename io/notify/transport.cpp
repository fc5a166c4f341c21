#include "io/notify/transport.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "graph/base/assert.hpp"

namespace mesher::notify {
namespace {

constexpr std::size_t kKeptAnswer = 2048;       // bytes, for the delivery log
constexpr std::size_t kMostAnswer = 64 * 1024;  // bytes that are read at all, headers included
constexpr long kConnectTimeoutMs = 5'000;
constexpr std::size_t kMostPerRun = 64;

using List = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

void add(List& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) return;
  static_cast<void>(list.release());
  list.reset(longer);
}

}  // namespace

struct Transport::Transfer {
  ~Transfer() {
    if (easy) curl_easy_cleanup(easy);
  }

  CURL* easy = nullptr;
  List headers{nullptr, curl_slist_free_all};
  List recipients{nullptr, curl_slist_free_all};
  std::string body, answer;
  std::size_t sent = 0, received = 0;
  bool mail = false, allow_private = true, refused_address = false, too_long = false;
  Done done;

  /// Counts what comes; answering less than it got ends the transfer.
  std::size_t take(const char* data, std::size_t size, bool keep) {
    received += size;
    if (keep && answer.size() < kKeptAnswer) answer.append(data, std::min(size, kKeptAnswer - answer.size()));
    if (received <= kMostAnswer) return size;
    too_long = true;
    return 0;
  }

  static std::size_t on_answer(char* data, std::size_t size, std::size_t count, void* self) {
    return static_cast<Transfer*>(self)->take(data, size * count, true);
  }
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) {
    return static_cast<Transfer*>(self)->take(data, size * count, false);
  }
  static std::size_t on_read(char* to, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const auto part = std::min(size * count, transfer.body.size() - transfer.sent);
    std::copy_n(transfer.body.data() + transfer.sent, part, to);
    transfer.sent += part;
    return part;
  }

  /// Called with the address that is really going to be connected to, whatever the name says now.
  static curl_socket_t on_open(void* self, curlsocktype, curl_sockaddr* address) {
    auto& transfer = *static_cast<Transfer*>(self);
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* source = nullptr;
    if (address->family == AF_INET) {
      source = &reinterpret_cast<const sockaddr_in*>(&address->addr)->sin_addr;
    } else if (address->family == AF_INET6) {
      source = &reinterpret_cast<const sockaddr_in6*>(&address->addr)->sin6_addr;
    }
    const bool known = source && inet_ntop(address->family, source, text.data(), text.size()) != nullptr;
    if (!transfer.allow_private && (!known || is_private_address(text.data()))) {
      transfer.refused_address = true;
      return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }

  [[nodiscard]] Outcome outcome(CURLcode code) const {
    Outcome result;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &result.status);
    curl_off_t micros = 0;
    curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &micros);
    result.took = std::chrono::milliseconds(micros / 1000);
    result.answer = answer;
    if (code == CURLE_WRITE_ERROR && too_long && result.status != 0) code = CURLE_OK;  // what it says, we know
    if (refused_address) {
      result.error = "the address is a private one; the instance's owner can allow it (--allow-private-notifications)";
    } else if (code != CURLE_OK) {
      result.error = curl_easy_strerror(code);
      result.worth_retry = true;
      if (mail && (code == CURLE_LOGIN_DENIED || result.status >= 550)) result.worth_retry = false;
    } else if (!mail && result.status >= 300 && result.status < 400) {
      result.error = fmt::format("answered {}: redirects are not followed", result.status);
    } else if (!mail && (result.status < 200 || result.status >= 400)) {
      result.error = fmt::format("answered {}", result.status);
      result.worth_retry = result.status == 408 || result.status == 425 || result.status == 429 || result.status >= 500;
      curl_off_t after = 0;
      curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &after);
      result.retry_after = std::chrono::seconds(std::clamp<curl_off_t>(after, 0, 3600));
    }
    return result;
  }
};

Transport::Transport(TransportOptions options) : options_(std::move(options)) {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  MESHER_ASSERT(global == CURLE_OK);
  multi_ = curl_multi_init();
  MESHER_ASSERT(multi_ != nullptr);
}

Transport::~Transport() {
  for (auto& transfer : transfers_) curl_multi_remove_handle(multi_, transfer->easy);
  transfers_.clear();
  curl_multi_cleanup(multi_);
}

std::size_t Transport::under_way() const {
  return transfers_.size();
}

void Transport::begin(std::unique_ptr<Transfer> transfer) {
  CURL* easy = transfer->easy;
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);  // an address is checked when its socket is opened
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, Transfer::on_answer);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer.get());
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, Transfer::on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer.get());
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, Transfer::on_open);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer.get());
  if (!options_.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
  curl_multi_add_handle(multi_, easy);
  transfers_.push_back(std::move(transfer));
}

void Transport::post(const std::string& url, std::vector<std::string> headers, std::string body, Done done) {
  auto transfer = std::make_unique<Transfer>();
  transfer->easy = curl_easy_init();
  MESHER_ASSERT(transfer->easy != nullptr);
  transfer->body = std::move(body);
  transfer->allow_private = options_.allow_private;
  transfer->done = std::move(done);
  for (const auto& header : headers) add(transfer->headers, header);
  add(transfer->headers, "Expect:");
  CURL* easy = transfer->easy;
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->body.data());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(transfer->body.size()));
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers.get());
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "Mesher");
  begin(std::move(transfer));
}

void Transport::mail(const std::vector<std::string>& to, std::string message, Done done) {
  const auto& smtp = options_.smtp;
  if (smtp.url.empty()) {
    Outcome none;
    none.error = "no mail server is configured (--smtp-url)";
    return done(std::move(none));
  }
  auto transfer = std::make_unique<Transfer>();
  transfer->easy = curl_easy_init();
  MESHER_ASSERT(transfer->easy != nullptr);
  transfer->body = std::move(message);
  transfer->mail = true;
  transfer->done = std::move(done);
  for (const auto& one : to) add(transfer->recipients, "<" + one + ">");
  CURL* easy = transfer->easy;
  curl_easy_setopt(easy, CURLOPT_URL, smtp.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  const long tls = smtp.tls == "off" ? CURLUSESSL_NONE : smtp.tls == "try" ? CURLUSESSL_TRY : CURLUSESSL_ALL;
  curl_easy_setopt(easy, CURLOPT_USE_SSL, tls);
  if (!smtp.user.empty()) {
    curl_easy_setopt(easy, CURLOPT_USERNAME, smtp.user.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, smtp.password.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_MAIL_FROM, ("<" + smtp.from + ">").c_str());
  curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, transfer->recipients.get());
  curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, Transfer::on_read);
  curl_easy_setopt(easy, CURLOPT_READDATA, transfer.get());
  begin(std::move(transfer));
}

void Transport::finish(void* easy, int code) {
  const auto at =
      std::find_if(transfers_.begin(), transfers_.end(), [&](const auto& transfer) { return transfer->easy == easy; });
  if (at == transfers_.end()) return;
  auto transfer = std::move(*at);
  transfers_.erase(at);
  auto outcome = transfer->outcome(static_cast<CURLcode>(code));
  curl_multi_remove_handle(multi_, easy);
  transfer->done(std::move(outcome));
}

void Transport::run(std::chrono::milliseconds wait) {
  int running = 0;
  curl_multi_perform(multi_, &running);
  int left = 0;
  bool finished = false;
  for (std::size_t i = 0; i < kMostPerRun; ++i) {
    const CURLMsg* message = curl_multi_info_read(multi_, &left);
    if (message == nullptr) break;
    if (message->msg != CURLMSG_DONE) continue;
    finished = true;
    finish(message->easy_handle, message->data.result);
  }
  if (!finished) curl_multi_poll(multi_, nullptr, 0, static_cast<int>(wait.count()), nullptr);
}

void Transport::wake_up() {
  curl_multi_wakeup(multi_);
}

}  // namespace mesher::notify
