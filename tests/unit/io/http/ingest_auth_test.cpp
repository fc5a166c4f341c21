#include "io/http/ingest_auth.hpp"

#include <gtest/gtest.h>

#include "io/http/dsn.hpp"

namespace mesher::http {
namespace {

constexpr const char* kKey = "0123456789abcdef0123456789abcdef";
constexpr const char* kUpper = "0123456789ABCDEF0123456789ABCDEF";
const std::string kDsn = std::string("https://") + kKey + "@mesher.example/42";
// "0123456789abcdef0123456789abcdef:secret"
constexpr const char* kBasic = "Basic MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY6c2VjcmV0";

using Headers = std::vector<std::pair<std::string, std::string>>;

Request request_with(Headers headers, std::string query = {}) {
  Request request;
  request.headers = std::move(headers);
  request.query = std::move(query);
  return request;
}

/// The key, or the refusal's status.
std::string native(Headers headers, std::string query = {}) {
  const auto found = native_credentials(request_with(std::move(headers), std::move(query)));
  if (const auto* bad = std::get_if<AuthRefusal>(&found)) return std::to_string(bad->status);
  return std::get<Credentials>(found).public_key;
}
std::string sentry(Headers headers, std::string query = {}) {
  const auto found = sentry_credentials(request_with(std::move(headers), std::move(query)));
  if (const auto* bad = std::get_if<AuthRefusal>(&found)) return std::to_string(bad->status);
  const auto& credentials = std::get<std::optional<Credentials>>(found);
  return credentials ? credentials->public_key : "none";
}

TEST(INGEST_01_auth, native_takes_a_key_from_every_place) {
  const std::string key = kKey;
  EXPECT_EQ(native({{"x-mesher-auth", key}}), key);
  EXPECT_EQ(native({{"x-mesher-auth", kUpper}}), key);
  EXPECT_EQ(native({{"x-sentry-auth", "Sentry sentry_key=" + key + ", sentry_version=7"}}), key);
  EXPECT_EQ(native({{"authorization", "DSN " + kDsn}}), key);
  EXPECT_EQ(native({{"authorization", "Bearer " + key}}), key);
  EXPECT_EQ(native({{"authorization", "Sentry sentry_key=" + key}}), key);
  EXPECT_EQ(native({{"authorization", kBasic}}), key);
  EXPECT_EQ(native({}, "sentry_key=" + key), key);
  EXPECT_EQ(native({}, "a=b&key=" + key), key);
}

TEST(INGEST_01_auth, native_takes_the_first_of_several) {
  const std::string key = kKey, other(32, 'f');
  EXPECT_EQ(native({{"x-mesher-auth", key}, {"authorization", "Bearer " + other}}, "key=" + other), key);
  EXPECT_EQ(native({{"authorization", "Bearer " + key}}, "sentry_key=" + other), key);
}

TEST(INGEST_01_auth, native_refuses_what_is_no_key) {
  EXPECT_EQ(native({}), "401");
  EXPECT_EQ(native({{"x-mesher-auth", ""}}), "401");
  EXPECT_EQ(native({{"x-mesher-auth", "zzz"}}), "400");
  EXPECT_EQ(native({{"x-mesher-auth", "' or 1=1 --"}}), "400");
  EXPECT_EQ(native({{"authorization", "DSN http://nothing"}}), "400");
  EXPECT_EQ(native({{"authorization", "Bearer a.jwt.token"}}), "400");
}

TEST(INGEST_07_auth, sentry_table) {
  const std::string key = kKey;
  const struct {
    Headers headers;
    std::string query, expected;
  } cases[] = {
      {{{"x-sentry-auth", "Sentry sentry_key=" + key + ", sentry_version=7, sentry_client=raven/1.0"}}, "", key},
      {{{"x-sentry-auth", "sentry sentry_version=7,sentry_client=sentry.go/0.31,sentry_key=" + key}}, "", key},
      {{{"x-sentry-auth", "Sentry  sentry_key = " + key + " , sentry_version = 7.1"}}, "", key},
      {{{"x-sentry-auth", "Sentry sentry_key=" + key + ".no-cache"}}, "", key},
      {{{"x-sentry-auth", "Sentry sentry_key=" + key + "=rest"}}, "", key},
      {{{"x-sentry-auth", "Sentry sentry_key=" + key + ", sentry_secret=x, sentry_timestamp=1.5, other=1"}}, "", key},
      {{{"x-sentry-auth", "Sentry sentry_version=7"}}, "", "401"},
      {{{"x-sentry-auth", "Sentry sentry_key=short"}}, "", "400"},
      {{{"x-sentry-auth", "Sentry sentry_key=" + key + ", sentry_version=8"}}, "", "400"},
      {{{"x-sentry-auth", "Sentry sentry_key=" + key + ", sentry_version=x"}}, "", "401"},
      {{{"x-sentry-auth", "Sentr"}}, "", "none"},
      {{{"x-sentry-auth", "Bearer x"}}, "", "none"},
      {{{"authorization", "Bearer somebody.elses.token"}}, "", "none"},
      {{{"authorization", "Bearer x"}}, "sentry_key=" + key, key},
      {{{"authorization", "Sentry sentry_key=" + key}}, "", key},
      {{{"authorization", kBasic}}, "", key},
      {{{"authorization", "Basic !!!"}}, "", "401"},
      {{}, "sentry_version=7&sentry_key=" + key + "&sentry_client=sentry.javascript.browser%2F10.1", key},
      {{}, "sentry_version=7", "401"},
      {{}, "key=" + key, "none"},
      {{}, "", "none"},
      {{{"x-mesher-auth", key}}, "", key},
      {{{"x-sentry-auth", "Sentry sentry_key=" + key}}, "sentry_key=" + key, "401"},
      {{{"x-sentry-auth", "Sentry sentry_key=" + key}, {"authorization", kBasic}}, "", "401"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(sentry(c.headers, c.query), c.expected)
        << (c.headers.empty() ? "" : c.headers[0].second) << " ? " << c.query;
  }
}

TEST(INGEST_07_auth, the_client_is_kept) {
  const auto found = sentry_credentials(
      request_with({}, std::string("sentry_key=") + kKey + "&sentry_client=sentry.javascript.browser%2F10.1"));
  EXPECT_EQ(std::get<std::optional<Credentials>>(found)->client, "sentry.javascript.browser/10.1");
}

class AuthenticateTest : public ::testing::Test {
 protected:
  AuthenticateTest() {
    auto snapshot = std::make_shared<nodes::ports::ProjectSnapshot>();
    snapshot->projects[42] = {.id = 42,
                              .organization_id = 1,
                              .slug = "shop",
                              .name = "Shop",
                              .platform = {},
                              .filters = {},
                              .scrub = {},
                              .allowed_origins = {},
                              .fingerprint_rules = {}};
    snapshot->projects[42].allowed_origins = origins_;
    snapshot->keys[kKey] = {7, 42, kKey, true, 0};
    snapshot->keys[std::string(32, 'd')] = {8, 42, std::string(32, 'd'), false, 0};
    directory_.publish(snapshot);
  }
  int status(const std::string& key, std::optional<std::uint32_t> path, Headers headers = {},
             std::optional<std::uint32_t> dsn = {}) {
    const auto got = authenticate(directory_, {key, dsn, ""}, path, request_with(std::move(headers)));
    const auto* bad = std::get_if<AuthRefusal>(&got);
    return bad == nullptr ? 200 : bad->status;
  }
  std::vector<std::string> origins_{"https://app.example", "*.shop.example", "localhost:3000"};
  nodes::ports::ProjectDirectory directory_;
};

TEST_F(AuthenticateTest, INGEST_01_keys_and_projects) {
  EXPECT_EQ(status(kKey, std::nullopt), 200);
  EXPECT_EQ(status(kKey, 42), 200);
  EXPECT_EQ(status(kKey, 43), 403);
  EXPECT_EQ(status(kKey, 42, {}, 42), 200);
  EXPECT_EQ(status(kKey, 42, {}, 41), 403);
  EXPECT_EQ(status(std::string(32, 'd'), 42), 403);
  EXPECT_EQ(status(std::string(32, 'e'), 42), 403);
}

TEST_F(AuthenticateTest, INGEST_07_origins) {
  EXPECT_EQ(status(kKey, 42, {{"origin", "https://app.example"}}), 200);
  EXPECT_EQ(status(kKey, 42, {{"origin", "http://app.example"}}), 403);
  EXPECT_EQ(status(kKey, 42, {{"origin", "http://a.b.SHOP.example:8080"}}), 200);
  EXPECT_EQ(status(kKey, 42, {{"origin", "http://shop.example"}}), 200);
  EXPECT_EQ(status(kKey, 42, {{"origin", "http://evilshop.example"}}), 403);
  EXPECT_EQ(status(kKey, 42, {{"origin", "http://localhost:3000"}}), 200);
  EXPECT_EQ(status(kKey, 42, {{"origin", "http://localhost:3001"}}), 403);
  EXPECT_EQ(status(kKey, 42, {{"origin", "null"}}), 403);
  EXPECT_EQ(status(kKey, 42, {{"referer", "https://app.example/page?x"}}), 200);
  EXPECT_EQ(status(kKey, 42, {{"referer", "https://elsewhere.example/"}}), 403);
  EXPECT_EQ(status(kKey, 42), 200);
}

TEST(ORG_03_dsn, forms) {
  const auto full = parse_dsn("https://public:secret@host.example:9000/a/b/42");
  ASSERT_TRUE(full);
  EXPECT_EQ(full->public_key, "public");
  EXPECT_EQ(full->host, "host.example");
  EXPECT_EQ(full->port, 9000);
  EXPECT_EQ(full->path, "/a/b");
  EXPECT_EQ(full->project_id, 42U);
  EXPECT_EQ(parse_dsn("http://k:@h/1")->public_key, "k");
  EXPECT_EQ(parse_dsn("http://k@[::1]:8080/1")->host, "[::1]");
  EXPECT_EQ(parse_dsn("http://k@[::1]:8080/1")->port, 8080);
  EXPECT_EQ(parse_dsn("http://k@h/1?x=y#z")->project_id, 1U);
  EXPECT_EQ(parse_dsn("http://k@h/1/")->project_id, 1U);
  EXPECT_EQ(parse_dsn("http://k@h/1")->path, "");
  for (const auto* bad : {"", "k@h/1", "ftp://k@h/1", "http://@h/1", "http://k@/1", "http://k@h", "http://k@h/",
                          "http://k@h/x", "http://k@h/1x", "http://k@h:x/1", "http://k@h:99999/1", "http://k@[::1/1",
                          "http://h/1", "http://k@h/99999999999"}) {
    EXPECT_FALSE(parse_dsn(bad)) << bad;
  }
}

}  // namespace
}  // namespace mesher::http
