#include "nodes/normalise.hpp"

#include <gtest/gtest.h>

#include <time.h>

#include <random>
#include <set>

#include "tests/unit/nodes/log_lines.hpp"

namespace mesher {
namespace {

using nodes::message_skeleton;
using nodes::normalise_message;

std::string typed(std::string_view text) {
  std::string scratch;
  return std::string(normalise_message(text, scratch));
}
std::string skeleton(std::string_view text) {
  std::string scratch;
  return std::string(message_skeleton(text, scratch));
}

struct Golden {
  std::string_view text, form;
};

class GROUP_01_normaliser : public ::testing::TestWithParam<Golden> {};

TEST_P(GROUP_01_normaliser, replaces_values_by_typed_placeholders) {
  EXPECT_EQ(typed(GetParam().text), GetParam().form);
}

constexpr Golden kGolden[] = {
    {"Took 5 ms", "Took <time>"},
    {"Took 5ms, then 2.5 seconds", "Took <time>, then <time>"},
    {"read 21.4 KB of 3 GiB", "read <size> of <size>"},
    {"lifetime <1 sec", "lifetime <time>"},
    {"offset -17 and +3", "offset <int> and <int>"},
    {"ratio 0.25 is 80%", "ratio <float> is <int>"},
    {"1,234,567 rows", "<int> rows"},
    {"at 0x7fed806eb5d", "at <hex>"},
    {"hash d41d8cd98f00b204e9800998ecf8427e", "hash <hex>"},
    {"ghost deadbeef walks", "ghost <hex> walks"},
    {"req 5f3a1c9e-0b1d-4e7e-9d3c-2a1b0c9d8e7f failed", "req <uuid> failed"},
    {"from 10.0.0.1:8080 to 192.168.1.1", "from <ip> to <ip>"},
    {"via fe80::1c2:3d4e", "via <ip>"},
    {"station 00:1b:44:11:3a:b7 left", "station <mac> left"},
    {"mail from bob.smith+x@example.com", "mail from <email>"},
    {"see https://example.com/a?b=1&c=2.", "see <url>."},
    {"open /var/log/app.log: denied", "open <path>: denied"},
    {"open C:\\Windows\\Temp\\x.log failed", "open <path> failed"},
    {"in main.py", "in <path>"},
    {"host db-1.prod.example.com gone", "host <host> gone"},
    {"2015-07-29T17:41:44.747Z done", "<date> done"},
    {"2015-07-29 17:41:44,747 done", "<date> done"},
    {"on Sat Jul 9 22:53:19 PDT 2005 it broke", "on <date> it broke"},
    {"on Mon, 02 Jan 2006 15:04:05 +0100 it broke", "on <date> it broke"},
    {"at 12:30:01 PM", "at <time>"},
    {"upgrade v1.2.3 to 1.10.0-rc4", "upgrade <version> to <version>"},
    {"kernel 5.10.3 and 1.2.", "kernel <version> and <float>."},
    {"block blk_-1608999687919862906 lost", "block <id> lost"},
    {"request req-7f3a of user_1234", "request <id> of <id>"},
    {"user=bob tty= uid=0", "user=<value> tty= uid=<value>"},
    {"limit=<memory:15360, vCores:-12> used", "limit=<value> used"},
    {"token=Token{a6 Rec{d u0 x/.Y t7}}, done= true", "token=<value>, done= <bool>"},
    {"name \"View Lock\" and 'x'", "name <str> and <str>"},
    {"{\"code\":401,\"message\":\"x y\"}", "{\"code\":<int>,\"message\":<str>}"},
    {"10.11.10.1 \"GET /v2/x/y HTTP/1.1\" status: 200", "<ip> \"GET <path>\" status: <int>"},
    {"can't open it, isn't there", "can't open it, isn't there"},
    {"sessionid:0x24f type:create", "sessionid:<hex> type:create"},
    {"enable.......0", "enable.......<int>"},
    {"Failed password for root from 10.0.0.1 port 22 ssh2", "Failed password for <user> from <ip> port <int> ssh2"},
    {"session opened for user cyrus by (uid=0)", "session opened for user <user> by (uid=<value>)"},
    {"check pass; user unknown", "check pass; user unknown"},
    {"Jun 14 15:16:01 combo sshd[19939]: hello", "<date> <host> sshd[<int>]: hello"},
    {"cannot decode utf-8 on x86_64", "cannot decode utf-8 on x86_64"},
    {"ns::Driver2::start failed", "ns::Driver<int>::start failed"},
    {"jk2_init() failed", "jk2_init() failed"},
    {"class org.acme.jobs.EventType for class org.acme.app.Main$Dispatcher", "class <class> for class <class>"},
    {"java.lang.IllegalStateException: closed", "java.lang.IllegalStateException: closed"},
    {"read/write and n/a stay", "read/write and n/a stay"},
    {"  a \t b\r\nc  ", "a b c"},
    {"list 1, 2, 3 of a", "list <int> of a"},
    {"", ""},
    {"42", "<int>"},
};

INSTANTIATE_TEST_SUITE_P(forms, GROUP_01_normaliser, ::testing::ValuesIn(kGolden));

TEST(GROUP_01_normalise, kinds_of_a_slot_do_not_split_a_group) {
  EXPECT_EQ(skeleton("iar 00106570 dear 0246dd1c"), skeleton("iar 7c0a1b2c dear 99999999"));
  EXPECT_EQ(skeleton("connection from 10.0.0.1 closed"), skeleton("connection from a1.example.com closed"));
  EXPECT_EQ(skeleton("lifetime 00:01"), skeleton("lifetime <1 sec"));
  EXPECT_EQ(skeleton("delete blk_1 blk_2 blk_3"), skeleton("delete blk_7"));
  EXPECT_EQ(skeleton("ws=null, uid=1"), skeleton("ws=WorkSource{10113}, uid=2"));
}

TEST(GROUP_01_normalise, words_that_differ_split_a_group) {
  EXPECT_NE(skeleton("VM Paused (Lifecycle Event)"), skeleton("VM Resumed (Lifecycle Event)"));
  EXPECT_NE(skeleton("from NEW to INITED"), skeleton("from INITED to SETUP"));
  EXPECT_NE(skeleton("\"GET /a/b HTTP/1.1\" 200"), skeleton("\"POST /a/b HTTP/1.1\" 200"));
  EXPECT_NE(skeleton("java.io.IOException: Broken pipe"), skeleton("java.io.EOFException: Broken pipe"));
}

TEST(GROUP_01_normalise, spans_tell_where_the_values_were) {
  std::string scratch;
  std::vector<nodes::ValueSpan> spans;
  const std::string_view text = "port 22 of 10.0.0.1";
  normalise_message(text, scratch, spans);
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(text.substr(spans[0].begin, spans[0].end - spans[0].begin), "22");
  EXPECT_EQ(spans[0].kind, nodes::ValueKind::integer);
  EXPECT_EQ(text.substr(spans[1].begin, spans[1].end - spans[1].begin), "10.0.0.1");
  EXPECT_EQ(spans[1].kind, nodes::ValueKind::ip);
}

TEST(GROUP_01_normalise, significant_lines_are_the_first_two_that_are_not_blank) {
  EXPECT_EQ(nodes::significant_lines("\n \n a\n\nb\nc"), "a\n\nb");
  EXPECT_EQ(nodes::significant_lines("a"), "a");
  EXPECT_EQ(nodes::significant_lines("a\n"), "a\n");
  EXPECT_EQ(nodes::significant_lines(" \n\t\n"), "");
  EXPECT_EQ(skeleton(nodes::significant_lines("a\n")), skeleton(nodes::significant_lines("a")));
}

TEST(GROUP_01_normalise, exact_group_accuracy_on_lines_of_many_systems) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const auto lines = testing::log_lines(seed, 20);
    std::vector<std::string> keys;
    for (const auto& line : lines) keys.push_back(skeleton(line.text));
    std::vector<std::size_t> wrong;
    EXPECT_GE(testing::exact_group_accuracy(lines, keys, &wrong), 0.97);
    const auto templates = testing::log_templates();
    for (const auto t : wrong) std::printf("split or merged: %s\n", templates[t].c_str());
  }
}

