#include "bench/load/tally.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <array>
#include <nlohmann/json.hpp>

namespace mesher::bench {
namespace {

using Json = nlohmann::ordered_json;

Json milliseconds(const LatencyHistogram& histogram) {
  const auto at = [&](double q) { return static_cast<double>(histogram.quantile(q)) * 1e-6; };
  return {{"mean", histogram.mean() * 1e-6},
          {"p50", at(0.5)},
          {"p90", at(0.9)},
          {"p99", at(0.99)},
          {"p999", at(0.999)},
          {"max", static_cast<double>(histogram.max()) * 1e-6}};
}

double processor_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

std::string as_text(const Json& value) {
  std::string text;
  for (const auto& [key, entry] : value.items()) {
    if (!entry.is_object()) {
      text += fmt::format("{:24} {}\n", key, entry.dump());
      continue;
    }
    text += fmt::format("{:24}", key);
    for (const auto& [name, number] : entry.items())
      text += number.is_number_float() ? fmt::format(" {} {:.3f}", name, number.get<double>())
                                       : fmt::format(" {} {}", name, number.dump());
    text += entry.empty() ? " none\n" : "\n";
  }
  return text;
}

}  // namespace

Status Tally::keep_ids(const std::string& path) {
  ids_file_.reset(std::fopen(path.c_str(), "w"));
  if (!ids_file_) return Error{ErrorCode::invalid, fmt::format("can't write {}", path), ""};
  return {};
}

void Tally::add_acknowledged(std::uint64_t number) {
  ++acknowledged_;
  if (!ids_file_) return;
  std::array<char, EventIds::kLength + 1> line{};
  ids_.write(number, line.data());
  line.back() = '\n';
  std::fwrite(line.data(), 1, line.size(), ids_file_.get());
}

std::string Tally::report(double started_at, double seconds, bool as_json) const {
  Json result{{"started_at", started_at},
              {"seconds", seconds},
              {"sent", sent_},
              {"acknowledged", acknowledged_},
              {"acknowledged_per_s", seconds > 0 ? static_cast<double>(acknowledged_) / seconds : 0},
              {"refused", Json(refused_)},
              {"unknown", unknown_},
              {"not_sent", not_sent_},
              {"errors", Json(errors_)},
              {"latency_ms", milliseconds(latency_)},
              {"processor_seconds", processor_seconds()}};
  for (const auto* empty : {"refused", "errors"})
    if (result[empty].is_null()) result[empty] = Json::object();
  if (live_.watched)
    result["live"] = {{"received", live_.received},
                      {"dropped", live_.dropped},
                      {"new_issues", live_.new_issues},
                      {"latency_ms", milliseconds(live_.latency)}};
  return as_json ? result.dump() + "\n" : as_text(result);
}

}  // namespace mesher::bench
