#include "io/http/message.hpp"

#include <gtest/gtest.h>

#include "io/http/response_head.hpp"
#include "io/http/text.hpp"

namespace mesher::http {
namespace {

TEST(HttpText, percent_encoding) {
  EXPECT_EQ(percent_decoded("a%20b+c%2Fd", true), "a b c/d");
  EXPECT_EQ(percent_decoded("a+b", false), "a+b");
  EXPECT_EQ(percent_decoded("%", true), "%");
  EXPECT_EQ(percent_decoded("%4", true), "%4");
  EXPECT_EQ(percent_decoded("%zz%41", true), "%zzA");
}

TEST(HttpText, json_strings_are_always_valid) {
  const auto json = [](std::string_view text) {
    std::string out;
    append_json_string(text, out);
    return out;
  };
  EXPECT_EQ(json("plain \"quoted\" back\\slash"), R"("plain \"quoted\" back\\slash")");
  EXPECT_EQ(json("line\nbreak\ttab"), R"("line\nbreak\u0009tab")");
  EXPECT_EQ(json("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"), "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"");
  EXPECT_EQ(json("\xff|\xc3|\xed\xa0\x80"), "\"\xEF\xBF\xBD|\xEF\xBF\xBD|\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(HttpText, base64) {
  EXPECT_EQ(base64_decoded("aGVsbG8="), "hello");
  EXPECT_EQ(base64_decoded("aGVsbG8"), "hello");
  EXPECT_EQ(base64_decoded("aGVs\r\nbG8="), "hello");
  EXPECT_EQ(base64_decoded("_-8="), "\xff\xef");
  EXPECT_EQ(base64_decoded(""), "");
  EXPECT_EQ(base64_decoded("a"), std::nullopt);
  EXPECT_EQ(base64_decoded("aG=V"), std::nullopt);
  EXPECT_EQ(base64_decoded("{}"), std::nullopt);
}

TEST(HttpText, targets) {
  const auto split = [](std::string_view target) {
    std::string path, query;
    split_target(target, path, query);
    return path + "|" + query;
  };
  EXPECT_EQ(split("/a//b/?x=%20&y#z"), "/a/b/|x=%20&y");
  EXPECT_EQ(split("http://host/a?b"), "/a|b");
  EXPECT_EQ(split("http://host"), "/|");
  EXPECT_EQ(split("/a%2Fb%20c"), "/a/b c|");
  EXPECT_EQ(split("*"), "/*|");
  EXPECT_EQ(split(""), "/|");
  EXPECT_EQ(split("/p?u=http://x"), "/p|u=http://x");
}

TEST(HttpRequest, headers_and_query_parameters) {
  Request request;
  request.headers = {{"a", "1"}, {"a", "2"}};
  request.query = "x=1&empty=&flag&name=a%26b+c&x=2";
  EXPECT_EQ(request.header("a"), "1");
  EXPECT_EQ(request.header("b"), "");
  EXPECT_EQ(request.query_parameter("x"), "1");
  EXPECT_EQ(request.query_parameter("empty"), "");
  EXPECT_EQ(request.query_parameter("flag"), "");
  EXPECT_EQ(request.query_parameter("name"), "a&b c");
  EXPECT_EQ(request.query_parameter("absent"), std::nullopt);
}

TEST(HttpResponse, a_header_cannot_split_the_answer) {
  std::string out;
  Response response{200, "text/plain", "body", {{"X-Evil", std::string("a\r\nSet-Cookie: b\0c", 18)}}};
  append_head(response, {.date = "now", .close = true}, out);
  EXPECT_EQ(out,
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\nDate: now\r\n"
            "X-Evil: a  Set-Cookie: b c\r\nConnection: close\r\n\r\n");
}

TEST(HttpRouter, literals_win_over_parameters_and_prefixes_come_last) {
  Router router;
  std::string hit;
  const auto route = [&](std::string_view pattern) {
    router.add("GET", pattern, [&hit, name = std::string(pattern)](const Request& request, const Respond& respond) {
      hit = name;
      for (const auto& [key, value] : request.path_parameters) hit += " " + key + "=" + value;
      respond({});
    });
  };
  for (const auto* pattern :
       {"/", "/api/v1/issues/{id}", "/api/v1/issues/mine", "/api/v1/{kind}/{id}/events", "**/api/{project}/envelope"}) {
    route(pattern);
  }
  const auto get = [&](std::string path) {
    hit = "none";
    Request request;
    request.method = "GET";
    request.path = std::move(path);
    router.handle(std::move(request), [](const Response&) {});
    return hit;
  };
  EXPECT_EQ(get("/"), "/");
  EXPECT_EQ(get("/api/v1/issues/7"), "/api/v1/issues/{id} id=7");
  EXPECT_EQ(get("/api/v1/issues/mine/"), "/api/v1/issues/mine");
  EXPECT_EQ(get("/api/v1/issues/mine/events"), "/api/v1/{kind}/{id}/events id=mine kind=issues");
  EXPECT_EQ(get("/api/7/envelope"), "**/api/{project}/envelope project=7");
  EXPECT_EQ(get("/x/api/api/7/envelope"), "**/api/{project}/envelope project=7");
  EXPECT_EQ(get("/api/7/envelope/more"), "none");
  EXPECT_EQ(router.routes().size(), 5U);
  EXPECT_EQ(router.routes().front(), "GET **/api/{project}/envelope");
}

}  // namespace
}  // namespace mesher::http
