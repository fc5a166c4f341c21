#include "io/cli/top_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace mesher::cli {
namespace {

using Json = nlohmann::json;

struct Row {
  const TopNode* node;
  double in, out, bytes, fill, busy;
  std::uint64_t errors, drops, waits;
};

/// What was counted between the samples; a node that was made anew counts from 0.
std::uint64_t grown(std::uint64_t before, std::uint64_t now) {
  return now >= before ? now - before : now;
}

Row row_of(const TopSample& before, const TopNode& node, double seconds) {
  static const TopNode kNew;
  const auto at = std::find_if(before.nodes.begin(), before.nodes.end(), [&](const TopNode& old) {
    return old.name == node.name && old.type == node.type && old.busy_seconds <= node.busy_seconds;
  });
  const TopNode& old = at == before.nodes.end() ? kNew : *at;
  const auto rate = [&](std::uint64_t was, std::uint64_t is) { return static_cast<double>(grown(was, is)) / seconds; };
  return {&node,
          rate(old.items_in, node.items_in),
          rate(old.items_out, node.items_out),
          rate(old.bytes_in, node.bytes_in),
          node.buffer == 0 ? 0 : 100.0 * node.inside / node.buffer,
          (node.busy_seconds - old.busy_seconds) / seconds,
          grown(old.errors + old.quarantined, node.errors + node.quarantined),
          grown(old.drops, node.drops),
          grown(old.waits, node.waits)};
}

double key_of(const Row& row, TopOrder order) {
  switch (order) {
    case TopOrder::in:
      return row.in;
    case TopOrder::fill:
      return row.fill;
    case TopOrder::busy:
      return row.busy;
    case TopOrder::errors:
      return static_cast<double>(row.errors);
    case TopOrder::waits:
      return static_cast<double>(row.waits);
    case TopOrder::graph:
      break;
  }
  return 0;
}

/// "950", "12.3k", "4.5M"
std::string short_number(double value) {
  if (value < 10'000) return fmt::format("{:.0f}", value);
  if (value < 10'000'000) return fmt::format("{:.1f}k", value / 1e3);
  return fmt::format("{:.1f}M", value / 1e6);
}

}  // namespace

Result<TopSample> read_top_sample(std::string_view text) {
  TopSample sample;
  try {
    const auto json = Json::parse(text);
    sample.generation = json.at("generation").get<std::uint64_t>();
    sample.healthy = json.at("healthy").get<bool>();
    if (json.at("reason").is_string()) sample.reason = json.at("reason").get<std::string>();
    for (const auto& one : json.at("nodes")) {
      TopNode node;
      node.name = one.at("name").get<std::string>();
      node.type = one.at("type").get<std::string>();
      node.buffer = one.value("buffer", 0U);
      if (const auto figures = one.find("figures"); figures != one.end() && figures->is_object()) {
        node.health = figures->value("health", "");
        node.items_in = figures->value("items_in", std::uint64_t{0});
        node.items_out = figures->value("items_out", std::uint64_t{0});
        node.bytes_in = figures->value("bytes_in", std::uint64_t{0});
        node.errors = figures->value("errors", std::uint64_t{0});
        node.quarantined = figures->value("quarantined", std::uint64_t{0});
        node.waits = figures->value("waits", std::uint64_t{0});
        node.inside = figures->value("inside", 0U);
        node.buffer = figures->value("buffer", node.buffer);
        node.busy_seconds = figures->value("busy_seconds", 0.0);
        if (const auto drops = figures->find("drops"); drops != figures->end() && drops->is_object()) {
          for (const auto& [outcome, count] : drops->items()) node.drops += count.get<std::uint64_t>();
        }
      }
      sample.nodes.push_back(std::move(node));
    }
  } catch (const Json::exception& error) {
    return Error{ErrorCode::invalid, std::string("the server's answer can't be read: ") + error.what(), ""};
  }
  return sample;
}

TopOrder next(TopOrder order) {
  return order == TopOrder::waits ? TopOrder::graph : static_cast<TopOrder>(static_cast<int>(order) + 1);
}

std::string_view name_of(TopOrder order) {
  switch (order) {
    case TopOrder::in:
      return "in";
    case TopOrder::fill:
      return "fill";
    case TopOrder::busy:
      return "busy";
    case TopOrder::errors:
      return "errors";
    case TopOrder::waits:
      return "waits";
    case TopOrder::graph:
      break;
  }
  return "graph";
}

std::string top_table(const TopSample& before, const TopSample& now, double seconds, TopOrder order) {
  std::vector<Row> rows;
  std::size_t name = 4, type = 4;
  for (const auto& node : now.nodes) {
    rows.push_back(row_of(before, node, seconds));
    name = std::max(name, node.name.size());
    type = std::max(type, node.type.size());
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const Row& a, const Row& b) { return key_of(a, order) > key_of(b, order); });
  auto out =
      fmt::format("{:<{}}  {:<{}}  {:<10}  {:>8}  {:>8}  {:>9}  {:>6}  {:>5}  {:>6}  {:>6}  {:>6}\n", "NODE", name,
                  "TYPE", type, "HEALTH", "IN/S", "OUT/S", "KIB/S", "FILL", "BUSY", "ERRORS", "DROPS", "WAITS");
  for (const auto& row : rows) {
    out += fmt::format("{:<{}}  {:<{}}  {:<10}  {:>8}  {:>8}  {:>9}  {:>5.0f}%  {:>5.2f}  {:>6}  {:>6}  {:>6}\n",
                       row.node->name, name, row.node->type, type, row.node->health, short_number(row.in),
                       short_number(row.out), short_number(row.bytes / 1024), row.fill, row.busy, row.errors, row.drops,
                       row.waits);
  }
  return out;
}

}  // namespace mesher::cli
