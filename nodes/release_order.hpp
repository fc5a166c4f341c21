#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mesher::nodes {

/// The version in a release's name, if it has one: `[package@][v]1.2[.3[.4]][-pre.release][+build]`. Views point into
/// the name.
struct ReleaseVersion {
  std::string_view package;
  std::array<std::uint64_t, 4> numbers{};
  std::string_view prerelease;
};

/// Nothing for commits, single numbers and other names without an order of their own.
[[nodiscard]] std::optional<ReleaseVersion> parse_release(std::string_view name);

/// Below 0, 0 or above 0, as semver.org (2.0.0, section 11) orders versions; packages are not compared.
[[nodiscard]] int compare_releases(const ReleaseVersion& a, const ReleaseVersion& b);

}  // namespace mesher::nodes
