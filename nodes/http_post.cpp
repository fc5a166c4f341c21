#include "nodes/http_post.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <random>

#include "graph/base/log.hpp"
#include "nodes/sink.hpp"

namespace mesher::nodes {
namespace {

std::size_t discard(char*, std::size_t size, std::size_t count, void*) {
  return size * count;
}

/// Called by curl every now and then: ends the transfer when the node is to stop.
int stop_requested(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<std::stop_token*>(stop)->stop_requested() ? 1 : 0;
}

bool worth_retry(CURLcode code, long status) {
  return code != CURLE_OK || status == 408 || status == 425 || status == 429 || status >= 500;
}

class HttpPostNode final : public Sink {
 public:
  explicit HttpPostNode(const graph::Options& options)
      : url_(options.string("url")),
        array_(options.string("format") == "array"),
        headers_(options.strings("headers")),
        timeout_ms_(static_cast<long>(options.micros("timeout") / 1000)),
        max_wait_(std::chrono::milliseconds(options.micros("max_wait") / 1000)) {}
  ~HttpPostNode() override { join(); }

  Status start() override {
    static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
    curl_.reset(global == CURLE_OK ? curl_easy_init() : nullptr);
    if (!curl_) return Error{ErrorCode::internal, "http_post: libcurl can't be set up", {}};
    return Sink::start();
  }

 protected:
  bool write(const std::vector<const EventBatch*>& batches, std::stop_token stop) override {
    std::size_t events = 0;
    body_.assign(array_ ? "[" : "");
    for (const auto* batch : batches) {
      for (const auto& event : batch->events) {
        if (events++ > 0 && array_) body_ += ',';
        append_line(event, body_);
        if (!array_) body_ += '\n';
      }
    }
    if (array_) body_ += ']';
    if (events == 0) return true;
    return post(events, std::move(stop));
  }

 private:
  bool post(std::size_t events, std::stop_token stop) {
    auto wait = std::chrono::milliseconds(250);
    for (;;) {
      long status = 0;
      const CURLcode code = attempt(stop, status);
      if (stop.stop_requested() && code != CURLE_OK) return false;
      if (code == CURLE_OK && status >= 200 && status < 300) return true;
      if (!worth_retry(code, status)) {
        log::error("http_post", "{} events were refused with status {}, given up", events, status);
        return true;
      }
      log::warn("http_post", "posting {} events failed ({}), will try again", events,
                code == CURLE_OK ? fmt::format("status {}", status) : std::string(curl_easy_strerror(code)));
      // Full jitter: receivers that come back are not met by all senders at once.
      const auto jittered = std::uniform_int_distribution<std::int64_t>(wait.count() / 2, wait.count())(random_);
      if (!pause(std::chrono::milliseconds(jittered), stop)) return false;
      wait = std::min(wait * 2, max_wait_);
    }
  }

  CURLcode attempt(std::stop_token& stop, long& status) {
    CURL* curl = curl_.get();
    curl_easy_reset(curl);
    std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> list(nullptr, curl_slist_free_all);
    const auto add = [&](const std::string& header) {
      curl_slist* longer = curl_slist_append(list.get(), header.c_str());
      if (longer == nullptr) return;
      static_cast<void>(list.release());
      list.reset(longer);
    };
    add(array_ ? "Content-Type: application/json" : "Content-Type: application/x-ndjson");
    add("Expect:");
    for (const auto& header : headers_) add(header);
    curl_easy_setopt(curl, CURLOPT_URL, url_.c_str());
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body_.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_.size()));
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list.get());
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms_);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, discard);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, stop_requested);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &stop);
    const CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return code;
  }

  struct Cleanup {
    void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  };

  std::string url_;
  bool array_;
  std::vector<std::string> headers_;
  long timeout_ms_;
  std::chrono::milliseconds max_wait_;
  std::unique_ptr<CURL, Cleanup> curl_;
  std::string body_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace

graph::NodeSpec http_post_spec() {
  graph::NodeSpec spec;
  spec.type = "http_post";
  spec.help =
      "Posts batches of events to a URL. What may succeed later is tried again with back-off and holds the batch; what "
      "the "
      "receiver refuses for good is logged and given up.";
  spec.consumes = EventBatch::kKind;
  spec.produces = "none";
  spec.options = {
      {"url", graph::OptionType::string, "", "Where to post: http:// or https://.", true},
      {"format",
       graph::OptionType::string,
       "ndjson",
       "A line of JSON an event, or one JSON array.",
       false,
       {},
       {},
       {"ndjson", "array"}},
      {"headers", graph::OptionType::string_list, "[]", "Further headers, each \"Name: value\"."},
      {"timeout", graph::OptionType::duration, "30 s", "For one attempt.", false, 0.001},
      {"max_wait", graph::OptionType::duration, "1 min", "Longest pause between two attempts.", false, 0.001},
  };
  spec.check = [](const graph::Options& options) {
    std::vector<graph::OptionMistake> mistakes;
    const auto url = options.string("url");
    if (url.rfind("http://", 0) != 0 && url.rfind("https://", 0) != 0) {
      mistakes.push_back({"url", "the URL begins with neither http:// nor https://", {}});
    }
    for (const auto& header : options.strings("headers")) {
      if (header.find(':') == std::string::npos || header.find_first_of("\r\n") != std::string::npos) {
        mistakes.push_back({"headers", "a header is written \"Name: value\"", {}});
      }
    }
    return mistakes;
  };
  spec.make = [](const graph::Options& options) -> Result<graph::MadeNode> {
    return graph::MadeNode{nullptr, std::make_unique<HttpPostNode>(options)};
  };
  return spec;
}

}  // namespace mesher::nodes
