#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstddef>
#include <cstdint>
#include <string>

#include "io/http/byte_budget.hpp"
#include "io/http/message.hpp"

/// Internal to the server's sources (it includes Beast).
namespace mesher::http {

/// Beast's incremental HTTP/1 parser, writing straight into our Request: each header is copied once, the body's pieces
/// are appended to its string (which keeps room for simdjson's padding). One object parses one request.
class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  RequestParser(std::size_t max_header_bytes, std::size_t max_body_bytes, std::shared_ptr<ByteBudget> budget);

  Request request;
  ByteBudget::Reservation body_bytes;  ///< charged as the body arrives
  bool saw_request_line = false;
  bool http_1_0 = false;
  bool expects_continue = false;
  bool over_budget = false;  ///< put() failed because all bodies in memory are at their bound

 private:
  using Error = boost::beast::error_code;
  using View = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb method, View method_text, View target, int version, Error&) override;
  void on_response_impl(int, View, int, Error&) override {}
  void on_field_impl(boost::beast::http::field name, View name_text, View value, Error&) override;
  void on_header_impl(Error&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>& content_length, Error&) override;
  std::size_t on_body_impl(View body, Error& error) override;
  void on_chunk_header_impl(std::uint64_t, View, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t remaining, View body, Error& error) override;
  void on_finish_impl(Error&) override {}
};

}  // namespace mesher::http
