#include "io/http/request_parser.hpp"

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <utility>

#include "io/http/body_memory.hpp"
#include "io/http/text.hpp"
#include "nodes/ports/journal.hpp"

namespace mesher::http {
namespace {

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (auto& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

}  // namespace

RequestParser::RequestParser(std::size_t max_header_bytes, std::size_t max_body_bytes,
                             std::shared_ptr<ByteBudget> budget)
    : body_bytes(std::move(budget)) {
  header_limit(static_cast<std::uint32_t>(max_header_bytes));
  body_limit(max_body_bytes);
  eager(true);
}

void RequestParser::on_request_impl(boost::beast::http::verb, View method_text, View target, int version, Error&) {
  saw_request_line = true;
  http_1_0 = version == 10;
  request.method.assign(method_text.data(), method_text.size());
  split_target({target.data(), target.size()}, request.path, request.query);
  request.headers.reserve(12);
}

void RequestParser::on_field_impl(boost::beast::http::field name, View name_text, View value, Error&) {
  if (name == boost::beast::http::field::expect && equals_ignoring_case({value.data(), value.size()}, "100-continue")) {
    expects_continue = true;
  }
  request.headers.emplace_back(lower_case({name_text.data(), name_text.size()}),
                               std::string(value.data(), value.size()));
}

void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>& content_length, Error&) {
  // Memory that a client only announces costs nothing before its bytes arrive: pages are touched, and charged, then.
  if (content_length) {
    request.body = BodyMemory::take();
    request.body.reserve(static_cast<std::size_t>(*content_length) + nodes::ports::kReadPadding);
  }
}

std::size_t RequestParser::on_body_impl(View body, Error& error) {
  if (!body_bytes.grow(body.size())) {
    over_budget = true;
    error = boost::beast::http::error::body_limit;
    return 0;
  }
  request.body.append(body.data(), body.size());
  return body.size();
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, View body, Error& error) {
  return on_body_impl(body, error);
}

}  // namespace mesher::http
