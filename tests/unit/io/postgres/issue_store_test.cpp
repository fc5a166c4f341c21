#include "io/postgres/issue_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <latch>
#include <set>
#include <thread>

#include "test_cluster.hpp"

namespace mesher::postgres {
namespace {

using testing::StoreFixture;
using testing::wanted;

TEST(GROUP_04_issue_store, eight_threads_that_want_the_same_hashes_get_the_same_issues) {
  StoreFixture f;
  constexpr std::size_t kThreads = 8, kHashes = 40;
  const auto other = testing::make_project(f.connection, "other");
  using Found = nodes::ports::IssueStore::Found;
  std::vector<std::vector<Found>> answers(kThreads);
  std::latch start(kThreads);
  std::vector<std::jthread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::vector<nodes::ports::IssueStore::Wanted> entries;
      for (std::size_t i = 0; i < kHashes; ++i) entries.push_back(wanted(i % 2 ? f.project : other, {i}));
      // Each asks in an order of its own.
      std::rotate(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(t * 5), entries.end());
      start.arrive_and_wait();
      auto ids = f.issues.find_or_create(entries);
      ASSERT_TRUE(ids) << ids.error().message;
      std::rotate(ids->begin(), ids->end() - static_cast<std::ptrdiff_t>(t * 5), ids->end());
      answers[t] = *ids;
    });
  }
  threads.clear();
  for (const auto& answer : answers) EXPECT_EQ(answer, answers.front());
  std::set<std::int64_t> distinct;
  for (const auto& found : answers[0]) distinct.insert(found.issue_id);
  EXPECT_EQ(distinct.size(), kHashes);
  EXPECT_EQ(f.number("select count(*) from issues"), 40);
  EXPECT_EQ(f.number("select count(*) from issue_hashes"), 40);
  EXPECT_EQ(f.number("select max(short_id) from issues"), 20);
  EXPECT_EQ(f.number("select count(distinct (project_id, short_id)) from issues"), 40);
}

TEST(GROUP_04_issue_store, the_first_known_hash_decides_and_the_others_are_attached) {
  StoreFixture f;
  const std::vector first{wanted(f.project, {1}), wanted(f.project, {2})};
  const auto made = f.issues.find_or_create(first);
  ASSERT_TRUE(made);
  const std::vector second{wanted(f.project, {7, 2, 1}), wanted(f.project, {7}), wanted(f.project, {8, 9}),
                           wanted(f.project, {9})};
  const auto found = f.issues.find_or_create(second);
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)[0], (*made)[1]);
  EXPECT_EQ((*found)[1], (*made)[1]);
  EXPECT_EQ((*found)[2], (*found)[3]);
  EXPECT_EQ(f.number("select count(*) from issues"), 3);
  EXPECT_EQ(f.number("select count(*) from issue_hashes"), 5);
}

TEST(ORG_02_issue_store, events_of_a_deleted_project_hold_nobody_up) {
  StoreFixture f;
  const std::vector unknown{wanted(999, {1}), wanted(f.project, {1}), wanted(999, {2})};
  const auto made = f.issues.find_or_create(unknown);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_NE((*made)[0], (*made)[2]);
  EXPECT_EQ(*f.issues.find_or_create(unknown), *made);
}

TEST(GROUP_04_issue_store, tells_what_it_cannot_do) {
  StoreFixture f;
  std::vector nothing{wanted(f.project, {1})};
  nothing[0].hashes.clear();
  const auto no_hash = f.issues.find_or_create(nothing);
  ASSERT_FALSE(no_hash);
  EXPECT_EQ(no_hash.error().code, ErrorCode::invalid);
  // And goes on.
  EXPECT_EQ(f.make_issues(1).size(), 1U);
}

}  // namespace
}  // namespace mesher::postgres
