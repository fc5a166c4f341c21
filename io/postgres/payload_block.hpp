#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "graph/base/result.hpp"

/// The payloads of a few hundred events of one project and day, compressed together: three to four times smaller than
/// one by one, because they resemble each other.
///
/// Layout of event_blocks.data, little-endian:
///   version u8 (1) · reserved 3 bytes · count u32 · ends u32[count] · one zstd frame
/// The frame holds the payloads one after another; payload i is [ends[i-1], ends[i]) of what it inflates to. Reading
/// payload i inflates the frame up to ends[i] only.
/// Example: two payloads `{}` and `[1]`: 01 00 00 00 · 02 00 00 00 · 02 00 00 00 · 05 00 00 00 · zstd("{}[1]").
namespace mesher::postgres {

/// A block is closed when it has reached one of these: opening one event stays a matter of a millisecond.
constexpr std::size_t kBlockEvents = 256;
constexpr std::size_t kBlockBytes = 2 * 1024 * 1024;

/// Compresses blocks. Keeps its working memory between calls; one thread at a time.
class BlockCompressor {
 public:
  BlockCompressor();
  ~BlockCompressor();
  BlockCompressor(BlockCompressor&&) noexcept;
  BlockCompressor& operator=(BlockCompressor&&) noexcept;

  [[nodiscard]] std::string compress(std::span<const std::string_view> payloads);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// How many payloads a block holds. Error: corrupt.
[[nodiscard]] Result<std::uint32_t> block_size(std::string_view block);

/// Payload `index` of a block. Any thread. Errors: corrupt, not_found (no such index).
[[nodiscard]] Result<std::string> read_payload(std::string_view block, std::uint32_t index);

}  // namespace mesher::postgres
