#include "io/notify/payload.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "io/notify/mime.hpp"
#include "io/notify/notifier.hpp"
#include "io/notify/signature.hpp"
#include "io/notify/transport.hpp"

namespace mesher::notify {
namespace {

using Json = nlohmann::json;

Message message_with(std::size_t alerts) {
  Message message;
  message.project_id = 3;
  message.project_slug = "web";
  message.project_name = "Web";
  message.base_url = "https://errors.example.com";
  for (std::size_t i = 0; i < alerts; ++i) {
    postgres::AlertRow alert;
    alert.project_id = 3;
    alert.id = static_cast<std::int64_t>(i) + 1;
    alert.rule_id = 9;
    alert.rule_name = "burning";
    alert.kind = "new_issue";
    alert.key = "issue:5";
    alert.status = "active";
    alert.severity = "critical";
    alert.value = alert.threshold = 1;
    alert.issue_id = 5;
    alert.issue_short_id = 2;
    alert.project_slug = "web";
    alert.issue_title = "ValueError: <b>\"bad\"</b> @everyone";
    alert.triggered_at = 1'800'000'000'000'000;
    message.alerts.push_back(alert);
  }
  return message;
}

Json body_of(const std::string& format, const Message& message) {
  Action action;
  action.type = "webhook";
  action.format = format;
  return Json::parse(webhook_of(message, action).body);
}

TEST(ALERT_07_payload, json_has_what_the_contract_says) {
  const auto body = body_of("json", message_with(2));
  ASSERT_EQ(body["alerts"].size(), 2U);
  const auto& alert = body["alerts"][0];
  for (const char* name :
       {"id", "rule", "severity", "status", "key", "value", "threshold", "triggered_at", "issue", "url"}) {
    EXPECT_TRUE(alert.contains(name)) << name;
  }
  EXPECT_EQ(alert["rule"]["name"], "burning");
  EXPECT_EQ(alert["issue"]["short_id"], "WEB-2");
  EXPECT_EQ(body["project"]["slug"], "web");
}

TEST(ALERT_07_payload, every_format_is_json_and_lists_a_few_of_many) {
  const auto message = message_with(400);
  for (const char* format : {"slack", "mattermost", "discord", "teams", "pagerduty"}) {
    const auto body = body_of(format, message);
    EXPECT_TRUE(body.is_object()) << format;
    if (format != std::string("pagerduty")) {
      EXPECT_LT(body.dump().size(), 20'000U) << format;
    }
  }
  EXPECT_EQ(body_of("discord", message)["embeds"].size(), 10U);
  EXPECT_EQ(body_of("discord", message)["allowed_mentions"]["parse"].size(), 0U);
  EXPECT_EQ(body_of("slack", message)["attachments"].size(), 11U);
  EXPECT_EQ(body_of("slack", message)["text"].get<std::string>().find('<'), std::string::npos);
}

TEST(ALERT_07_payload, pagerduty_closes_with_the_key_it_was_opened_with) {
  auto message = message_with(1);
  const auto opened = body_of("pagerduty", message);
  message.alerts[0].status = "resolved";
  const auto closed = body_of("pagerduty", message);
  EXPECT_EQ(opened["event_action"], "trigger");
  EXPECT_EQ(closed["event_action"], "resolve");
  EXPECT_EQ(opened["dedup_key"], closed["dedup_key"]);
  EXPECT_EQ(Json::parse(with_routing_key(opened.dump(), "key"))["routing_key"], "key");
}

TEST(ALERT_07_payload, pagerduty_has_an_incident_for_each_rule_and_key) {
  Action pagerduty;
  pagerduty.type = "webhook";
  pagerduty.format = "pagerduty";
  auto message = message_with(3);
  for (std::size_t i = 0; i < 3; ++i) {
    message.alerts[i].id = static_cast<std::int64_t>(i + 1);
    message.alerts[i].rule_id = 7;
    message.alerts[i].key = i == 1 ? "region:eu" : "region:us";
  }
  message.alerts[0].status = "resolved";  // and fired again since
  const auto parts = parts_of(message, pagerduty);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(body_of("pagerduty", parts[0])["dedup_key"], fmt::format("mesher-{}-7-region:eu", message.project_id));
  EXPECT_EQ(body_of("pagerduty", parts[1])["dedup_key"], fmt::format("mesher-{}-7-region:us", message.project_id));
  EXPECT_EQ(body_of("pagerduty", parts[1])["event_action"], "trigger");
  message.alerts[0].key = "region:" + std::string(3000, 'x');
  EXPECT_LE(body_of("pagerduty", message)["dedup_key"].get<std::string>().size(), 255U);
  pagerduty.format = "slack";
  EXPECT_EQ(parts_of(message, pagerduty).size(), 1U);
}

TEST(ALERT_07_payload, discord_and_teams_take_what_they_are_sent) {
  auto message = message_with(10);
  for (auto& alert : message.alerts) {
    alert.issue_title = std::string(3000, 't');
    alert.issue_culprit = std::string(3000, 'c');
  }
  std::size_t characters = 0;
  const auto discord = body_of("discord", message);
  for (const auto& embed : discord["embeds"]) {
    EXPECT_LE(embed["title"].get<std::string>().size(), 256U);
    characters += embed["title"].get<std::string>().size() + embed["description"].get<std::string>().size();
  }
  EXPECT_LE(characters, 6000U);
  EXPECT_LE(discord["content"].get<std::string>().size(), 2000U);
  const auto teams = body_of("teams", message);
  EXPECT_EQ(teams["type"], "message");
  EXPECT_EQ(teams["attachments"][0]["contentType"], "application/vnd.microsoft.card.adaptive");
  EXPECT_EQ(teams["attachments"][0]["content"]["type"], "AdaptiveCard");
  EXPECT_LE(teams.dump().size(), 28'000U);
  message.alerts[0].rule_name = "@channel";
  EXPECT_EQ(body_of("mattermost", message).dump().find("@channel"), std::string::npos);
}

TEST(ALERT_07_template, fills_in_and_escapes) {
  const auto message = message_with(1);
  EXPECT_EQ(render("{{rule.name}} in {{ project.slug }}!", message), "burning in web!");
  const auto json = Json::parse(render(R"({"text":"{{issue.title}}"})", message));
  EXPECT_EQ(json["text"], message.alerts[0].issue_title);
}

TEST(ALERT_07_template, mistakes_have_their_position) {
  EXPECT_FALSE(mistake_in_template(R"({"text":"{{issue.title}}"})"));
  const auto unknown = mistake_in_template("hello {{nobody}}");
  ASSERT_TRUE(unknown);
  EXPECT_EQ(unknown->position, 7U);
  EXPECT_TRUE(mistake_in_template("hello {{rule.name"));
  EXPECT_TRUE(mistake_in_template(R"({"text":{{issue.title}}})"));
}

TEST(ALERT_07_action, urls_that_are_none_are_told_what_is_wrong) {
  for (const char* good : {"https://example.com", "http://1.2.3.4:8080/x?y=z", "https://[2001:db8::1]:80/"}) {
    EXPECT_EQ(mistake_in_url(good), "") << good;
  }
  for (const char* bad : {"", "example.com", "ftp://example.com", "https://", "https://a b", "https://u:p@example.com",
                          "https://x:99999", "https://x:", "http://[::1", "file:///etc/passwd"}) {
    EXPECT_NE(mistake_in_url(bad), "") << bad;
  }
  EXPECT_EQ(mistake_in_address("ann@example.com"), "");
  for (const char* bad : {"", "ann", "@x", "a@", "a b@x", "a@b\r\nBcc: c", "<a@b>", "a@b@c"}) {
    EXPECT_NE(mistake_in_address(bad), "") << bad;
  }
}

TEST(ALERT_07_action, goes_through_json_unchanged_and_equal_places_share_a_channel) {
  Action hook{"webhook", "https://example.com", "template", "x {{key}}", "0a0b", {}};
  const auto read = actions_from_json(to_json(std::vector<Action>{hook}));
  ASSERT_TRUE(read && read->size() == 1);
  EXPECT_EQ(to_json(read->front()), to_json(hook));
  auto other = hook;
  other.sealed_secret = "ff";
  EXPECT_EQ(channel_of(hook, 1), channel_of(other, 2));
  other.url += "/x";
  EXPECT_NE(channel_of(hook, 1), channel_of(other, 1));
  hook.format = "pagerduty";
  EXPECT_NE(channel_of(hook, 1), channel_of(hook, 2));
}

TEST(ALERT_07_signature, is_that_of_a_known_example) {
  // printf '1700000000.hello' | openssl dgst -sha256 -hmac s3cret
  EXPECT_EQ(signature("hello", "s3cret", 1'700'000'000),
            "t=1700000000,v1=babfa8b593140ee3160bea38210f8fea6712e1f6e073328eb52c4e965bc0ab8d");
}

TEST(ALERT_07_addresses, that_are_not_of_the_public_internet) {
  for (const char* inside : {"127.0.0.1",
                             "10.1.2.3",
                             "172.16.0.1",
                             "172.31.255.255",
                             "192.168.1.1",
                             "169.254.169.254",
                             "0.0.0.0",
                             "100.64.0.1",
                             "224.0.0.1",
                             "255.255.255.255",
                             "::1",
                             "::",
                             "fe80::1",
                             "fc00::1",
                             "fd12::1",
                             "ff02::1",
                             "::ffff:127.0.0.1",
                             "::ffff:10.0.0.1",
                             "64:ff9b::7f00:1",
                             "2002:7f00:1::",
                             "2001:db8::1",
                             "nonsense"}) {
    EXPECT_TRUE(is_private_address(inside)) << inside;
  }
  for (const char* outside :
       {"1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "2a00:1450:4001::1"}) {
    EXPECT_FALSE(is_private_address(outside)) << outside;
  }
}

TEST(ALERT_07_mail, is_ascii_in_short_lines_and_threads_by_issue) {
  auto message = message_with(1);
  message.alerts[0].issue_title = "Überlauf\r\nBcc: evil@example.com — " + std::string(500, 'x');
  const auto mail = mail_of(message);
  const auto text =
      compose({"m@example.com", {"a@b.c", "d@e.f"}, mail.subject, mail.plain, mail.html, "0123", mail.thread, 0});
  std::size_t line = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    EXPECT_LT(static_cast<unsigned char>(text[i]), 0x80U);
    line = text[i] == '\n' ? 0 : line + 1;
    EXPECT_LT(line, 990U);
    if (text[i] == '\n') {
      EXPECT_EQ(text[i - 1], '\r');
    }
  }
  EXPECT_EQ(text.find("\r\nBcc"), std::string::npos);
  EXPECT_NE(text.find("In-Reply-To: <issue-3-5@example.com>"), std::string::npos);
  EXPECT_NE(text.find("Date: Thu, 01 Jan 1970 00:00:00 +0000"), std::string::npos);
}

TEST(ALERT_07_mail, base64_of_all_remainders) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
}

}  // namespace
}  // namespace mesher::notify
