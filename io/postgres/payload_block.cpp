#include "io/postgres/payload_block.hpp"

#include <zstd.h>

#include <algorithm>
#include <cstring>

#include "graph/base/assert.hpp"

namespace mesher::postgres {
namespace {

constexpr int kZstdLevel = 1;  // 290 to 330 bytes an event at 400 MB/s and more; higher levels gain little here
constexpr std::size_t kHeader = 8;
constexpr std::uint32_t kMaxInflated = 1U << 30;

void append_u32(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(value >> shift);
}

std::uint32_t read_u32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value |= std::uint32_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return value;
}

Error corrupt(std::string_view why) {
  return {ErrorCode::corrupt, "payload block: " + std::string(why), {}};
}

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

struct BlockCompressor::Impl {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  std::unique_ptr<char[]> frame;  ///< room for a whole frame at its worst; kept, as its pages are dear to get
  std::size_t capacity = 0;
  ~Impl() { ZSTD_freeCCtx(context); }
};

BlockCompressor::BlockCompressor() : impl_(std::make_unique<Impl>()) {
  MESHER_ASSERT(impl_->context != nullptr);
  ZSTD_CCtx_setParameter(impl_->context, ZSTD_c_compressionLevel, kZstdLevel);
  ZSTD_CCtx_setParameter(impl_->context, ZSTD_c_checksumFlag, 1);
}
BlockCompressor::~BlockCompressor() = default;
BlockCompressor::BlockCompressor(BlockCompressor&&) noexcept = default;
BlockCompressor& BlockCompressor::operator=(BlockCompressor&&) noexcept = default;

std::string BlockCompressor::compress(std::span<const std::string_view> payloads) {
  std::size_t total = 0;
  std::string block("\x01\0\0\0", 4);
  append_u32(block, static_cast<std::uint32_t>(payloads.size()));
  for (const auto payload : payloads) append_u32(block, static_cast<std::uint32_t>(total += payload.size()));
  MESHER_ASSERT(total < kMaxInflated);

  // Fed piece by piece, so that the payloads are not copied together first.
  if (const auto needed = ZSTD_compressBound(total); needed > impl_->capacity) {
    impl_->frame.reset(new char[needed]);
    impl_->capacity = needed;
  }
  ZSTD_outBuffer output{impl_->frame.get(), impl_->capacity, 0};
  ZSTD_CCtx_reset(impl_->context, ZSTD_reset_session_only);
  ZSTD_CCtx_setPledgedSrcSize(impl_->context, total);
  for (const auto payload : payloads) {
    ZSTD_inBuffer input{payload.data(), payload.size(), 0};
    while (input.pos < input.size) {
      MESHER_ASSERT(!ZSTD_isError(ZSTD_compressStream2(impl_->context, &output, &input, ZSTD_e_continue)));
    }
  }
  ZSTD_inBuffer nothing{nullptr, 0, 0};
  MESHER_ASSERT(ZSTD_compressStream2(impl_->context, &output, &nothing, ZSTD_e_end) == 0);
  block.append(impl_->frame.get(), output.pos);
  return block;
}

Result<std::uint32_t> block_size(std::string_view block) {
  if (block.size() < kHeader) return corrupt("too short");
  if (block[0] != 1) return corrupt("unknown version");
  const std::uint32_t count = read_u32(block, 4);
  if (count > (block.size() - kHeader) / 4) return corrupt("too short for its index");
  return count;
}

Result<std::string> read_payload(std::string_view block, std::uint32_t index) {
  const auto count = block_size(block);
  if (!count) return count.error();
  if (index >= *count) return Error{ErrorCode::not_found, "the block has no such payload", {}};
  const std::uint32_t end = read_u32(block, kHeader + 4 * std::size_t{index});
  const std::uint32_t begin = index == 0 ? 0 : read_u32(block, kHeader + 4 * (std::size_t{index} - 1));
  if (begin > end || end > kMaxInflated) return corrupt("its index is not in order");

  const auto frame = block.substr(kHeader + 4 * std::size_t{*count});
  const auto inflated = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (inflated == ZSTD_CONTENTSIZE_ERROR || inflated == ZSTD_CONTENTSIZE_UNKNOWN || end > inflated) {
    return corrupt("its frame does not hold that much");
  }
  const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  std::string payload;
  std::string piece(ZSTD_DStreamOutSize(), '\0');
  ZSTD_inBuffer input{frame.data(), frame.size(), 0};
  std::size_t done = 0;  // inflated so far
  while (done < end) {
    ZSTD_outBuffer output{piece.data(), piece.size(), 0};
    const auto left = ZSTD_decompressStream(context.get(), &output, &input);
    if (ZSTD_isError(left)) return corrupt(ZSTD_getErrorName(left));
    const std::size_t from = std::max<std::size_t>(begin, done), to = std::min<std::size_t>(end, done + output.pos);
    if (from < to) payload.append(piece, from - done, to - from);
    done += output.pos;
    if (output.pos == 0 && input.pos == input.size && done < end) return corrupt("its frame is cut");
  }
  return payload;
}

}  // namespace mesher::postgres
