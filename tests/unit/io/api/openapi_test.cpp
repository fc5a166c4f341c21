#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "io/api/docs_page.hpp"
#include "io/api/error_codes.hpp"
#include "io/api/routes.hpp"
#include "io/http/ingest.hpp"
#include "io/metrics/operations.hpp"
#include "io/ws/live_hub.hpp"
#include "io/ws/tap_hub.hpp"

namespace mesher::api {
namespace {

std::string file(const std::string& name) {
  std::ifstream in(std::filesystem::path(MESHER_SOURCE_DIR) / name);
  EXPECT_TRUE(in.good()) << name;
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  std::stringstream in(text);
  for (std::string line; std::getline(in, line);) all.push_back(line);
  return all;
}

struct Operation {
  std::string route;  ///< "GET /api/v1/issues/{id}"
  std::string tags;   ///< "[issues]"
  bool has_success = false;
};

/// The operations of schema/openapi.yaml. Relies on its indentation: paths by two blanks, methods by four.
std::vector<Operation> documented() {
  std::vector<Operation> all;
  std::string path;
  bool in_paths = false;
  for (const auto& line : lines(file("schema/openapi.yaml"))) {
    if (!line.empty() && line[0] != ' ') in_paths = line == "paths:";
    if (!in_paths || line.size() < 4) continue;
    if (line.rfind("  /", 0) == 0) path = line.substr(2, line.rfind(':') - 2);
    if (line.rfind("    ", 0) == 0 && line[4] != ' ' && line.back() == ':') {
      std::string method = line.substr(4, line.size() - 5);
      std::transform(method.begin(), method.end(), method.begin(),
                     [](char c) { return static_cast<char>(c - 'a' + 'A'); });
      all.push_back({method + " " + path, "", false});
    }
    if (line.rfind("      tags: ", 0) == 0) all.back().tags = line.substr(12);
    if (line.size() > 11 && line.rfind("        \"", 0) == 0 &&
        (line.substr(9, 2) == "20" || line.substr(9, 3) == "101"))
      all.back().has_success = true;
  }
  return all;
}

/// Takes nothing: only the routes of the door are wanted.
class ClosedJournal final : public nodes::ports::Journal {
 public:
  [[nodiscard]] std::uint32_t partitions() const override { return 1; }
  [[nodiscard]] std::string id() const override { return "closed"; }
  void append(nodes::ports::AppendBlock /*block*/, Appended done) override {
    done(Error{ErrorCode::exhausted, "closed", ""});
  }
  std::optional<nodes::ports::ReadChunk> read(std::uint32_t /*partition*/, std::uint64_t /*from*/,
                                              std::size_t /*records*/, std::size_t /*bytes*/,
                                              std::stop_token /*stop*/) override {
    return std::nullopt;
  }
  void release(std::uint32_t /*partition*/, std::uint64_t /*sequence*/) override {}
  [[nodiscard]] nodes::ports::JournalStatus status() const override { return {}; }
};

/// "POST /api/v1/events" for "POST **/api/v1/events": that ingestion also works behind a prefix is told in words.
std::string without_prefix(std::string route) {
  if (const auto at = route.find("**"); at != std::string::npos) route.erase(at, 2);
  return route;
}

/// All that a server answers, except for the browsers' preflights.
std::set<std::string> served() {
  http::Router router;
  Metrics metrics;
  SystemClock clock;
  ClosedJournal journal;
  nodes::ports::ProjectDirectory projects;
  http::Ingest ingest({}, projects, journal, clock, metrics, std::make_shared<http::ByteBudget>(1 << 20));
  ingest.add_routes(router);
  metrics::add_routes(router, metrics, {});
  ws::LiveHub hub({}, nullptr, nullptr, metrics);
  hub.add_routes(router);
  graph::Taps taps;
  ws::TapHub tap_hub({}, nullptr, taps, nullptr, projects, metrics);
  tap_hub.add_routes(router);
  add_docs_routes(router);
  std::set<std::string> all;
  for (const auto& route : routes()) all.insert(std::string(route.method) + " " + std::string(route.pattern));
  for (const auto& route : router.routes()) {
    if (route.rfind("OPTIONS ", 0) != 0) all.insert(without_prefix(route));
  }
  return all;
}

TEST(API_openapi, describes_every_route_and_no_other) {
  std::set<std::string> described;
  for (const auto& operation : documented()) {
    EXPECT_TRUE(described.insert(operation.route).second) << operation.route << " is there twice";
  }
  EXPECT_EQ(described, served());
}

TEST(API_docs, are_a_page_of_files_that_are_built_in_and_asks_nobody_else) {
  http::Router router;
  add_docs_routes(router);
  const auto get = [&](const std::string& path) {
    http::Request request;
    request.method = "GET";
    request.path = path;
    http::Response answer;
    router.handle(std::move(request), [&](http::Response response) { answer = std::move(response); });
    return answer;
  };
  const auto page = get("/api/docs");
  ASSERT_EQ(page.status, 200);
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  std::string policy;
  for (const auto& [name, value] : page.headers) {
    if (name == "Content-Security-Policy") policy = value;
  }
  EXPECT_EQ(policy.rfind("default-src 'none';", 0), 0U);
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_EQ(get("/api/openapi.yaml").body, file("schema/openapi.yaml"));
  for (const auto& its : docs_files()) {
    if (its.name == "openapi.yaml") continue;
    EXPECT_EQ(its.content, file("io/api/docs/" + std::string(its.name)));
    EXPECT_EQ(its.content.find("://"), std::string::npos) << its.name;
    EXPECT_EQ(get("/api/docs/" + std::string(its.name)).status, 200);
  }
  for (std::size_t at = page.body.find("/api/docs/"); at != std::string::npos;
       at = page.body.find("/api/docs/", at + 1)) {
    EXPECT_EQ(get(page.body.substr(at, page.body.find('"', at) - at)).status, 200);
  }
  EXPECT_EQ(get("/api/docs/passwd").status, 404);
}

TEST(API_openapi, every_operation_says_what_success_is) {
  for (const auto& operation : documented()) {
    EXPECT_FALSE(operation.tags.empty()) << operation.route;
    EXPECT_TRUE(operation.has_success) << operation.route;
  }
}

/// Content below a request's body or an answer of success, which has its media type by twelve blanks, is shown by
/// example.
TEST(API_openapi, every_body_and_every_successful_answer_in_json_has_an_example) {
  std::string operation, media;
  bool wanted = false, shown = true;
  int found = 0;
  std::size_t deep = 12;
  const auto close = [&] {
    EXPECT_TRUE(shown) << operation << ": " << media << " has no example";
    shown = true;
  };
  for (const auto& line : lines(file("schema/openapi.yaml"))) {
    const auto indent = line.find_first_not_of(' ');
    if (indent == std::string::npos) continue;
    if (indent <= deep) close();
    if (indent == 6 && line.rfind("operationId: ", 6) == 6) operation = line.substr(19);
    if (indent <= 8)
      wanted = line.rfind("      requestBody:", 0) == 0 || line.rfind("        \"2", 0) == 0 ||
               (wanted && indent == 8 && line.rfind("        content:", 0) == 0);
    // A request's media types are two blanks less deep than an answer's.
    const bool type = line.find("application/") == indent && line.back() == ':' && (indent == 10 || indent == 12);
    if (type && wanted) {
      media = line.substr(indent);
      deep = indent;
      shown = false;
      ++found;
    }
    if (line.find("example") == indent) shown = true;
  }
  close();
  EXPECT_GT(found, 80);
}

TEST(API_openapi, every_reference_leads_somewhere) {
  const auto text = file("schema/openapi.yaml");
  const std::string mark = "#/components/";
  int found = 0;
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1), ++found) {
    const auto slash = text.find('/', at + mark.size());
    const auto section = text.substr(at + mark.size(), slash - at - mark.size());
    const auto name = text.substr(slash + 1, text.find('"', slash) - slash - 1);
    const auto sections = text.find("\n  " + section + ":\n");
    ASSERT_NE(sections, std::string::npos) << section;
    EXPECT_NE(text.find("\n    " + name + ":", sections), std::string::npos) << section << "/" << name;
  }
  EXPECT_GT(found, 50);
}

TEST(API_openapi, lists_the_error_codes) {
  std::string expected = "enum: [";
  for (const auto& info : all_codes()) expected += (expected.back() == '[' ? "" : ", ") + std::string(info.name);
  EXPECT_NE(file("schema/openapi.yaml").find(expected + "]"), std::string::npos) << expected;
}

TEST(API_errors, are_all_in_the_documentation) {
  const auto text = file("docs/errors.md");
  for (const auto& info : all_codes()) {
    const auto row = "| `" + std::string(info.name) + "` | " + std::to_string(info.status) + " | " +
                     std::string(info.meaning) + " |";
    EXPECT_NE(text.find(row), std::string::npos) << row;
  }
}

TEST(API_errors, of_the_database_do_not_tell_its_words) {
  const auto response = fail(Error{ErrorCode::internal, "relation \"secrets\" does not exist", ""});
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body.find("secrets"), std::string::npos);
  const auto away = fail(Error{ErrorCode::unavailable, "could not connect to /tmp/x", ""});
  EXPECT_EQ(away.status, 503);
  EXPECT_EQ(away.body.find("/tmp"), std::string::npos);
  EXPECT_EQ(away.headers.size(), 1U);
}

}  // namespace
}  // namespace mesher::api
