#include "nodes/scrub.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "nodes/scrub_text.hpp"
#include "tests/unit/nodes/read_event.hpp"

namespace mesher::nodes {
namespace {

const ScrubRules& rules() {
  static const ScrubRules rules{ports::ScrubSettings{}};
  return rules;
}

std::string scrub(std::string_view json, const ScrubRules& with = rules()) {
  KeyCache cache;
  std::string out;
  return scrub_json(json, with, cache, out) == 0 ? std::string(json) : out;
}

std::string text(std::string_view plain, KeyKind kind = KeyKind::plain) {
  KeyCache cache;
  std::string out;
  return scrub_text(plain, kind, rules(), cache, out) == 0 ? std::string(plain) : out;
}

TEST(INGEST_09_scrub, names_that_are_sensitive) {
  for (const std::string_view name : {"password",      "Password",     "user_password",
                                      "userPassword",  "password2",    "PASSWD",
                                      "pwd",           "mysql_pwd",    "secret",
                                      "client_secret", "clientSecret", "mysecret",
                                      "token",         "csrf_token",   "csrftoken",
                                      "X-CSRF-Token",  "accessToken",  "access_token",
                                      "refresh_token", "api_key",      "apiKey",
                                      "X-Api-Key",     "apikey",       "authorization",
                                      "Authorization", "auth",         "proxy-authorization",
                                      "cookie",        "Cookies",      "Set-Cookie",
                                      "session",       "sessionid",    "session_id",
                                      "PHPSESSID",     "credentials",  "private_key",
                                      "privateKey",    "ssn",          "credit_card",
                                      "creditCard",    "card_number",  "cardNumber",
                                      "cvv",           "cvc",          "passphrase",
                                      "jwt",           "bearer",       "aws_secret_access_key",
                                      "connect.sid"}) {
    EXPECT_TRUE(rules().sensitive(name)) << name;
  }
}

TEST(INGEST_09_scrub, names_that_are_not) {
  for (const std::string_view name :
       {"author",  "authority",   "authored_by", "tokenizer",   "max_tokens", "secretary", "sessions", "session_count",
        "compass", "passenger",   "key",         "id",          "type",       "value",     "function", "filename",
        "module",  "fingerprint", "message",     "cardinality", "discard",    "",          "-",        "pinned",
        "in_app",  "abs_path",    "event_id",    "trace_id",    "monkey",     "keyboard",  "bypass"}) {
    EXPECT_FALSE(rules().sensitive(name)) << name;
  }
}

TEST(INGEST_09_scrub, values_of_sensitive_names_go_whatever_their_type) {
  EXPECT_EQ(scrub(R"({"password":"hunter2","a":1})"), R"({"password":"[Filtered]","a":1})");
  EXPECT_EQ(scrub(R"({"a":{"api_key" : 12345 }})"), R"({"a":{"api_key" : "[Filtered]" }})");
  EXPECT_EQ(scrub(R"({"credentials":{"user":"a","list":["x","}"]},"b":2})"), R"({"credentials":"[Filtered]","b":2})");
  EXPECT_EQ(scrub(R"({"tokens":1,"token":["a","b\"]"]})"), R"({"tokens":1,"token":"[Filtered]"})");
  EXPECT_EQ(scrub(R"({"secret":-1.5e3})"), R"({"secret":"[Filtered]"})");
  EXPECT_EQ(scrub(R"({"pass\u0077ord":"x1"})"), R"({"pass\u0077ord":"[Filtered]"})");
  EXPECT_EQ(scrub(R"({"password":"a\\"})"), R"({"password":"[Filtered]"})");
}

TEST(INGEST_09_scrub, what_says_nothing_stays) {
  for (const std::string_view json :
       {R"({"password":null,"token":"","auth":true,"secret":{},"cookies":[],"jwt":"[Filtered]"})",
        R"({"message":"password: null, token=None, secret = true"})", R"({"author":"x","max_tokens":5})"}) {
    EXPECT_EQ(scrub(json), json);
  }
}

