#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "nodes/ports/projects.hpp"

namespace mesher::nodes {

/// Something compiled from the settings of a project, made when first asked for and again when the snapshot has a newer
/// version. Any thread.
template <class T>
class ProjectCache {
 public:
  /// `make(settings)` answers a T. Null if the project is not in the snapshot.
  template <class Make>
  std::shared_ptr<const T> get(const ports::ProjectSnapshot& snapshot, std::uint32_t project, Make make) {
    const std::lock_guard lock(mutex_);
    if (version_ != snapshot.version) {
      known_.clear();
      version_ = snapshot.version;
    }
    const auto known = known_.find(project);
    if (known != known_.end()) return known->second;
    const auto settings = snapshot.projects.find(project);
    if (settings == snapshot.projects.end()) return nullptr;
    return known_.emplace(project, std::make_shared<const T>(make(settings->second))).first->second;
  }

 private:
  std::mutex mutex_;
  std::uint64_t version_ = 0;
  std::unordered_map<std::uint32_t, std::shared_ptr<const T>> known_;
};

}  // namespace mesher::nodes
