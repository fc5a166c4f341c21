#include "cluster/secret.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "nodes/coerce.hpp"

namespace mesher::cluster {
namespace {

constexpr std::size_t kShortest = 16;

}  // namespace

Result<std::string> shared_secret(const std::string& given, const std::filesystem::path& file) {
  if (given.empty() && file.empty()) {
    return Error{ErrorCode::invalid, "--join needs the secret that the nodes share",
                 "give it as MESHER_CLUSTER_SECRET or in a file (--cluster-secret-file)"};
  }
  if (!given.empty() && !file.empty()) {
    return Error{ErrorCode::invalid, "the cluster's secret is given twice, as text and as a file", "give one of them"};
  }
  std::string secret(nodes::trim(given));
  if (!file.empty()) {
    std::ifstream in(file, std::ios::binary);
    if (!in) {
      return Error{ErrorCode::not_found, fmt::format("--cluster-secret-file: {} can't be read", file.string()), {}};
    }
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    secret = nodes::trim(text);
  }
  if (secret.size() < kShortest) {
    return Error{ErrorCode::invalid, fmt::format("the cluster's secret is shorter than {} characters", kShortest),
                 "make one with: openssl rand -hex 32"};
  }
  return secret;
}

}  // namespace mesher::cluster
