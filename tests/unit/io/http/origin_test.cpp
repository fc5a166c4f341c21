#include "io/http/origin.hpp"

#include <gtest/gtest.h>

namespace mesher::http {
namespace {

Request from(std::string address, std::vector<std::pair<std::string, std::string>> headers) {
  Request request;
  request.remote_address = std::move(address);
  request.headers = std::move(headers);
  return request;
}

TEST(ORG_06_origin, a_cookie_is_found_by_its_whole_name) {
  const auto request =
      from("192.0.2.1", {{"cookie", "a=1; xmesher_session=no;mesher_session=yes ; mesher_session=second"}});
  EXPECT_EQ(cookie(request, "mesher_session"), "yes");
  EXPECT_EQ(cookie(request, "a"), "1");
  EXPECT_EQ(cookie(request, "session"), "");
  EXPECT_EQ(cookie(from("192.0.2.1", {}), "a"), "");
  EXPECT_EQ(cookie(from("192.0.2.1", {{"cookie", ";;=;a;a=;"}}), "a"), "");
}

TEST(ORG_06_origin, over_tls_only_the_host_cookie_counts) {
  auto request = from("192.0.2.1", {{"cookie", "mesher_session=plain"}});
  EXPECT_EQ(session_cookie(request), "plain");
  request.tls = true;
  EXPECT_EQ(session_cookie(request), "");
  request.headers = {{"cookie", "mesher_session=planted; __Host-mesher_session=ours"}};
  EXPECT_EQ(session_cookie(request), "ours");
}

TEST(ORG_06_origin, only_a_proxy_on_this_machine_is_believed) {
  const std::vector<std::pair<std::string, std::string>> headers{{"x-forwarded-for", "198.51.100.1, 203.0.113.9"},
                                                                 {"x-forwarded-proto", "https"}};
  EXPECT_EQ(client_address(from("127.0.0.1", headers)), "203.0.113.9");
  EXPECT_EQ(client_address(from("::1", headers)), "203.0.113.9");
  EXPECT_EQ(client_address(from("192.0.2.1", headers)), "192.0.2.1");
  EXPECT_TRUE(is_secure(from("127.0.0.1", headers)));
  EXPECT_FALSE(is_secure(from("192.0.2.1", headers)));
  EXPECT_EQ(client_address(from("127.0.0.1", {{"x-forwarded-for", std::string(100, '1')}})), "127.0.0.1");
}

TEST(ORG_06_origin, a_page_is_ours_if_its_origin_is_our_host_or_configured) {
  const std::vector<std::string> also{"https://dash.example.com"};
  const auto page = [&](std::string origin, std::string site = "") {
    std::vector<std::pair<std::string, std::string>> headers{{"host", "errors.example.com:8080"}};
    if (!origin.empty()) headers.emplace_back("origin", std::move(origin));
    if (!site.empty()) headers.emplace_back("sec-fetch-site", std::move(site));
    return from_own_page(from("192.0.2.1", std::move(headers)), also);
  };
  EXPECT_TRUE(page(""));
  EXPECT_TRUE(page("", "same-origin"));
  EXPECT_FALSE(page("", "cross-site"));
  EXPECT_TRUE(page("https://errors.example.com:8080"));
  EXPECT_TRUE(page("HTTP://Errors.example.com:8080"));
  EXPECT_TRUE(page("https://dash.example.com"));
  EXPECT_FALSE(page("https://errors.example.com"));
  EXPECT_FALSE(page("https://errors.example.com:8080.evil.example.com"));
  EXPECT_FALSE(page("https://evil.example.com/https://errors.example.com:8080"));
  EXPECT_FALSE(page("null"));
  EXPECT_FALSE(page("http://dash.example.com"));
}

}  // namespace
}  // namespace mesher::http
