#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "nodes/ports/journal.hpp"
#include "nodes/record.hpp"

namespace mesher::http::testing {

/// A journal in memory that a test can make slow or full.
class FakeJournal final : public nodes::ports::Journal {
 public:
  [[nodiscard]] std::uint32_t partitions() const override { return 2; }
  [[nodiscard]] std::string id() const override { return "fake"; }

  void append(nodes::ports::AppendBlock block, Appended done) override {
    {
      const std::lock_guard lock(mutex_);
      if (held_) return void(waiting_.push_back({std::move(block), std::move(done)}));
      if (!refusal_) store(block);
    }
    done(refusal_ ? Status(*refusal_) : Status());
  }
  std::optional<nodes::ports::ReadChunk> read(std::uint32_t, std::uint64_t, std::size_t, std::size_t,
                                              std::stop_token) override {
    return std::nullopt;
  }
  void release(std::uint32_t, std::uint64_t) override {}
  [[nodiscard]] nodes::ports::JournalStatus status() const override { return {}; }

  void refuse_with(std::optional<Error> refusal) { refusal_ = std::move(refusal); }
  /// Appends wait until let_go().
  void hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  [[nodiscard]] std::size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
  }
  void let_go() {
    std::vector<Waiting> waiting;
    {
      const std::lock_guard lock(mutex_);
      held_ = false;
      waiting.swap(waiting_);
      for (const auto& w : waiting) store(w.block);
    }
    for (auto& w : waiting) w.done({});
  }

  /// What was stored, decoded; the views live as long as this journal.
  [[nodiscard]] std::vector<nodes::Record> records(nodes::RecordKind kind = nodes::RecordKind::event) const {
    const std::lock_guard lock(mutex_);
    std::vector<nodes::Record> out;
    for (const auto& entry : entries_) {
      auto record = nodes::decode(*entry);
      if (record && record->kind == kind) out.push_back(*record);
    }
    return out;
  }
  /// All outcome counts stored, as "outcome/reason/category=quantity", in order.
  [[nodiscard]] std::vector<std::string> outcomes() const {
    std::vector<std::string> out;
    for (const auto& record : records(nodes::RecordKind::outcomes)) {
      const auto counts = nodes::outcomes_from_json(record.body);
      for (const auto& c : counts.value()) {
        out.push_back(c.outcome + "/" + c.reason + "/" + c.category + "=" + std::to_string(c.quantity));
      }
    }
    return out;
  }

 private:
  struct Waiting {
    nodes::ports::AppendBlock block;
    Appended done;
  };
  void store(const nodes::ports::AppendBlock& block) {
    std::size_t begin = 0;
    for (const auto end : block.ends) {
      entries_.push_back(std::make_unique<std::string>(block.bytes.substr(begin, end - begin)));
      begin = end;
    }
  }

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<std::string>> entries_;
  std::vector<Waiting> waiting_;
  bool held_ = false;
  std::optional<Error> refusal_;
};

}  // namespace mesher::http::testing
