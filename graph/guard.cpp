#include "graph/guard.hpp"

#include <exception>
#include <iterator>
#include <numeric>

namespace mesher::graph {
namespace {

void move_all(std::vector<Guarded::Poison>& from, std::vector<Guarded::Poison>& to) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  from.clear();
}

}  // namespace

bool process_once(Node& node, Batch& batch, std::string& reason) noexcept {
  try {
    node.process(batch);
    return true;
  } catch (const std::exception& error) {
    reason = error.what();
  } catch (...) {
    reason = "something that is no std::exception was thrown";
  }
  batch.drops().clear();
  batch.routes().clear();
  return false;
}

Batch split_half(Batch& batch) {
  const std::size_t n = batch.content().size();
  std::vector<std::uint32_t> second(n - n / 2);
  std::iota(second.begin(), second.end(), static_cast<std::uint32_t>(n / 2));
  return Batch(batch.content().take(second), batch.receipt(), batch.slot());
}

Guarded process_apart(Node& node, Batch failed, std::string first_reason, Supervisor& supervisor, bool retried) {
  Guarded out;
  out.errors = 1;
  std::string reason = std::move(first_reason);
  std::vector<Guarded::Poison> suspects;  // failed alone; poison unless the node turns out to be to blame
  std::vector<Batch> pile;                // the work that is left, next one at the back
  const auto fell = [&](Batch batch) {
    if (batch.content().size() > 1) {
      Batch second = split_half(batch);
      pile.push_back(std::move(second));
      pile.push_back(std::move(batch));
    } else if (batch.content().size() == 1) {
      suspects.push_back({std::move(batch), reason});
      const auto verdict = supervisor.single_failed(std::chrono::steady_clock::now());
      return verdict == Supervisor::Verdict::restart && !retried;
    }
    return false;
  };
  bool restart = fell(std::move(failed));
  while (!restart && !pile.empty()) {
    Batch batch = std::move(pile.back());
    pile.pop_back();
    if (process_once(node, batch, reason)) {
      supervisor.succeeded();
      move_all(suspects, out.poison);
      out.done.push_back(std::move(batch));
      continue;
    }
    ++out.errors;
    restart = fell(std::move(batch));
  }
  if (restart) {
    for (auto& suspect : suspects) out.again.push_back(std::move(suspect.item));
    out.again.insert(out.again.end(), std::make_move_iterator(pile.rbegin()), std::make_move_iterator(pile.rend()));
  } else {
    move_all(suspects, out.poison);
  }
  return out;
}

}  // namespace mesher::graph