TEST(GROUP_01_normalise, a_form_is_a_form_of_itself) {
  for (const auto& line : testing::log_lines(7, 5)) {
    const auto once = skeleton(line.text);
    EXPECT_LE(once.size(), 3 * line.text.size() + 16);
    EXPECT_EQ(skeleton(line.text), once) << "not deterministic: " << line.text;
    EXPECT_EQ(skeleton(line.text + "  "), once);
    EXPECT_EQ(skeleton("\t" + line.text), once);
  }
}

TEST(GROUP_01_normalise, random_bytes_are_harmless) {
  std::mt19937_64 random(11);
  constexpr std::string_view kBytes = "a1 =<>()[]{}\"'`.:/\\@-_,;|#*+%$~\n\t\xc3\xa9Zx0:fF";
  std::string scratch, typed_scratch;
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (auto n = random() % 60; n > 0; --n) text += kBytes[random() % kBytes.size()];
    std::vector<nodes::ValueSpan> spans;
    const auto form = message_skeleton(text, scratch);
    ASSERT_LE(form.size(), 3 * text.size() + 16) << text;
    ASSERT_LE(normalise_message(text, typed_scratch, spans).size(), 6 * text.size() + 16) << text;
    std::uint32_t last = 0;
    for (const auto& span : spans) {
      ASSERT_LE(last, span.begin) << text;
      ASSERT_LE(span.begin, span.end);
      ASSERT_LE(span.end, text.size());
      last = span.end;
    }
  }
}

/// Processor seconds for the form of `unit` repeated to about `bytes`; the best of three.
double seconds_for(std::string_view unit, std::size_t bytes) {
  std::string text, scratch;
  while (text.size() < bytes) text += unit;
  double best = 1e9;
  for (int i = 0; i < 3; ++i) {
    timespec start{}, end{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
    static_cast<void>(message_skeleton(text, scratch));
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    best = std::min(
        best, static_cast<double>(end.tv_sec - start.tv_sec) + 1e-9 * static_cast<double>(end.tv_nsec - start.tv_nsec));
  }
  return best;
}

TEST(GROUP_01_normalise, time_is_linear_in_the_length_whatever_the_text) {
  for (const std::string_view unit :
       {"a",    "<",   "7",  "=(",  "'a",  "\"x ", "a.",   "a:",    "/",      "..",   "x=\"", "Jan ", "user a ",
        "a::1", "=a,", "g:", "g..", "7..", "g:7",  "a::7", "CMD (", "\"GET ", "for ", "0x",   "a@"}) {
    const double small = seconds_for(unit, 32 * 1024);
    const double large = seconds_for(unit, 512 * 1024);
    // Sixteen times the text; quadratic would be 256 times.
    EXPECT_LT(large, 80 * small + 0.01) << unit;
  }
}

}  // namespace
}  // namespace mesher
