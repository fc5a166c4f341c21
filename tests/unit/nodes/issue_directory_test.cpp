#include "nodes/issue_directory.hpp"

#include <gtest/gtest.h>

#include <map>
#include <thread>

namespace mesher::nodes {
namespace {

/// Answers what the test says, and counts the questions.
class ToldIssues final : public ports::IssueStore {
 public:
  Result<std::vector<Found>> find_or_create(std::span<const Wanted> wanted) override {
    ++asked;
    last.assign(wanted.begin(), wanted.end());
    std::vector<Found> found;
    for (const auto& entry : wanted) found.push_back(answers[entry.hashes.front()]);
    return found;
  }
  std::map<Fingerprint, Found> answers;
  std::vector<Wanted> last;
  int asked = 0;
};

struct Fixture {
  ToldIssues store;
  IssueDirectory directory{store};
  std::array<Fingerprint, 2> hashes{Fingerprint{1}, Fingerprint{2}};

  Event event(std::size_t hash) {
    Event event;
    event.project_id = 1;
    event.hashes = {&hashes[hash], 1};
    return event;
  }
  Event looked_up(std::size_t hash) {
    Event one = event(hash);
    if (directory.fill_known({&one, 1}) > 0) {
      EXPECT_TRUE(directory.fill_missing({&one, 1}));
    }
    return one;
  }
};

TEST(GROUP_04_issue_directory, asks_once_and_gives_events_their_issue_and_epoch) {
  Fixture f;
  f.store.answers[f.hashes[0]] = {7, 3};
  for (int i = 0; i < 3; ++i) {
    const auto event = f.looked_up(0);
    EXPECT_EQ(event.issue_id, 7);
    EXPECT_EQ(event.issue_epoch, 3);
  }
  EXPECT_EQ(f.store.asked, 1);
}

TEST(GROUP_06_issue_directory, looks_again_for_what_is_forgotten) {
  Fixture f;
  f.store.answers[f.hashes[0]] = {7, 0};
  auto event = f.looked_up(0);
  f.store.answers[f.hashes[0]] = {8, 1};
  Event* events[] = {&event};
  f.directory.forget(events);
  EXPECT_EQ(event.issue_id, 0);
  EXPECT_EQ(f.looked_up(0).issue_id, 8);
  EXPECT_EQ(f.looked_up(0).issue_epoch, 1);
}

TEST(ISSUE_05_issue_directory, believes_in_a_discarded_hash_for_half_a_second) {
  Fixture f;
  f.store.answers[f.hashes[0]] = {kDiscardedIssue, 0};
  EXPECT_EQ(f.looked_up(0).issue_id, kDiscardedIssue);
  EXPECT_EQ(f.looked_up(0).issue_id, kDiscardedIssue);
  EXPECT_EQ(f.store.asked, 1);
  f.store.answers[f.hashes[0]] = {9, 0};
  const auto began = std::chrono::steady_clock::now();
  while (f.looked_up(0).issue_id != 9) std::this_thread::yield();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(30));
  EXPECT_EQ(f.store.asked, 2);
}

TEST(ISSUE_04_issue_directory, tells_paths_and_tags_for_the_owners) {
  Fixture f;
  f.store.answers[f.hashes[0]] = {7, 0};
  Event event = f.event(0);
  Frame frame;
  frame.filename = "src/a.py";
  frame.abs_path = "/app/src/a.py";
  Exception exception;
  exception.frames = {&frame, 1};
  const Tag tag{"customer", "acme"};
  event.exceptions = {&exception, 1};
  event.tags = {&tag, 1};
  event.environment = "production";
  EXPECT_TRUE(f.directory.fill_missing({&event, 1}));
  ASSERT_EQ(f.store.last.size(), 1U);
  EXPECT_EQ(f.store.last[0].paths, (std::vector<std::string>{"src/a.py", "/app/src/a.py"}));
  EXPECT_EQ(f.store.last[0].tags.size(), 2U);
}

}  // namespace
}  // namespace mesher::nodes
