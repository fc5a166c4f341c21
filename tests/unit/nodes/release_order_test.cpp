#include "nodes/release_order.hpp"

#include <gtest/gtest.h>

namespace mesher::nodes {
namespace {

TEST(ISSUE_01_release_order, is_that_of_semver) {
  const char* const ordered[] = {"1.0.0-alpha",  "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta",
                                 "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",       "1.0.0",
                                 "v1.0.1",       "1.2",           "1.10.0",           "2.0",
                                 "2.0.0.1",      "2026.11.21"};
  for (std::size_t i = 0; i < std::size(ordered); ++i) {
    const auto a = parse_release(ordered[i]);
    ASSERT_TRUE(a) << ordered[i];
    EXPECT_EQ(compare_releases(*a, *a), 0);
    for (std::size_t k = i + 1; k < std::size(ordered); ++k) {
      const auto b = parse_release(ordered[k]);
      ASSERT_TRUE(b) << ordered[k];
      EXPECT_LT(compare_releases(*a, *b), 0) << ordered[i] << " " << ordered[k];
      EXPECT_GT(compare_releases(*b, *a), 0) << ordered[i] << " " << ordered[k];
    }
  }
  EXPECT_EQ(compare_releases(*parse_release("1.2.0"), *parse_release("1.2+build.7")), 0);
}

TEST(ISSUE_01_release_order, takes_a_package_before_the_version) {
  const auto version = parse_release("@acme/shop@1.2.3");
  ASSERT_TRUE(version);
  EXPECT_EQ(version->package, "@acme/shop");
  EXPECT_EQ(version->numbers[2], 3U);
}

TEST(ISSUE_01_release_order, leaves_other_names_alone) {
  for (const char* name : {"", "7", "deadbeef", "1234567890", "1.", "1.2.", "1.2.3.4.5", "1.2-", "1.x", "v", "shop@",
                           "shop@main", "99999999999999999999.1", "1.2.3 beta"}) {
    EXPECT_FALSE(parse_release(name)) << name;
  }
}

}  // namespace
}  // namespace mesher::nodes
