#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "io/journal/env.hpp"

namespace mesher::io::journal::test {

/// A disk in memory that does what real ones do to a journal: it loses what was not synced (any part of it, at any
/// byte), forgets renames whose directory was not synced, fills up, fails to write, fails to sync and drops the data
/// while it says the next sync is fine, and stops dead after so many operations. Any thread.
class MemoryEnv final : public Env {
 public:
  explicit MemoryEnv(std::uint64_t seed = 1) : random_(seed) {}

  // --- Faults ---
  void set_capacity(std::uint64_t bytes) {
    locked([&] { capacity_ = bytes; });
  }
  /// free_space() says so, whatever the capacity.
  void set_reported_free(std::optional<std::uint64_t> bytes) {
    locked([&] { reported_free_ = bytes; });
  }
  /// The disk stops dead at the n-th operation that changes something: that one is done in part.
  void stop_after(std::uint64_t operations) {
    locked([&] { operations_left_ = operations; });
  }
  /// Chances that a sync (or write) fails, in percent.
  void set_failures(unsigned sync_percent, unsigned write_percent) {
    locked([&] { sync_failures_ = sync_percent, write_failures_ = write_percent; });
  }
  [[nodiscard]] bool stopped() {
    return locked([&] { return operations_left_ == 0; });
  }
  /// The process ends, the machine goes on: all that was written is there.
  void restart() {
    locked([&] { operations_left_ = kNever, locks_.clear(); });
  }
  /// The machine loses power: what was synced is there, of the rest an arbitrary part.
  void power_cut() {
    locked([&] {
      const auto keep = pick(pending_names_.size() + 1);
      for (std::size_t i = 0; i < keep; ++i) pending_names_[i](durable_names_);
      pending_names_.clear();
      names_ = durable_names_;
      for (auto& [name, node] : names_) {
        lose_pending(*node);
        node->content = node->durable;
      }
      operations_left_ = kNever, locks_.clear();
    });
  }

  // --- Looking at and spoiling files ---
  std::vector<std::string> files() {
    return locked([&] {
      std::vector<std::string> out;
      for (const auto& [name, node] : names_) out.push_back(name);
      return out;
    });
  }
  std::string content(const std::string& path) {
    return locked([&] { return names_.contains(path) ? names_.at(path)->content : std::string(); });
  }
  /// Puts a file there as if it had always been.
  void plant(const std::string& path, std::string content) {
    locked([&] {
      auto node = std::make_shared<Node>();
      node->content = node->durable = std::move(content);
      names_[path] = durable_names_[path] = std::move(node);
    });
  }
  void flip(const std::string& path, std::uint64_t offset, char mask) {
    locked([&] {
      auto& node = *names_.at(path);
      for (auto* bytes : {&node.content, &node.durable}) {
        if (offset < bytes->size()) (*bytes)[offset] = static_cast<char>((*bytes)[offset] ^ mask);
      }
    });
  }
  void erase(const std::string& path) {
    locked([&] { names_.erase(path), durable_names_.erase(path); });
  }
  std::uint64_t used() {
    return locked([&] { return used_bytes(); });
  }
  /// Opening files fails with this code while it is set.
  void set_open_error(std::optional<ErrorCode> code) {
    locked([&] { open_error_ = code; });
  }
  /// Reads that touch this byte of any file fail.
  void set_bad_byte(std::optional<std::uint64_t> offset) {
    locked([&] { bad_byte_ = offset; });
  }

