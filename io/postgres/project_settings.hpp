#pragma once

#include <string>
#include <string_view>

#include "nodes/ports/projects.hpp"

namespace mesher::postgres {

/// projects.settings: everything of ProjectSettings that is not a column.
///   {"sample_rate": 1.0, "rate_limit_per_minute": 0, "retention_days": 90, "event_budget": 0,
///    "filters": {"localhost": false, "web_crawlers": false, "browser_extensions": false, "legacy_browsers": false,
///                "messages": [], "releases": [], "ip_addresses": []},
///    "scrub": {"enabled": true, "keys": [], "safe_keys": [], "ip_addresses": false},
///    "allowed_origins": [], "fingerprint_rules": "type:DatabaseError -> database-down\n"}
[[nodiscard]] std::string settings_to_json(const nodes::ports::ProjectSettings& settings);

/// Reads what is there into `settings`; what is missing or of another type keeps its default, members that are not
/// known are ignored, so that one bad value never stops ingestion.
void settings_from_json(std::string_view json, nodes::ports::ProjectSettings& settings);

}  // namespace mesher::postgres
