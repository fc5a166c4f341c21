#pragma once

#include <map>
#include <mutex>
#include <string>

#include "graph/base/error.hpp"

namespace mesher::postgres {

/// Whether what talks to PostgreSQL in the background gets on, for /readyz. Each user reports under a name of its own
/// ("writer 0", "projects"). Any thread.
class Health {
 public:
  void works(const std::string& user) {
    const std::lock_guard lock(mutex_);
    troubles_.erase(user);
  }
  void fails(const std::string& user, const Error& error) {
    const std::lock_guard lock(mutex_);
    troubles_[user] = error.message;
  }
  /// Nothing to worry about.
  [[nodiscard]] bool good() const {
    const std::lock_guard lock(mutex_);
    return troubles_.empty();
  }
  /// "database: writer 0: connection refused", or empty.
  [[nodiscard]] std::string reason() const {
    const std::lock_guard lock(mutex_);
    if (troubles_.empty()) return {};
    return "database: " + troubles_.begin()->first + ": " + troubles_.begin()->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> troubles_;  // guarded by mutex_
};

}  // namespace mesher::postgres
