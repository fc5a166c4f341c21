#include "cluster/secret.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

namespace mesher::cluster {
namespace {

constexpr std::size_t kShortest = 16;
constexpr const char* kBlanks = " \t\r\n";

std::string trimmed(const std::string& text) {
  const auto from = text.find_first_not_of(kBlanks);
  if (from == std::string::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlanks) - from + 1);
}

}  // namespace

Result<std::string> shared_secret(const std::string& given, const std::filesystem::path& file) {
  if (given.empty() && file.empty()) {
    return Error{ErrorCode::invalid, "--join needs the secret that the nodes share",
                 "give it as MESHER_CLUSTER_SECRET or in a file (--cluster-secret-file)"};
  }
  if (!given.empty() && !file.empty()) {
    return Error{ErrorCode::invalid, "the cluster's secret is given twice, as text and as a file", "give one of them"};
  }
  auto secret = trimmed(given);
  if (!file.empty()) {
    std::ifstream in(file, std::ios::binary);
    if (!in) {
      return Error{ErrorCode::not_found, fmt::format("--cluster-secret-file: {} can't be read", file.string()), {}};
    }
    secret = trimmed({std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()});
  }
  if (secret.size() < kShortest) {
    return Error{ErrorCode::invalid, fmt::format("the cluster's secret is shorter than {} characters", kShortest),
                 "make one with: openssl rand -hex 32"};
  }
  return secret;
}

}  // namespace mesher::cluster
