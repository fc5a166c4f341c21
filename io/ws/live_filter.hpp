#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/base/result.hpp"
#include "nodes/event.hpp"

namespace mesher::ws {

/// Which events of a project a subscription wants: all conditions that are given must hold. Pure.
struct LiveFilter {
  std::uint8_t levels = 0;  ///< bit per nodes::Level; 0: any
  std::vector<std::string> environments;
  std::vector<std::pair<std::string, std::vector<std::string>>> tags;  ///< each key must have one of its values
  std::int64_t issue_id = 0;                                           ///< 0: any

  [[nodiscard]] bool passes(const nodes::Event& event) const;
};

/// What a client asks for in one text frame.
struct LiveRequest {
  enum class Type : std::uint8_t { subscribe, unsubscribe } type = Type::subscribe;
  std::string id;
  std::uint32_t project_id = 0;
  LiveFilter filter;
};

/// A request that can't be read: what is wrong, and with which subscription if its id could be read.
struct LiveMistake {
  std::string id;
  std::string code;  ///< invalid_message, invalid_filter or not_supported
  std::string message;
};

/// One of the two is set.
struct ParsedLiveRequest {
  std::optional<LiveRequest> request;
  LiveMistake mistake;
};
[[nodiscard]] ParsedLiveRequest parse_live_request(std::string_view text);

}  // namespace mesher::ws
