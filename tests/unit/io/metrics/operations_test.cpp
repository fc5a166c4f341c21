#include "io/metrics/operations.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace mesher::metrics {
namespace {

http::Response get(const http::Router& router, const std::string& path) {
  http::Request request;
  request.method = "GET";
  request.path = path;
  http::Response answer;
  router.handle(std::move(request), [&](http::Response response) { answer = std::move(response); });
  return answer;
}

TEST(OPS_health, answers_while_the_process_lives) {
  Metrics metrics;
  http::Router router;
  add_routes(router, metrics, {});
  EXPECT_EQ(get(router, "/healthz").status, 200);
  EXPECT_EQ(get(router, "/readyz").status, 200);
}

TEST(OPS_health, is_not_ready_when_one_part_is_not_and_says_why) {
  Metrics metrics;
  http::Router router;
  Probe database{"database", true, ""};
  add_routes(router, metrics, {[&] { return database; }, [] { return Probe{"journal", true, "90 % full"}; }});
  EXPECT_EQ(get(router, "/readyz").status, 200);

  database = {"database", false, "connection refused"};
  const auto response = get(router, "/readyz");
  EXPECT_EQ(response.status, 503);
  const auto body = nlohmann::json::parse(response.body);
  EXPECT_EQ(body["status"], "not_ready");
  EXPECT_EQ(body["reasons"], nlohmann::json::array({"database: connection refused"}));
  EXPECT_EQ(body["checks"]["database"]["ok"], false);
  EXPECT_EQ(body["checks"]["journal"]["reason"], "90 % full");

  database = {"database", true, ""};
  EXPECT_EQ(get(router, "/readyz").status, 200);
}

TEST(OPS_metrics, are_exposed_with_those_of_the_process) {
  Metrics metrics;
  http::Router router;
  add_process_metrics(metrics, "1.2.3");
  add_routes(router, metrics, {});
  const auto response = get(router, "/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(response.body.find("mesher_build_info{version=\"1.2.3\"} 1"), std::string::npos);
  const auto value = [&](const std::string& name) {
    const auto at = response.body.find("\n" + name + " ");
    return at == std::string::npos ? -1.0 : std::stod(response.body.substr(at + name.size() + 2));
  };
  EXPECT_GT(value("mesher_process_resident_bytes"), 1'000'000);
  EXPECT_GT(value("mesher_process_cpu_seconds"), 0);
  EXPECT_GE(value("mesher_process_open_files"), 3);
  EXPECT_GE(value("mesher_process_max_files"), value("mesher_process_open_files"));
  EXPECT_GE(value("mesher_process_threads"), 1);
}

}  // namespace
}  // namespace mesher::metrics
