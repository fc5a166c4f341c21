#include "io/http/content_encoding.hpp"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "io/http/text.hpp"
#include "nodes/ports/journal.hpp"

namespace mesher::http {
namespace {

constexpr std::size_t kPiece = 64 * 1024;
constexpr int kRawWindow = -15;
constexpr int kZlibWindow = 15;
constexpr int kGzipWindow = 15 + 16;
// RFC 8878 lets decoders of HTTP bodies refuse windows over 8 MiB.
constexpr int kZstdWindowLog = 23;

/// Collects the output within its bounds.
class Output {
 public:
  Output(std::size_t limit, std::size_t guess, ByteBudget::Reservation& memory) : limit_(limit), memory_(memory) {
    text_.reserve(std::min(limit, guess) + nodes::ports::kReadPadding);
  }

  [[nodiscard]] Status add(const char* bytes, std::size_t n) {
    if (text_.size() + n > limit_) {
      return Error{
          ErrorCode::too_large, "the body is larger than " + std::to_string(limit_) + " bytes when inflated", {}};
    }
    if (!memory_.grow(n)) return Error{ErrorCode::exhausted, "too many request bodies are in memory", {}};
    text_.append(bytes, n);
    return {};
  }
  [[nodiscard]] std::string take() {
    text_.reserve(text_.size() + nodes::ports::kReadPadding);
    return std::move(text_);
  }
  [[nodiscard]] bool empty() const { return text_.empty(); }

 private:
  const std::size_t limit_;
  ByteBudget::Reservation& memory_;
  std::string text_;
};

std::array<char, kPiece>& piece() {
  thread_local auto buffer = std::make_unique<std::array<char, kPiece>>();
  return *buffer;
}

Error corrupt(std::string_view encoding, std::string_view why) {
  return {ErrorCode::corrupt, "the body is not valid " + std::string(encoding) + ": " + std::string(why), {}};
}

class Inflater {
 public:
  explicit Inflater(int window) { ok_ = inflateInit2(&stream_, window) == Z_OK; }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (ok_) inflateEnd(&stream_);
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
  bool ok_ = false;
};

bool starts_gzip_member(const z_stream& stream) {
  return stream.avail_in >= 2 && stream.next_in[0] == 0x1F && stream.next_in[1] == 0x8B;
}

bool only_zeros_left(const z_stream& stream) {
  return std::all_of(stream.next_in, stream.next_in + stream.avail_in, [](Bytef b) { return b == 0; });
}

Status inflate_all(std::string_view name, int window, std::string_view input, Output& out) {
  Inflater inflater(window);
  if (!inflater.ok()) return Error{ErrorCode::exhausted, "no memory to inflate the body", {}};
  auto& stream = inflater.stream();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
  stream.avail_in = static_cast<uInt>(input.size());  // bodies are far below 4 GiB
  auto& buffer = piece();
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    const int code = inflate(&stream, Z_NO_FLUSH);
    if (auto added = out.add(buffer.data(), buffer.size() - stream.avail_out); !added) return added;
    if (code == Z_STREAM_END) {
      if (window == kGzipWindow && starts_gzip_member(stream)) {
        inflateReset(&stream);
        continue;
      }
      // Padding of zeros behind the end is common in files and harmless.
      if (!only_zeros_left(stream)) return corrupt(name, "there are bytes behind its end");
      return {};
    }
    if (code == Z_BUF_ERROR || (code == Z_OK && stream.avail_in == 0 && stream.avail_out > 0)) {
      return corrupt(name, "it is cut off");
    }
    if (code != Z_OK) return corrupt(name, stream.msg != nullptr ? stream.msg : "bad data");
  }
}

bool has_zlib_header(std::string_view input) {
  if (input.size() < 2) return false;
  const unsigned first = static_cast<std::uint8_t>(input[0]), second = static_cast<std::uint8_t>(input[1]);
  return (first & 0x0F) == 8 && (first >> 4) <= 7 && (first * 256 + second) % 31 == 0;
}

Result<std::string> inflate_deflate(std::string_view input, std::size_t limit, ByteBudget::Reservation& memory) {
  if (has_zlib_header(input)) {
    Output out(limit, input.size() * 4, memory);
    auto done = inflate_all("deflate", kZlibWindow, input, out);
    if (done) return out.take();
    if (done.error().code != ErrorCode::corrupt || !out.empty()) return std::move(done).error();
  }
  Output out(limit, input.size() * 4, memory);
  if (auto done = inflate_all("deflate", kRawWindow, input, out); !done) return std::move(done).error();
  return out.take();
}

Status inflate_brotli(std::string_view input, Output& out) {
  const std::unique_ptr<BrotliDecoderState, decltype(&BrotliDecoderDestroyInstance)> state(
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), &BrotliDecoderDestroyInstance);
  if (!state) return Error{ErrorCode::exhausted, "no memory to inflate the body", {}};
  auto available_in = input.size();
  const auto* next_in = reinterpret_cast<const std::uint8_t*>(input.data());
  auto& buffer = piece();
  for (;;) {
    auto available_out = buffer.size();
    auto* next_out = reinterpret_cast<std::uint8_t*>(buffer.data());
    const auto result =
        BrotliDecoderDecompressStream(state.get(), &available_in, &next_in, &available_out, &next_out, nullptr);
    if (auto added = out.add(buffer.data(), buffer.size() - available_out); !added) return added;
    switch (result) {
      case BROTLI_DECODER_RESULT_SUCCESS:
        return available_in == 0 ? Status() : corrupt("br", "there are bytes behind its end");
      case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
        continue;
      case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
        return corrupt("br", "it is cut off");
      case BROTLI_DECODER_RESULT_ERROR:
        return corrupt("br", BrotliDecoderErrorString(BrotliDecoderGetErrorCode(state.get())));
    }
  }
}