TEST(INGEST_09_scrub, pairs_in_lists) {
  EXPECT_EQ(scrub(R"({"headers":[["Authorization","Bearer x"],["Accept","*/*"],["Cookie","a=b"]]})"),
            R"({"headers":[["Authorization","[Filtered]"],["Accept","*/*"],["Cookie","[Filtered]"]]})");
  EXPECT_EQ(scrub(R"({"query_string":[["token","abc"],["page","2"]]})"),
            R"({"query_string":[["token","[Filtered]"],["page","2"]]})");
  for (const std::string_view json : {R"({"fingerprint":["password","login"]})", R"({"words":["token","auth","x"]})"}) {
    EXPECT_EQ(scrub(json), json) << "a plain list is no list of pairs";
  }
}

TEST(INGEST_09_scrub, assignments_in_texts) {
  const std::pair<const char*, const char*> cases[] = {
      {"password=hunter2", "password=[Filtered]"},
      {"login failed, password=hunter2 user=bob", "login failed, password=[Filtered] user=bob"},
      {"password: hunter2", "password: [Filtered]"},
      {"password = hunter2, x", "password = [Filtered], x"},
      {"https://a.example/x?access_token=abc123&page=2#f", "https://a.example/x?access_token=[Filtered]&page=2#f"},
      {"Authorization: Bearer abc.def.ghi", "Authorization: [Filtered]"},
      {"authorization=Bearer abc.def x", "authorization=[Filtered]"},
      {"token=abc;next", "token=[Filtered];next"},
      {"postgres://bob:hunter2@db.internal/shop", "postgres://[Filtered]@db.internal/shop"},
      {"amqp://guest:p@ss@host:5672/v", "amqp://[Filtered]@host:5672/v"},
      {R"({"user":"bob","password":"hunter2"})", R"({"user":"bob","password":"[Filtered]"})"},
      {R"({\"password\":\"hunter2\",\"a\":1})", R"({\"password\":\"[Filtered]\",\"a\":1})"},
      {"{'password': 'hunter2', 'a': 1}", "{'password': '[Filtered]', 'a': 1}"},
      {"user[password]=hunter2&x=1", "user[password]=[Filtered]&x=1"},
      {"'password' => 'hunter2'", "'password' => '[Filtered]'"},
      {"Cookie: a=b; c=d\nHost: x", "Cookie: [Filtered]\nHost: x"},
      {"<User name='bob' password='hunter2'>", "<User name='bob' password='[Filtered]'>"},
      {"password=\"a \\\" b\" c", "password=\"[Filtered]\" c"},
      {"secret:{\"a\":[1,2]} rest", "secret:[Filtered] rest"},
      {"api_key=k1 api_key=k2", "api_key=[Filtered] api_key=[Filtered]"},
      {"token: a8f3kd93kf0a3 was refused", "token: [Filtered] was refused"},
  };
  for (const auto& [before, after] : cases) EXPECT_EQ(text(before), after) << before;
}

TEST(INGEST_09_scrub, prose_and_code_stay_as_they_are) {
  for (const std::string_view plain :
       {"Unexpected token: punc (})", "SyntaxError: Unexpected token < in JSON", "auth: connection refused",
        "12:30:45 ok", "a=b c:d", "if (password == null)", "password != secret", "std::auth::token::verify",
        "http://a.example:8080/x", "git@github.com:a/b", "ratio: 4/5, author: bob", "see https://user@host/ for more",
        "password", "password=", "token:", "=", ":", "::", "=="}) {
    EXPECT_EQ(text(plain), plain);
  }
  EXPECT_EQ(text("[Account setPassword:confirm:]", KeyKind::grouping), "[Account setPassword:confirm:]");
  EXPECT_EQ(text("password = read_password()", KeyKind::source), "password = read_password()");
  EXPECT_EQ(text("password = \"hunter2\"", KeyKind::source), "password = \"[Filtered]\"");
}

TEST(INGEST_09_scrub, card_numbers_go_and_other_numbers_stay) {
  const std::pair<const char*, const char*> cases[] = {
      {"paid with 4111111111111111 today", "paid with [Filtered] today"},
      {"4111 1111 1111 1111", "[Filtered]"},
      {"4111-1111-1111-1111 12/27", "[Filtered] 12/27"},
      {"4111 1111 1111 1111 12/27", "[Filtered] 12/27"},
      {"amex 378282246310005.", "amex [Filtered]."},
      {"5555555555554444,6011111111111117", "[Filtered],[Filtered]"},
      {"order 12 4111111111111111", "order 12 [Filtered]"},
  };
  for (const auto& [before, after] : cases) EXPECT_EQ(text(before), after) << before;
  for (const std::string_view plain :
       {"4111111111111112", "1717243200000", "1717243200123456", "a4111111111111111", "4111111111111111b",
        "0.4111111111111111", "123e4567-e89b-12d3-a456-426614174000", "41111111111111111111111", "0000000000000000",
        "2024-06-01 12:00:00"}) {
    EXPECT_EQ(text(plain), plain);
  }
  EXPECT_EQ(scrub(R"({"n":4111111111111111,"t":1717243200123,"f":4111111111111111.5})"),
            R"({"n":"[Filtered]","t":1717243200123,"f":4111111111111111.5})");
}

TEST(INGEST_09_scrub, escapes_in_strings_are_seen_through) {
  EXPECT_EQ(scrub(R"({"message":"line\npassword=hunter2\nnext \"q\""})"),
            R"({"message":"line\npassword=[Filtered]\nnext \"q\""})");
  EXPECT_EQ(scrub(R"({"message":"\u0070assword=hunter2"})"), R"({"message":"password=[Filtered]"})");
  EXPECT_EQ(scrub(R"({"data":"{\"token\":\"abc\"}"})"), R"({"data":"{\"token\":\"[Filtered]\"}"})");
}

