// How well grouping finds the bugs behind real failures. MESHER_GROUPING_CORPUS names another corpus of the same format
// (tests/data/README.md), one JSON object a line.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/unit/nodes/sample_event.hpp"

namespace mesher {
namespace {

using nlohmann::json;

json event_of(const json& failure) {
  json frames = json::array();
  for (auto f = failure["frames"].rbegin(); f != failure["frames"].rend(); ++f) {
    frames.push_back(
        {{"module", (*f)["cls"]}, {"function", (*f)["fn"]}, {"filename", (*f)["file"]}, {"lineno", (*f)["line"]}});
  }
  return {{"platform", "java"},
          {"exception",
           {{"values",
             {{{"type", failure["type"]}, {"value", failure["message"]}, {"stacktrace", {{"frames", frames}}}}}}}}};
}

bool is_assertion(const std::string& type) {
  return type.ends_with("AssertionFailedError") || type.ends_with("AssertionError") ||
         type.ends_with("ComparisonFailure");
}

TEST(GROUP_01_corpus, b_cubed_f1_on_java_failures) {
  const char* named = std::getenv("MESHER_GROUPING_CORPUS");
  std::ifstream in(named != nullptr ? named : MESHER_TEST_DATA "/java-failures-sample.jsonl");
  std::map<std::string, std::map<std::string, double>> buckets_of_group;
  std::map<std::string, double> bucket_sizes;
  double all = 0;
  for (std::string line; std::getline(in, line);) {
    const auto failure = json::parse(line);
    if (is_assertion(failure["type"])) continue;
    const std::string bucket = failure["bucket"];
    buckets_of_group[testing::hash_of(event_of(failure).dump())][bucket] += 1;
    bucket_sizes[bucket] += 1;
    all += 1;
  }
  ASSERT_GT(all, 50);
  double precision = 0, recall = 0;
  for (const auto& [group, buckets] : buckets_of_group) {
    double size = 0;
    for (const auto& [bucket, n] : buckets) size += n;
    for (const auto& [bucket, n] : buckets) {
      precision += n * n / size / all;
      recall += n * n / bucket_sizes[bucket] / all;
    }
  }
  const double f1 = 2 * precision * recall / (precision + recall);
  std::printf("%.0f failures, %zu bugs, %zu groups: B3 precision %.3f recall %.3f F1 %.3f\n", all, bucket_sizes.size(),
              buckets_of_group.size(), precision, recall, f1);
  EXPECT_GE(f1, 0.88);
}

}  // namespace
}  // namespace mesher
