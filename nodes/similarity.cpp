#include "nodes/similarity.hpp"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <span>

#include "nodes/frames.hpp"
#include "nodes/normalise.hpp"

namespace mesher::nodes {
namespace {

constexpr std::size_t kMostFrames = 30, kMostWords = 40, kNearestFrames = 8;
constexpr int kTypeWeight = 4, kNearFrameWeight = 3, kAppFrameWeight = 2;

/// One multiplication and one addition a hash function, of the feature's own good hash (multiply-shift).
struct Functions {
  std::array<std::uint64_t, kSimilarityHashes> factor{}, summand{};
  constexpr Functions() {
    std::uint64_t state = 0x6D6573686572;
    const auto next = [&state] {  // SplitMix64
      state += 0x9E3779B97F4A7C15;
      auto z = state;
      z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
      z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
      return z ^ (z >> 31);
    };
    for (std::size_t i = 0; i < kSimilarityHashes; ++i) {
      factor[i] = next() | 1U;
      summand[i] = next();
    }
  }
};
constexpr Functions kFunctions;

class MinHash {
 public:
  MinHash() { least_.fill(std::numeric_limits<std::uint64_t>::max()); }

  /// A feature that weighs n is n features.
  void add(std::uint64_t feature, int weight = 1) {
    empty_ = false;
    for (int copy = 0; copy < weight; ++copy) {
      const auto x = XXH3_64bits_withSeed(&feature, sizeof feature, static_cast<std::uint64_t>(copy));
      for (std::size_t i = 0; i < least_.size(); ++i) {
        least_[i] = std::min(least_[i], x * kFunctions.factor[i] + kFunctions.summand[i]);
      }
    }
  }

  [[nodiscard]] std::string signature() const {
    std::string text;
    if (empty_) return text;
    for (const auto least : least_) {
      text += static_cast<char>(least >> 40);
      text += static_cast<char>(least >> 48);
    }
    return text;
  }

 private:
  std::array<std::uint64_t, kSimilarityHashes> least_{};
  bool empty_ = true;
};

std::uint64_t feature(char kind, std::string_view a, std::string_view b = {}) {
  const auto h = XXH3_64bits_withSeed(a.data(), a.size(), static_cast<std::uint64_t>(kind));
  return b.empty() ? h : XXH3_64bits_withSeed(b.data(), b.size(), h);
}

void add_words(MinHash& hash, std::string_view text) {
  thread_local std::string scratch;
  const auto form = message_skeleton(significant_lines(text), scratch);
  std::size_t words = 0;
  for (std::size_t at = 0; at < form.size() && words < kMostWords;) {
    const auto end = std::min(form.find(' ', at), form.size());
    const auto word = form.substr(at, end - at);
    if (word.size() > 1 && word != "<*>") {
      hash.add(feature('w', word));
      ++words;
    }
    at = end + 1;
  }
}

void add_frames(MinHash& hash, std::span<const Frame> frames, std::string_view platform) {
  thread_local TextPool pool;
  pool.clear();
  std::size_t near = 0;
  for (std::size_t i = 0; i < std::min(frames.size(), kMostFrames); ++i) {
    const auto& frame = frames[frames.size() - 1 - i];  // newest first
    const auto parts = frame_parts(frame, platform, pool);
    if (parts.empty() || parts.role == FrameRole::runner) continue;
    const bool app = parts.role == FrameRole::app;
    const int weight = app ? (near++ < kNearestFrames ? kNearFrameWeight : kAppFrameWeight) : 1;
    hash.add(feature('f', parts.module.empty() ? parts.filename : parts.module, parts.function), weight);
  }
}

}  // namespace

std::string similarity_signature(const Event& event) {
  MinHash hash;
  for (const auto& exception : event.exceptions) {
    if (!exception.type.empty()) hash.add(feature('t', exception.type), kTypeWeight);
    add_words(hash, exception.value);
    add_frames(hash, exception.frames, event.platform);
  }
  if (event.exceptions.empty()) {
    add_words(hash, event.message_template.empty() ? event.message : event.message_template);
  }
  add_frames(hash, event.stacktrace, event.platform);
  for (const auto& thread : event.threads) {
    if (event.exceptions.empty() && (thread.crashed || thread.current || event.threads.size() == 1)) {
      add_frames(hash, thread.frames, event.platform);
    }
  }
  return hash.signature();
}

double likeness(std::string_view a, std::string_view b) {
  constexpr std::size_t kBytes = kSimilarityHashes * 2;
  if (a.size() != kBytes || b.size() != kBytes) return 0;
  std::size_t same = 0;
  for (std::size_t i = 0; i < kBytes; i += 2) same += a[i] == b[i] && a[i + 1] == b[i + 1] ? 1U : 0U;
  return static_cast<double>(same) / kSimilarityHashes;
}

}  // namespace mesher::nodes
