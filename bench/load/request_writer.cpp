#include "bench/load/request_writer.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <iterator>

#include "bench/load/wire.hpp"

namespace mesher::bench {
namespace {

std::string path_of(const LoadOptions& options, const Target& target) {
  if (options.mode == Mode::envelope) return fmt::format("/api/{}/envelope/", target.project);
  return options.mode == Mode::bulk ? "/api/v1/events/bulk" : "/api/v1/events";
}

std::string_view content_type(Mode mode) {
  if (mode == Mode::envelope) return "application/x-sentry-envelope";
  return mode == Mode::bulk ? "application/x-ndjson" : "application/json";
}

std::string authentication(const LoadOptions& options, const Target& target) {
  if (target.key.empty()) return "";
  if (options.mode != Mode::envelope) return fmt::format("X-Mesher-Auth: {}\r\n", target.key);
  return fmt::format("X-Sentry-Auth: Sentry sentry_version=7, sentry_client=mesher-load/1, sentry_key={}\r\n",
                     target.key);
}

void gzip(const std::string& from, std::string& to) {
  constexpr int kGzip = 15 + 16, kFastest = 1;  // window bits with gzip's header; SDKs compress on the caller's time
  z_stream stream{};
  deflateInit2(&stream, kFastest, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY);
  to.resize(deflateBound(&stream, from.size()));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(from.data()));
  stream.avail_in = static_cast<uInt>(from.size());
  stream.next_out = reinterpret_cast<Bytef*>(to.data());
  stream.avail_out = static_cast<uInt>(to.size());
  deflate(&stream, Z_FINISH);
  to.resize(stream.total_out);
  deflateEnd(&stream);
}

}  // namespace

RequestWriter::RequestWriter(const LoadOptions& options, const Target& target, EventPool& pool, const EventIds& ids)
    : options_(options),
      pool_(pool),
      ids_(ids),
      host_(target.host + ":" + target.port),
      authentication_(authentication(options, target)) {
  head_ =
      fmt::format("POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: {}\r\n{}{}Content-Length: ", path_of(options, target),
                  host_, content_type(options.mode), authentication_, options.gzip ? "Content-Encoding: gzip\r\n" : "");
}

std::string RequestWriter::handshake() const {
  return upgrade_request(host_, "/api/v1/events/stream", authentication_);
}

void RequestWriter::append(std::string& out, std::uint64_t first, std::uint32_t events, std::int64_t now_ms) {
  body_.clear();
  if (options_.mode == Mode::envelope)
    make_envelope(first, now_ms);
  else
    make_body(first, events, now_ms);
  if (options_.mode == Mode::ws)
    append_frame(out, Opcode::text, body_);
  else
    append_post(out);
}

void RequestWriter::make_body(std::uint64_t first, std::uint32_t events, std::int64_t now_ms) {
  const bool array = options_.mode == Mode::ws && options_.batch > 1;
  if (array) body_ += '[';
  for (std::uint32_t i = 0; i < events; ++i) {
    pool_.append(body_, ids_, first + i, now_ms);
    if (options_.mode == Mode::bulk) body_ += '\n';
    if (array) body_ += i + 1 == events ? ']' : ',';
  }
}

void RequestWriter::make_envelope(std::uint64_t number, std::int64_t now_ms) {
  packed_.clear();  // the event, whose length goes before it
  pool_.append(packed_, ids_, number, now_ms);
  std::array<char, EventIds::kLength> id{};
  ids_.write(number, id.data());
  fmt::format_to(std::back_inserter(body_),
                 "{{\"event_id\":\"{}\",\"sent_at\":\"{}\"}}\n{{\"type\":\"event\",\"length\":{}}}\n",
                 std::string_view(id.data(), id.size()), rfc3339(now_ms), packed_.size());
  body_ += packed_;
  body_ += '\n';
}

void RequestWriter::append_post(std::string& out) {
  if (options_.gzip) gzip(body_, packed_);
  const auto& body = options_.gzip ? packed_ : body_;
  out += head_;
  fmt::format_to(std::back_inserter(out), "{}\r\n\r\n", body.size());
  out += body;
}

}  // namespace mesher::bench
