// Any bytes as a segment file: the journal opens, reads to the end, takes a record and reads it back. The first byte
// says whether checksums of what looks like a frame or a header are repaired, so that the fuzzer gets past them.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <future>
#include <string>
#include <vector>

#include "graph/base/log.hpp"
#include "graph/base/metrics.hpp"
#include "io/journal/format.hpp"
#include "io/journal/identity.hpp"
#include "io/journal/inspect.hpp"
#include "io/journal/local_journal.hpp"
#include "tests/unit/io/journal/memory_env.hpp"

namespace {

using namespace mesher;
using namespace mesher::io::journal;

constexpr std::uint64_t kNumber = 1;

template <class T>
T take(const std::string& from, std::size_t at) {
  T value;
  std::memcpy(&value, from.data() + at, sizeof value);
  return value;
}

void repair_frame(std::string& segment, std::size_t at, std::uint64_t key) {
  FrameHeader header;
  header.payload_bytes = take<std::uint32_t>(segment, at + 4);
  header.records = take<std::uint32_t>(segment, at + 8);
  header.group_offset = take<std::uint32_t>(segment, at + 12);
  header.sequence = take<std::uint64_t>(segment, at + 16) % (kMaxSequence / 2);  // room for the mark
  const auto ends_bytes = std::uint64_t{header.records} * 4;
  if (at + kFrameHeaderBytes + ends_bytes + header.payload_bytes <= segment.size()) {
    std::vector<std::uint32_t> ends(header.records);
    std::memcpy(ends.data(), segment.data() + at + kFrameHeaderBytes, ends_bytes);
    const auto* payload = segment.data() + at + kFrameHeaderBytes + ends_bytes;
    header.body_checksum = body_checksum(ends, {payload, header.payload_bytes});
  }
  const auto bytes = encode(header, key);
  segment.replace(at, bytes.size(), bytes.data(), bytes.size());
}

void repair(std::string& segment, const JournalId& id) {
  if (segment.size() >= kSegmentHeaderBytes) {
    SegmentHeader header{id, 0, kNumber, take<std::uint64_t>(segment, 40), take<std::uint64_t>(segment, 48)};
    const auto bytes = encode(header);
    segment.replace(0, bytes.size(), bytes.data(), bytes.size());
  }
  const auto key = segment_key(id, 0, kNumber);
  // From the end, since a frame's checksum covers frames that lie within it.
  std::vector<std::size_t> starts;
  for (std::size_t at = find_frame_start(segment, kSegmentHeaderBytes); at + kFrameHeaderBytes <= segment.size();
       at = find_frame_start(segment, at + kFrameAlignment)) {
    starts.push_back(at);
  }
  for (auto at = starts.rbegin(); at != starts.rend(); ++at) repair_frame(segment, *at, key);
}

void check(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  log::set_level(log::Level::error);
  if (size == 0) return 0;
  std::string segment(reinterpret_cast<const char*>(data) + 1, size - 1);
  JournalId id{};
  if (data[0] % 2 == 1) repair(segment, id);

  mesher::io::journal::test::MemoryEnv env;
  ManualClock clock;
  Metrics metrics;
  LocalJournalOptions options;
  options.directory = "/j";
  options.partitions = 1;
  options.min_free_disk = 0;
  options.prepare_ahead = false;
  options.env = &env;
  options.clock = &clock;
  check(bool(write_identity(env, "/j", id)));
  env.plant("/j/" + segment_name(0, kNumber), std::move(segment));
  check(bool(inspect("/j", env)));

  auto opened = LocalJournal::open(options, metrics);
  check(bool(opened));
  auto& journal = **opened;
  const std::string mark = "\x01the mark of the fuzz target\x01";
  std::promise<bool> answer;
  journal.append(0, {mark, {static_cast<std::uint32_t>(mark.size())}},
                 [&](Status status) { answer.set_value(bool(status)); });
  if (!answer.get_future().get()) return 0;
  std::uint64_t next = 0;
  for (bool found = false; !found;) {
    const auto chunk = journal.read(0, next, 1 + data[0] / 2, 1 << 16, {});
    check(chunk && !chunk->entries.empty() && chunk->next > next);
    found = chunk->entries.back() == mark;
    next = chunk->next;
  }
  journal.release(0, next);
  return 0;
}