TEST(INGEST_09_scrub, projects_add_keys_and_keep_others) {
  ports::ScrubSettings settings;
  settings.keys = {"customer_no", "Blood Group"};
  settings.safe_keys = {"auth_method"};
  const ScrubRules own(settings);
  EXPECT_EQ(scrub(R"({"customerNo":"7","my-customer-no":"8","bloodGroup":"A","customer":"x"})", own),
            R"({"customerNo":"[Filtered]","my-customer-no":"[Filtered]","bloodGroup":"[Filtered]","customer":"x"})");
  EXPECT_EQ(scrub(R"({"auth_method":"oidc","auth":"x1"})", own), R"({"auth_method":"oidc","auth":"[Filtered]"})");
  settings.ip_addresses = true;
  EXPECT_EQ(scrub(R"({"user":{"ip_address":"10.0.0.1","id":"7"}})", ScrubRules(settings)),
            R"({"user":{"ip_address":"[Filtered]","id":"7"}})");
}

TEST(INGEST_09_scrub, the_cache_of_names_forgets_when_the_rules_change) {
  KeyCache cache;
  ports::ScrubSettings settings;
  settings.keys = {"colour"};
  const std::string key = "colour and more than sixteen bytes behind";
  const std::string_view name = std::string_view(key).substr(0, 6);
  const char* end = key.data() + key.size();
  EXPECT_EQ(cache.kind_of(name, end, rules()), KeyKind::plain);
  EXPECT_EQ(cache.kind_of(name, end, ScrubRules(settings)), KeyKind::sensitive);
  EXPECT_EQ(cache.kind_of(name, end, rules()), KeyKind::plain);
  EXPECT_EQ(cache.kind_of("password", nullptr, rules()), KeyKind::sensitive) << "no bytes to read behind it";
}

/// Puts a secret in one of many ways into a random place of an event; whatever is around it, it must not survive.
TEST(INGEST_09_scrub, a_planted_secret_never_survives) {
  std::mt19937 random(5);
  const std::string secret = "hunter2Q9xZ";
  const std::string texts[] = {"password=" + secret,
                               "login with password: " + secret + " failed",
                               "https://a.example/?token=" + secret + "&b=c",
                               "Authorization: Bearer " + secret,
                               "mysql://root:" + secret + "@db/x",
                               R"({"api_key":")" + secret + R"("})",
                               "{'secret': '" + secret + "'}"};
  const std::string names[] = {"password", "X-Api-Key", "accessToken", "client_secret", "PHPSESSID"};
  const std::string places[] = {"message",     "extra", "tags",    "contexts",     "user",
                                "breadcrumbs", "vars",  "headers", "query_string", "data"};
  for (int i = 0; i < 2'000; ++i) {
    nlohmann::json event = {{"message", "hello"}, {"level", "error"}, {"platform", "python"}};
    nlohmann::json holder;
    const auto& name = names[random() % 5];
    switch (random() % 5) {
      case 0:
        holder = texts[random() % 7];
        break;
      case 1:
        holder = {{name, secret}};
        break;
      case 2:
        holder = {{"a", {{"b", {{name, {{"deep", secret}}}}}}}, {"c", std::string(random() % 40, 'x')}};
        break;
      case 3:
        holder = nlohmann::json::array({nlohmann::json::array({"Accept", "x"}), nlohmann::json::array({name, secret})});
        break;
      default:
        holder = nlohmann::json::array({std::string(random() % 40, '"') + " " + texts[random() % 7], 1, nullptr});
    }
    const auto& place = places[random() % 10];
    if (place == "vars") {
      event["exception"] = {{"type", "E"},
                            {"stacktrace", {{"frames", {{{"function", "f"}, {"vars", {{"x", holder}}}}}}}}};
    } else {
      event[place] = holder;
    }
    const auto json = event.dump(random() % 2 == 0 ? -1 : 1);
    const auto clean = scrub(json);
    ASSERT_EQ(clean.find(secret), std::string::npos) << json << "\n" << clean;
    ASSERT_TRUE(nlohmann::json::accept(clean)) << clean;
    ASSERT_EQ(scrub(clean), clean) << "scrubbing again changes nothing";
  }
}

