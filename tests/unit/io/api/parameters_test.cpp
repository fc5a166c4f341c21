#include "io/api/parameters.hpp"

#include <gtest/gtest.h>

#include "io/api/cursor.hpp"

namespace mesher::api {
namespace {

http::Request with_query(std::string query) {
  http::Request request;
  request.query = std::move(query);
  return request;
}

http::Request with_path(std::string name, std::string value) {
  http::Request request;
  request.path_parameters[std::move(name)] = std::move(value);
  return request;
}

/// The failure names the field and has the code.
void expect_failure(const Parameters& parameters, std::string_view code, std::string_view field) {
  ASSERT_TRUE(parameters.failed());
  const auto response = parameters.failure();
  EXPECT_EQ(response.status, 400);
  EXPECT_NE(response.body.find("\"code\":\"" + std::string(code) + '"'), std::string::npos) << response.body;
  EXPECT_NE(response.body.find("\"field\":\"" + std::string(field) + '"'), std::string::npos) << response.body;
}

TEST(API_parameters, absent_ones_have_their_defaults) {
  const auto request = with_query("");
  Parameters parameters(request);
  EXPECT_EQ(parameters.limit(), 25U);
  EXPECT_EQ(parameters.time("from"), std::nullopt);
  EXPECT_EQ(parameters.choice("sort", {"last_seen", "first_seen"}), "last_seen");
  EXPECT_EQ(parameters.text("query"), "");
  EXPECT_FALSE(parameters.flag("dry_run"));
  EXPECT_EQ(parameters.cursor("list", 1), std::nullopt);
  EXPECT_FALSE(parameters.failed());
}

TEST(API_parameters, good_ones_are_read) {
  const auto request = with_query("limit=100&from=1767323045&sort=first_seen&query=a%20b&dry_run=true&cursor=" +
                                  encode_cursor("list", {"7"}));
  Parameters parameters(request);
  EXPECT_EQ(parameters.limit(), 100U);
  EXPECT_EQ(parameters.time("from"), 1'767'323'045'000'000);
  EXPECT_EQ(parameters.choice("sort", {"last_seen", "first_seen"}), "first_seen");
  EXPECT_EQ(parameters.text("query"), "a b");
  EXPECT_TRUE(parameters.flag("dry_run"));
  EXPECT_EQ(parameters.cursor("list", 1), std::vector<std::string>{"7"});
  EXPECT_FALSE(parameters.failed());
}

TEST(API_parameters, bad_limits_are_refused) {
  for (const char* value : {"0", "101", "-1", "", "ten", "1.5", "1e2", "99999999999999999999", "25;drop", "%00"}) {
    const auto request = with_query(std::string("limit=") + value);
    Parameters parameters(request);
    EXPECT_EQ(parameters.limit(), 25U) << value;
    expect_failure(parameters, "invalid_parameter", "limit");
  }
}

TEST(API_parameters, bad_ids_are_refused) {
  for (const char* value : {"0", "-1", "1x", "x", "", " 1", "2147483648", "1.0", "'", "\x01"}) {
    const auto request = with_path("id", value);
    Parameters parameters(request);
    EXPECT_GE(parameters.path_id("id"), 1U);
    expect_failure(parameters, "invalid_parameter", "id");
  }
  const auto big = with_path("id", "9223372036854775807");
  Parameters parameters(big);
  EXPECT_EQ(parameters.path_big_id("id"), std::numeric_limits<std::int64_t>::max());
  EXPECT_FALSE(parameters.failed());
}

TEST(API_parameters, event_ids_come_with_or_without_dashes) {
  for (const char* value : {"0123456789abcdef0123456789abcdef", "01234567-89AB-CDEF-0123-456789ABCDEF"}) {
    const auto request = with_path("event_id", value);
    Parameters parameters(request);
    EXPECT_EQ(parameters.path_event_id("event_id").hex(), "0123456789abcdef0123456789abcdef");
    EXPECT_FALSE(parameters.failed());
  }
  for (const char* value : {"", "0123", "0123456789abcdef0123456789abcdeg", "0123456789abcdef0123456789abcdef0"}) {
    const auto request = with_path("event_id", value);
    Parameters parameters(request);
    static_cast<void>(parameters.path_event_id("event_id"));
    expect_failure(parameters, "invalid_parameter", "event_id");
  }
}

TEST(API_parameters, text_that_no_database_holds_is_refused) {
  for (const std::string value : {"%00", "a%ff", "%c0%80", "%ed%a0%80", "%f4%90%80%80", "%e2%82"}) {
    const auto request = with_query("query=" + value);
    Parameters parameters(request);
    EXPECT_EQ(parameters.text("query"), "");
    expect_failure(parameters, "invalid_parameter", "query");
  }
  const auto request = with_query("query=" + std::string(1'000'000, 'x'));
  Parameters parameters(request);
  EXPECT_EQ(parameters.text("query"), "");
  expect_failure(parameters, "invalid_parameter", "query");
}

TEST(API_parameters, clean_text_is_utf_8_without_nul) {
  EXPECT_TRUE(is_clean_text("plain, ü, €, 😀"));
  EXPECT_FALSE(is_clean_text(std::string_view("a\0b", 3)));
  EXPECT_FALSE(is_clean_text("\xE2\x82"));
}

TEST(API_parameters, the_first_mistake_is_the_one_that_is_told) {
  const auto request = with_query("limit=0&sort=x");
  Parameters parameters(request);
  static_cast<void>(parameters.choice("sort", {"last_seen"}));
  static_cast<void>(parameters.limit());
  expect_failure(parameters, "invalid_parameter", "sort");
}

TEST(API_parameters, a_cursor_of_another_list_is_refused) {
  const auto request = with_query("cursor=" + encode_cursor("one", {"7"}));
  Parameters parameters(request);
  EXPECT_EQ(parameters.cursor("other", 1), std::nullopt);
  expect_failure(parameters, "invalid_cursor", "cursor");
}

}  // namespace
}  // namespace mesher::api