Status inflate_zstd(std::string_view input, Output& out) {
  thread_local const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  if (!context) return Error{ErrorCode::exhausted, "no memory to inflate the body", {}};
  ZSTD_DCtx_reset(context.get(), ZSTD_reset_session_and_parameters);
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kZstdWindowLog);
  auto& buffer = piece();
  ZSTD_inBuffer in{input.data(), input.size(), 0};
  std::size_t left = 1;  // 0: a frame has ended
  while (in.pos < in.size || left != 0) {
    ZSTD_outBuffer to{buffer.data(), buffer.size(), 0};
    const auto before = in.pos;
    left = ZSTD_decompressStream(context.get(), &to, &in);
    if (ZSTD_isError(left) != 0) return corrupt("zstd", ZSTD_getErrorName(left));
    if (auto added = out.add(buffer.data(), to.pos); !added) return added;
    if (left != 0 && in.pos == in.size && in.pos == before && to.pos == 0) return corrupt("zstd", "it is cut off");
  }
  return {};
}

}  // namespace

std::optional<ContentEncoding> parse_content_encoding(std::string_view value) {
  value = trimmed(value);
  if (value.empty() || equals_ignoring_case(value, "identity")) return ContentEncoding::identity;
  if (equals_ignoring_case(value, "gzip") || equals_ignoring_case(value, "x-gzip")) return ContentEncoding::gzip;
  if (equals_ignoring_case(value, "deflate")) return ContentEncoding::deflate;
  if (equals_ignoring_case(value, "br")) return ContentEncoding::br;
  if (equals_ignoring_case(value, "zstd")) return ContentEncoding::zstd;
  return std::nullopt;
}

Result<std::string> decode_content(ContentEncoding encoding, std::string_view input, std::size_t limit,
                                   ByteBudget::Reservation& memory) {
  if (encoding == ContentEncoding::deflate) return inflate_deflate(input, limit, memory);
  Output out(limit, encoding == ContentEncoding::identity ? input.size() : input.size() * 4, memory);
  Status done;
  switch (encoding) {
    case ContentEncoding::identity:
      done = out.add(input.data(), input.size());
      break;
    case ContentEncoding::gzip:
      done = inflate_all("gzip", kGzipWindow, input, out);
      break;
    case ContentEncoding::br:
      done = inflate_brotli(input, out);
      break;
    case ContentEncoding::zstd:
      done = inflate_zstd(input, out);
      break;
    case ContentEncoding::deflate:
      break;
  }
  if (!done) return std::move(done).error();
  return out.take();
}

}  // namespace mesher::http
