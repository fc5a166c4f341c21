#include <gtest/gtest.h>

#include <string>

#include "bench/load/latency.hpp"
#include "bench/load/wire.hpp"
#include "graph/base/random.hpp"

namespace mesher::bench {
namespace {

std::string server_frame(Opcode opcode, std::string_view payload, bool final = true) {
  std::string frame;
  append_frame(frame, opcode, payload);
  // A server's frame is the same without mask.
  const std::size_t width = payload.size() < 126 ? 0 : payload.size() < 65536 ? 2 : 8;
  frame[1] = static_cast<char>(frame[1]);
  frame.erase(2 + width, 4);
  if (!final) frame[0] = static_cast<char>(frame[0] & 0x7F);
  return frame;
}

TEST(GRAPH_08_answers, are_read_once_their_head_is_whole) {
  const std::string bytes =
      "HTTP/1.1 202 Accepted\r\ncontent-LENGTH:  17 \r\nConnection: Close\r\n\r\n{\"id\":\"12345678\"}more";
  const auto end = bytes.find("\r\n\r\n") + 4;
  for (std::size_t n = 0; n < end; ++n) {
    const auto early = read_answer(std::string_view(bytes).substr(0, n));
    ASSERT_TRUE(early);
    EXPECT_FALSE(early->has_value());
  }
  const auto answer = read_answer(bytes).value().value();
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.head, end);
  EXPECT_EQ(answer.body, 17U);
  EXPECT_TRUE(answer.closes);
}

TEST(GRAPH_08_answers, that_cannot_be_delimited_are_errors) {
  EXPECT_FALSE(read_answer("SSH-2.0-OpenSSH\r\n\r\n"));
  EXPECT_FALSE(read_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
  EXPECT_TRUE(read_answer("HTTP/1.1 204 No Content\r\n\r\n"));
}

TEST(GRAPH_08_frames, of_every_size_come_out_as_they_went_in) {
  for (const std::size_t size : {0UL, 1UL, 125UL, 126UL, 65535UL, 65536UL, 200000UL}) {
    const std::string payload(size, 'x');
    FrameReader reader;
    const auto bytes = server_frame(Opcode::text, payload);
    reader.feed(std::string_view(bytes).substr(0, bytes.size() / 2));
    if (bytes.size() > 3) {
      EXPECT_FALSE(reader.next());
    }
    reader.feed(std::string_view(bytes).substr(bytes.size() / 2));
    const auto message = reader.next();
    ASSERT_TRUE(message) << size;
    EXPECT_EQ(message->payload, payload);
    EXPECT_FALSE(reader.next());
  }
}

TEST(GRAPH_08_frames, in_fragments_are_joined_around_a_ping) {
  FrameReader reader;
  reader.feed(server_frame(Opcode::text, "one ", false) + server_frame(Opcode::ping, "p") +
              server_frame(Opcode::continuation, "message") + server_frame(Opcode::text, "next"));
  EXPECT_EQ(reader.next()->opcode, Opcode::ping);
  EXPECT_EQ(reader.next()->payload, "one message");
  EXPECT_EQ(reader.next()->payload, "next");
  EXPECT_FALSE(reader.next());
}

TEST(GRAPH_08_latency, quantiles_are_exact_to_two_percent) {
  LatencyHistogram histogram;
  EXPECT_EQ(histogram.quantile(0.5), 0U);
  for (std::int64_t ns = 1; ns <= 1'000'000; ++ns) histogram.record(ns);
  for (const double q : {0.01, 0.5, 0.9, 0.99, 0.999})
    EXPECT_NEAR(static_cast<double>(histogram.quantile(q)), q * 1e6, q * 1e6 * 0.02);
  EXPECT_EQ(histogram.quantile(1), 1'000'000U);
  EXPECT_EQ(histogram.max(), 1'000'000U);
}

TEST(GRAPH_08_random, mix_is_a_bijection_with_its_inverse) {
  Random random(3);
  for (int i = 0; i < 1000; ++i) {
    const auto x = random.next();
    EXPECT_EQ(unmix64(mix64(x)), x);
  }
}

}  // namespace
}  // namespace mesher::bench
