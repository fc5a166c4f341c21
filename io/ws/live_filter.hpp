#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/base/clock.hpp"
#include "nodes/event.hpp"
#include "nodes/query/marks.hpp"
#include "nodes/query/match.hpp"

namespace mesher::ws {

/// Which events of a project a subscription wants: all conditions that are given must hold. Pure.
struct LiveFilter {
  std::uint8_t levels = 0;  ///< bit per nodes::Level; 0: any
  std::vector<std::string> environments;
  std::vector<std::pair<std::string, std::vector<std::string>>> tags;  ///< each key must have one of its values
  std::int64_t issue_id = 0;                                           ///< 0: any
  std::shared_ptr<const query::Matcher> matcher = nullptr;             ///< of the query; null: any
  query::Requirement required = {};                                    ///< what every event has that passes
  std::string key = {};  ///< the same for filters that are written the same, whatever the order

  [[nodiscard]] bool passes(const nodes::Event& event) const;
};

/// From where a subscription goes on after a reconnect: behind this event, or behind what was received at this time.
struct LiveSince {
  std::optional<nodes::EventId> event;
  UnixMicros time = 0;
};

/// What a client asks for in one text frame.
struct LiveRequest {
  enum class Type : std::uint8_t { subscribe, unsubscribe } type = Type::subscribe;
  std::string id;
  std::uint32_t project_id = 0;
  LiveFilter filter;
  std::optional<LiveSince> since;
};

/// A request that can't be read: what is wrong, and with which subscription if its id could be read.
struct LiveMistake {
  std::string id;
  std::string code;  ///< invalid_message, invalid_filter or invalid_query
  std::string message;
  std::size_t position = 0;  ///< of invalid_query: character of the query, from 1
};

/// One of the two is set.
struct ParsedLiveRequest {
  std::optional<LiveRequest> request;
  LiveMistake mistake;
};
[[nodiscard]] ParsedLiveRequest parse_live_request(std::string_view text);

}  // namespace mesher::ws