TEST(INGEST_09_scrub, random_valid_json_stays_valid_and_harmless_text_stays_byte_for_byte) {
  std::mt19937 random(9);
  const std::string parts[] = {
      "a", "=",  ":", "\"", "\\", "password", "token", "'", "{", "}", "[", "]", "4111 1111 1111 1111",
      " ", "\n", "é", "//", "@",  "&"};
  for (int i = 0; i < 4'000; ++i) {
    std::string value;
    for (auto n = random() % 12; n > 0; --n) value += parts[random() % 19];
    const auto json = nlohmann::json{{"extra", {{"x", value}}}, {"n", 1}}.dump();
    const auto clean = scrub(json);
    ASSERT_TRUE(nlohmann::json::accept(clean)) << json << "\n" << clean;
    std::string harmless;
    for (auto n = random() % 30; n > 0; --n) harmless += "abc xyz-_./,;(){}[]<>=:\n\t\"\\"[random() % 28];
    const auto plain = nlohmann::json{{"extra", {{"x", harmless}}}}.dump();
    ASSERT_EQ(scrub(plain), plain);
  }
}

TEST(INGEST_09_scrub, the_node_cleans_payload_and_fields_alike) {
  auto batch = batch_of(
      {R"({"message":"password=hunter2","tags":{"api_key":"k3y","plain":"v"},"user":{"id":"7"},"exception":{"type":"E","value":"token=hunter2"}})",
       R"({"message":"harmless"})"});
  make_node(scrub_spec(nullptr))->process(batch);
  const auto& events = batch.as<EventBatch>().events;
  EXPECT_EQ(events[0].message, "password=[Filtered]");
  EXPECT_EQ(events[0].exceptions[0].value, "token=[Filtered]");
  EXPECT_EQ(tag(events[0], "api_key"), "[Filtered]");
  EXPECT_EQ(tag(events[0], "plain"), "v");
  EXPECT_EQ(events[0].user.id, "7");
  EXPECT_EQ(events[0].payload.find("hunter2"), std::string_view::npos);
  EXPECT_TRUE(trimmed(events[0], "payload", "scrubbed"));
  EXPECT_EQ(events[1].message, "harmless");
  EXPECT_TRUE(events[1].trimmed.empty());
}

TEST(INGEST_09_scrub, the_node_follows_the_projects_settings) {
  auto snapshot = std::make_shared<ports::ProjectSnapshot>();
  snapshot->version = 1;
  snapshot->projects[1].scrub.enabled = false;
  snapshot->projects[2].scrub.ip_addresses = true;
  ports::ProjectDirectory projects;
  projects.publish(snapshot);
  const auto node = make_node(scrub_spec(&projects));
  auto off = batch_of({R"({"message":"password=hunter2"})"}, 1);
  node->process(off);
  EXPECT_EQ(off.as<EventBatch>().events[0].message, "password=hunter2");
  auto on = batch_of({R"({"message":"x","user":{"id":"7","ip_address":"10.0.0.1"}})"}, 2);
  on.as<EventBatch>().events[0].client_ip = "10.0.0.2";
  node->process(on);
  EXPECT_EQ(on.as<EventBatch>().events[0].user.ip_address, "");
  EXPECT_EQ(on.as<EventBatch>().events[0].client_ip, "");
  EXPECT_EQ(on.as<EventBatch>().events[0].payload.find("10.0.0.1"), std::string_view::npos);
  auto unknown = batch_of({R"({"message":"password=hunter2"})"}, 9);
  node->process(unknown);
  EXPECT_EQ(unknown.as<EventBatch>().events[0].message, "password=[Filtered]") << "rather too much than too little";
}

}  // namespace
}  // namespace mesher::nodes
