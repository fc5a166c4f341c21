#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "nodes/event.hpp"
#include "nodes/glob.hpp"
#include "nodes/ports/projects.hpp"

namespace mesher::nodes {

/// A range of addresses, "10.0.0.0/8" or a single one. Matches nothing if it is not understood.
class AddressRange {
 public:
  explicit AddressRange(std::string_view text);
  [[nodiscard]] bool contains(std::string_view address) const;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  std::size_t size_ = 0;  ///< 4, 16, or 0: nothing
  std::size_t bits_ = 0;
};

/// The inbound filters of one project, ready to be applied. What each takes out: docs/filters.md. Immutable, any
/// thread.
class InboundFilters {
 public:
  explicit InboundFilters(const ports::FilterSettings& settings);

  /// Key of the first filter that takes the event out (a literal: "localhost", "web-crawlers", "browser-extensions",
  /// "legacy-browsers", "error-message", "release-version", "ip-address"), or empty.
  [[nodiscard]] std::string_view match(const Event& event) const;

 private:
  [[nodiscard]] bool message_matches(const Event& event) const;

  ports::FilterSettings settings_;
  std::vector<Glob> messages_, releases_;
  std::vector<AddressRange> addresses_;
  bool any_ = false;
};

/// The parts, for tests.
[[nodiscard]] bool is_web_crawler(std::string_view user_agent);
[[nodiscard]] bool is_legacy_browser(std::string_view user_agent);
[[nodiscard]] bool is_from_localhost(const Event& event);
[[nodiscard]] bool is_from_extension(const Event& event);

}  // namespace mesher::nodes
