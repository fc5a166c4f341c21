#include "io/cli/replay.hpp"

#include <utility>

#include "nodes/record.hpp"

namespace mesher::cli {

api::Replay replay_into(nodes::ports::Journal& journal) {
  return [&journal](std::vector<postgres::QuarantineEntry> entries, std::function<void(Status)> done) {
    nodes::ports::AppendBlock block;
    for (const auto& entry : entries) {
      nodes::Record record;
      record.replayed = true;
      record.project_id = entry.project_id;
      record.key_id = entry.key_id;
      record.received = entry.received_at;
      record.event_id = entry.event_id;
      record.body = entry.payload;
      nodes::encode(record, block.bytes);
      block.ends.push_back(static_cast<std::uint32_t>(block.bytes.size()));
    }
    journal.append(std::move(block), std::move(done));
  };
}

}  // namespace mesher::cli
