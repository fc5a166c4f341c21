#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace mesher::nodes::ports {

/// Inbound filters of a project; what each matches: docs/filters.md.
struct FilterSettings {
  bool localhost = false;
  bool web_crawlers = false;
  bool browser_extensions = false;
  bool legacy_browsers = false;
  std::vector<std::string> messages;      ///< globs on message and "type: value", case-insensitive
  std::vector<std::string> releases;      ///< globs
  std::vector<std::string> ip_addresses;  ///< addresses or CIDR ranges
};

/// PII scrubbing of a project, on by default.
struct ScrubSettings {
  bool enabled = true;
  std::vector<std::string> keys;       ///< further key names whose values are replaced, beside the built-in ones
  std::vector<std::string> safe_keys;  ///< key names that are left alone
  bool ip_addresses = false;           ///< also the user's and client's addresses
};

struct ProjectSettings {
  std::uint32_t id = 0;
  std::uint32_t organization_id = 0;
  std::string slug, name, platform;
  double sample_rate = 1.0;
  std::uint32_t rate_limit_per_minute = 0;  ///< 0: none
  std::uint32_t retention_days = 90;
  std::uint32_t event_budget = 0;  ///< how many events are kept, about; 0: all of retention_days
  FilterSettings filters;
  ScrubSettings scrub;
  std::vector<std::string> allowed_origins;  ///< empty: any
  std::string fingerprint_rules;  ///< the text, see nodes/fingerprint_rules.hpp; mistakes in it are passed over
};

struct ProjectKey {
  std::uint32_t id = 0;
  std::uint32_t project_id = 0;
  std::string public_key;  ///< 32 lower-case hex digits
  bool enabled = true;
  std::uint32_t rate_limit_per_minute = 0;  ///< 0: none
};

/// All projects and keys at one moment. Immutable once published.
struct ProjectSnapshot {
  std::unordered_map<std::uint32_t, ProjectSettings> projects;
  std::unordered_map<std::string, ProjectKey> keys;  ///< by public key
  std::uint64_t version = 0;
};

/// The latest snapshot, for the door and for nodes. io/postgres publishes a new one within a second of a change.
/// Any thread; snapshot() costs a shared_ptr copy: take it once per batch or request.
class ProjectDirectory {
 public:
  [[nodiscard]] std::shared_ptr<const ProjectSnapshot> snapshot() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }
  void publish(std::shared_ptr<const ProjectSnapshot> next) {
    const std::lock_guard lock(mutex_);
    current_ = std::move(next);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const ProjectSnapshot> current_ = std::make_shared<ProjectSnapshot>();
};

}  // namespace mesher::nodes::ports