  // --- Env ---
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    return locked([&]() -> Result<std::unique_ptr<File>> {
      if (open_error_ && mode == OpenMode::read) return Error{*open_error_, "can't open " + path, {}};
      auto at = names_.find(path);
      if (mode == OpenMode::create) {
        if (at != names_.end()) return Error{ErrorCode::unavailable, "exists: " + path, {}};
        if (!step()) return dead();
        at = names_.emplace(path, std::make_shared<Node>()).first;
        pending_names_.push_back([path, node = at->second](Names& names) { names[path] = node; });
      } else if (at == names_.end()) {
        return Error{ErrorCode::not_found, "no such file: " + path, {}};
      }
      return std::unique_ptr<File>(std::make_unique<MemoryFile>(*this, at->second));
    });
  }
  Status rename(const std::string& from, const std::string& to) override {
    return change([=](Names& names) {
      if (names.contains(from)) names[to] = std::exchange(names[from], nullptr), names.erase(from);
    });
  }
  Status remove(const std::string& path) override {
    return change([=](Names& names) { names.erase(path); });
  }
  Status create_directories(const std::string&) override { return {}; }
  Status sync_directory(const std::string&) override {
    return locked([&]() -> Status {
      if (!step()) return dead();
      if (chance(sync_failures_)) return Error{ErrorCode::corrupt, "directory sync failed", {}};
      pending_names_.clear();
      durable_names_ = names_;
      return {};
    });
  }
  Result<std::vector<DirectoryEntry>> list(const std::string& path) override {
    return locked([&]() -> Result<std::vector<DirectoryEntry>> {
      std::vector<DirectoryEntry> out;
      for (const auto& [name, node] : names_) {
        if (name.starts_with(path + "/")) out.push_back({name.substr(path.size() + 1), node->content.size()});
      }
      return out;
    });
  }
  Result<std::uint64_t> free_space(const std::string&) override {
    return locked([&]() -> Result<std::uint64_t> {
      return reported_free_.value_or(capacity_ - std::min(capacity_, used_bytes()));
    });
  }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    return locked([&]() -> Result<std::unique_ptr<FileLock>> {
      if (!locks_.insert(path).second) return Error{ErrorCode::conflict, "data directory is in use by process 1", {}};
      return std::unique_ptr<FileLock>(std::make_unique<MemoryLock>(*this, path));
    });
  }

 private:
  struct Pending {
    std::uint64_t offset = 0;
    std::string bytes;
    bool truncates = false;  ///< to `offset`
  };
  struct Node {
    std::string content, durable;
    std::vector<Pending> pending;  ///< in content, not in durable
  };
  using Names = std::map<std::string, std::shared_ptr<Node>>;
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};

  class MemoryFile final : public File {
   public:
    MemoryFile(MemoryEnv& env, std::shared_ptr<Node> node) : env_(env), node_(std::move(node)) {}
    Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t size) override {
      return env_.locked([&]() -> Result<std::size_t> {
        if (env_.bad_byte_ && *env_.bad_byte_ >= offset && *env_.bad_byte_ < offset + size) {
          return Error{ErrorCode::corrupt, "bad sector", {}};
        }
        if (offset >= node_->content.size()) return std::size_t{0};
        return node_->content.copy(into, size, offset);
      });
    }
    Status write(std::uint64_t offset, std::span<const std::string_view> pieces) override {
      std::string bytes;
      for (const auto piece : pieces) bytes += piece;
      return env_.locked([&] { return env_.write(*node_, offset, std::move(bytes)); });
    }
    Status sync() override {
      return env_.locked([&] { return env_.sync(*node_); });
    }
    Status truncate(std::uint64_t size) override {
      return env_.locked([&]() -> Status {
        if (!env_.step()) return dead();
        apply(node_->content, {size, {}, true});
        node_->pending.push_back({size, {}, true});
        return {};
      });
    }
    Result<std::uint64_t> size() override {
      return env_.locked([&]() -> Result<std::uint64_t> { return std::uint64_t{node_->content.size()}; });
    }

   private:
    MemoryEnv& env_;
    std::shared_ptr<Node> node_;
  };

  class MemoryLock final : public FileLock {
   public:
    MemoryLock(MemoryEnv& env, std::string path) : env_(env), path_(std::move(path)) {}
    ~MemoryLock() override {
      env_.locked([&] { env_.locks_.erase(path_); });
    }
    MemoryLock(const MemoryLock&) = delete;
    MemoryLock& operator=(const MemoryLock&) = delete;

   private:
    MemoryEnv& env_;
    std::string path_;
  };

  template <class F>
  auto locked(F f) -> decltype(f()) {
    const std::lock_guard lock(mutex_);
    return f();
  }
  static Error dead() { return {ErrorCode::corrupt, "the disk is gone", {}}; }
  bool step() {
    if (operations_left_ == 0) return false;
    if (operations_left_ != kNever) --operations_left_;
    return operations_left_ != 0;
  }
  std::size_t pick(std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_); }
  bool chance(unsigned percent) { return percent > 0 && pick(100) < percent; }
  std::uint64_t used_bytes() const {
    std::uint64_t sum = 0;
    for (const auto& [name, node] : names_) sum += node->content.size();
    return sum;
  }
  static void apply(std::string& content, const Pending& change) {
    if (change.truncates) {
      content.resize(change.offset);
    } else {
      if (content.size() < change.offset + change.bytes.size()) content.resize(change.offset + change.bytes.size());
      content.replace(change.offset, change.bytes.size(), change.bytes);
    }
  }
  Status change(std::function<void(Names&)> how) {
    return locked([&]() -> Status {
      if (!step()) return dead();
      how(names_);
      pending_names_.push_back(std::move(how));
      return {};
    });
  }
  Status write(Node& node, std::uint64_t offset, std::string bytes) {
    const bool whole = step();
    if (!whole && operations_left_ == 0 && stopped_before_) return dead();
    const auto growth = offset + bytes.size() - std::min<std::uint64_t>(offset + bytes.size(), node.content.size());
    const auto room = capacity_ - std::min(capacity_, used_bytes());
    const bool full = growth > room;
    const bool fails = chance(write_failures_);
    if (!whole || full || fails) bytes.resize(pick(bytes.size() + 1));
    if (full) bytes.resize(std::min<std::size_t>(bytes.size(), room));
    if (!bytes.empty()) {
      node.pending.push_back({offset, bytes, false});
      apply(node.content, node.pending.back());
    }
    stopped_before_ = !whole;
    if (!whole) return dead();
    if (full) return Error{ErrorCode::exhausted, "no space left", {}};
    if (fails) return Error{ErrorCode::corrupt, "write failed", {}};
    return {};
  }
  Status sync(Node& node) {
    if (!step()) return dead();
    if (chance(sync_failures_)) {
      // What the kernel could not write it marks as written: the next sync has nothing to do and succeeds.
      lose_pending(node);
      return Error{ErrorCode::corrupt, "sync failed", {}};
    }
    for (const auto& change : node.pending) apply(node.durable, change);
    node.pending.clear();
    return {};
  }
  /// An arbitrary part of what was not synced reaches the disk: whole writes, parts of them, single bytes.
  void lose_pending(Node& node) {
    for (auto& change : node.pending) {
      const auto fate = pick(4);
      if (fate == 0) continue;
      if (fate == 1 && !change.truncates) change.bytes.resize(pick(change.bytes.size() + 1));
      if (fate == 2 && !change.truncates) {
        std::string mixed(change.bytes.size(), '\0');
        if (node.durable.size() > change.offset) node.durable.copy(mixed.data(), mixed.size(), change.offset);
        const auto part = 1 + pick(64);
        for (std::size_t at = 0; at < mixed.size(); at += part) {
          if (pick(2) == 0) mixed.replace(at, part, change.bytes, at, part);
        }
        change.bytes = std::move(mixed);
      }
      apply(node.durable, change);
    }
    node.pending.clear();
  }

  std::mutex mutex_;
  std::mt19937_64 random_;
  Names names_, durable_names_;
  std::vector<std::function<void(Names&)>> pending_names_;
  std::set<std::string> locks_;
  std::uint64_t capacity_ = std::uint64_t{1} << 40;
  std::optional<std::uint64_t> reported_free_;
  std::uint64_t operations_left_ = kNever;
  unsigned sync_failures_ = 0, write_failures_ = 0;
  bool stopped_before_ = false;
  std::optional<ErrorCode> open_error_;
  std::optional<std::uint64_t> bad_byte_;
};

}  // namespace mesher::io::journal::test
