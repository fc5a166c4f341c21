#include "io/http/connection_quota.hpp"

#include <utility>

namespace mesher::http {

ConnectionQuota::Unit ConnectionQuota::enter(const std::string& address, bool exempt) {
  if (count_.fetch_add(1) >= limit_) {
    --count_;
    return {};
  }
  if (exempt) return {shared_from_this(), {}};
  const std::lock_guard lock(mutex_);
  auto& open = by_address_[address];
  if (open >= limit_per_address_) {
    if (open == 0) by_address_.erase(address);
    --count_;
    return {};
  }
  ++open;
  return {shared_from_this(), address};
}

bool ConnectionQuota::wait_empty_until(std::chrono::steady_clock::time_point until) {
  std::unique_lock lock(mutex_);
  return returned_.wait_until(lock, until, [this] { return count_ == 0; });
}

ConnectionQuota::Unit::~Unit() {
  if (!quota_) return;
  const std::lock_guard lock(quota_->mutex_);
  if (!address_.empty()) {
    const auto at = quota_->by_address_.find(address_);
    if (--at->second == 0) quota_->by_address_.erase(at);
  }
  if (--quota_->count_ == 0) quota_->returned_.notify_all();
}

}  // namespace mesher::http
