#include "bench/load/corpus.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <memory>
#include <nlohmann/json.hpp>

namespace mesher::bench {
namespace {

using Json = nlohmann::json;

// gzread passes plain files through as they are, so one path serves both.
Result<std::string> read_file(const std::string& path) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file) return Error{ErrorCode::not_found, fmt::format("can't open the corpus {}", path), "name one by --corpus"};
  std::string text;
  std::array<char, 1 << 16> block{};
  int n = 0;
  while ((n = gzread(file.get(), block.data(), block.size())) > 0)
    text.append(block.data(), static_cast<std::size_t>(n));
  if (n < 0) return Error{ErrorCode::invalid, fmt::format("{} is damaged", path), ""};
  return text;
}

std::string text_or_empty(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Failure failure_from(const Json& line) {
  Failure failure{text_or_empty(line, "type"), text_or_empty(line, "message"), {}, {}};
  for (const auto& cause : line.at("causes")) failure.causes.push_back(cause.get<std::string>());
  for (const auto& frame : line.at("frames")) {
    const auto number = frame.find("line");
    const bool known = number != frame.end() && number->is_number_integer();
    failure.calls.push_back({text_or_empty(frame, "cls"), text_or_empty(frame, "fn"), text_or_empty(frame, "file"),
                             known ? number->get<int>() : 0});
  }
  return failure;
}

}  // namespace

Result<std::vector<Failure>> read_corpus(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return text.error();
  std::vector<Failure> failures;
  std::string_view rest = *text;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.empty()) continue;
    try {
      failures.push_back(failure_from(Json::parse(line)));
    } catch (const Json::exception& wrong) {
      return Error{ErrorCode::invalid, fmt::format("{}:{}: {}", path, number, wrong.what()), ""};
    }
  }
  if (failures.empty()) return Error{ErrorCode::invalid, fmt::format("{} holds no failures", path), ""};
  return failures;
}

std::string sample_corpus_path() {
  return MESHER_BENCH_DATA "/java-failures-sample.jsonl.gz";
}

}  // namespace mesher::bench
