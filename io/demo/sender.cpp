#include "io/demo/sender.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <utility>

namespace mesher::demo {
namespace {

constexpr long kPatienceMillis = 10'000;

std::size_t discard(char*, std::size_t size, std::size_t count, void*) {
  return size * count;
}

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

}  // namespace

struct Sender::Curl {
  Curl() {
    static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
    handle = global == CURLE_OK ? curl_easy_init() : nullptr;
  }
  ~Curl() { curl_easy_cleanup(handle); }
  Curl(const Curl&) = delete;
  Curl& operator=(const Curl&) = delete;
  CURL* handle = nullptr;
};

Sender::Sender(std::string url, const std::string& public_key)
    : url_(std::move(url)), auth_("X-Mesher-Auth: " + public_key), curl_(std::make_unique<Curl>()) {}

Sender::~Sender() = default;

Status Sender::send(const MadeEvent& event) {
  const auto code = request("/api/v1/events", &event);
  if (!code) return code.error();
  if (*code == 202) return {};
  return Error{ErrorCode::denied, fmt::format("{} answers {} to an event", url_, *code), {}};
}

Status Sender::ready() {
  const auto code = request("/readyz", nullptr);
  if (!code) return code.error();
  if (*code == 200) return {};
  return Error{ErrorCode::unavailable, fmt::format("{} is not ready: /readyz answers {}", url_, *code), {}};
}

Result<long> Sender::request(const std::string& path, const MadeEvent* event) {
  CURL* curl = curl_->handle;
  if (curl == nullptr) return Error{ErrorCode::internal, "libcurl can't be set up", {}};
  curl_easy_reset(curl);
  const auto address = url_ + path;
  std::unique_ptr<curl_slist, FreeList> headers;
  const auto add = [&headers](const std::string& header) {
    headers.reset(curl_slist_append(headers.release(), header.c_str()));
  };
  curl_easy_setopt(curl, CURLOPT_URL, address.c_str());
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, kPatienceMillis);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, discard);
  if (event != nullptr) {
    add(auth_);
    add("Content-Type: application/json");
    if (!event->user_agent.empty()) add("User-Agent: " + event->user_agent);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, event->json.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(event->json.size()));
  }
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) {
    return Error{ErrorCode::unavailable, fmt::format("{}: {}", url_, curl_easy_strerror(code)), {}};
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

}  // namespace mesher::demo
