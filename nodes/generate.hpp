#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>

#include "graph/base/clock.hpp"
#include "graph/node.hpp"

namespace mesher::nodes {

/// Source of synthetic events, to measure nodes without clients, journal and database.
///
/// A fixed set of payloads (1,024, of about 2 kB: exception, a dozen frames, tags, user) is made and read once, from
/// `seed`; every event is one of them with an id and a time of its own, so that the generator costs next to nothing
/// beside what it feeds. The payloads are of `issues` different errors, some of them far more often than others. The
/// same options give the same events with the same ids, in the same order.
///
/// One thread calls next().
class Generator final : public graph::Source {
 public:
  struct Options {
    double rate = 0;           ///< events a second; 0: as many as there is room for
    std::uint64_t events = 0;  ///< ends after so many; 0: endless
    std::size_t batch = 256;   ///< events in a batch
    std::uint32_t issues = 100;
    std::uint32_t project = 1;
    std::uint64_t seed = 1;
  };
  Generator(Options options, const Clock& clock);
  ~Generator() override;

  [[nodiscard]] std::uint32_t partitions() const override { return 1; }
  [[nodiscard]] std::string_view produces() const override;
  std::optional<Item> next(std::uint32_t partition, std::stop_token stop) override;
  void settled(graph::Origin, std::unique_ptr<graph::Ledger>) override {}
  void rewind() override {}

 private:
  struct Pool;
  class Pace;

  const Options options_;
  const Clock& clock_;
  const std::shared_ptr<const Pool> pool_;
  const std::unique_ptr<Pace> pace_;
  std::uint64_t made_ = 0, batches_ = 0;
};

/// Node type `generate`: no inputs, produces events. They are in nobody's books: they can't be stored by batch_write,
/// but go through every other node.
[[nodiscard]] graph::NodeSpec generate_spec(const Clock* clock);

}  // namespace mesher::nodes
