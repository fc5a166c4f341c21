#include "cluster/membership.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "cluster/secret.hpp"
#include "io/journal/local_journal.hpp"
#include "io/postgres/event_store.hpp"
#include "tests/unit/io/postgres/test_cluster.hpp"

namespace mesher::cluster {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using postgres::testing::EventMaker;
using postgres::testing::StoreFixture;

const std::string kSecret = "a secret that all nodes share";

bool comes_true(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

/// A node's own things.
struct Machine {
  explicit Machine(const std::string& name)
      : journal(make_journal(postgres::testing::scratch_folder() / name, metrics)) {}

  static std::unique_ptr<io::journal::LocalJournal> make_journal(const fs::path& folder, Metrics& metrics) {
    io::journal::LocalJournalOptions options;
    options.directory = folder;
    options.max_bytes = 8 << 20;
    options.prepare_ahead = false;
    fs::remove_all(folder);
    auto journal = io::journal::LocalJournal::open(options, metrics);
    EXPECT_TRUE(journal) << (journal ? "" : journal.error().message);
    return std::move(*journal);
  }

  MembershipOptions options(const postgres::ConnectOptions& database) const {
    MembershipOptions options;
    options.database = database;
    options.host_name = "vm";
    options.version = "0.1.0";
    options.shared_secret = kSecret;
    options.instance_secret = "the secret of journal " + journal->id();
    options.services = {"ingest", "process"};
    options.cores = 3;
    options.heartbeat = 20ms;
    return options;
  }

  Result<std::unique_ptr<Membership>> join(const MembershipOptions& options) {
    return Membership::join(options, *journal, metrics);
  }

  Metrics metrics;
  std::unique_ptr<io::journal::LocalJournal> journal;
};

std::string state_of(const Membership& seen_by, const std::string& name) {
  for (const auto& node : seen_by.nodes()) {
    if (node.name == name) return node.state;
  }
  return "unknown";
}

TEST(CLUSTER_02_membership, nodes_see_each_other_come_and_go) {
  const auto database = postgres::testing::fresh_database();
  Machine one("one"), two("two");
  const auto first = one.join(one.options(database));
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ((*first)->name(), "vm");
  EXPECT_EQ((*first)->lease().load(), 1);
  auto second = two.join(two.options(database));
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ((*second)->name(), "vm-2");  // the name of the host was taken
  (*second)->serve({"http://10.0.0.2:8080", [] {}});
  EXPECT_TRUE(comes_true([&] { return state_of(**first, "vm-2") == "ready"; }));
  EXPECT_EQ(state_of(**second, "vm"), "joining");
  const auto nodes = (*first)->nodes();
  ASSERT_EQ(nodes.size(), 2U);
  EXPECT_EQ(nodes[1].address, "http://10.0.0.2:8080");
  EXPECT_EQ(nodes[1].services, (std::vector<std::string>{"ingest", "process"}));
  EXPECT_EQ(nodes[1].cores, 3U);
  EXPECT_EQ(nodes[1].protocol, kProtocol);
  second->reset();
  EXPECT_TRUE(comes_true([&] { return state_of(**first, "vm-2") == "left"; }));
  // It is the same node when it comes back, with a new epoch.
  second = two.join(two.options(database));
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ((*second)->name(), "vm-2");
  EXPECT_EQ((*second)->lease().load(), 2);
  EXPECT_EQ((*second)->instance_secret(), (*first)->instance_secret());
}

TEST(CLUSTER_02_membership, a_name_that_a_person_chose_is_not_given_twice) {
  const auto database = postgres::testing::fresh_database();
  Machine one("chosen"), two("chosen again");
  auto options = one.options(database);
  options.node_name = "berlin";
  const auto first = one.join(options);
  ASSERT_TRUE(first) << first.error().message;
  auto other = two.options(database);
  other.node_name = "berlin";
  const auto second = two.join(other);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  EXPECT_NE(second.error().message.find("is called berlin already"), std::string::npos) << second.error().message;
}

TEST(CLUSTER_01_membership, another_secret_is_refused) {
  const auto database = postgres::testing::fresh_database();
  Machine one("right"), two("wrong");
  const auto first = one.join(one.options(database));
  ASSERT_TRUE(first) << first.error().message;
  auto options = two.options(database);
  options.shared_secret = "a secret that nobody shares";
  const auto second = two.join(options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::denied);
  EXPECT_NE(second.error().message.find("another cluster secret"), std::string::npos) << second.error().message;
  auto connection = postgres::Connection::open(database);
  ASSERT_TRUE(connection);
  EXPECT_EQ(postgres::list_nodes(*connection)->size(), 1U);
}

TEST(CLUSTER_01_membership, a_version_that_others_do_not_understand_is_refused) {
  const auto database = postgres::testing::fresh_database();
  Machine one("now"), two("then");
  const auto first = one.join(one.options(database));
  ASSERT_TRUE(first) << first.error().message;
  auto connection = postgres::Connection::open(database);
  ASSERT_TRUE(connection);
  ASSERT_TRUE(connection->query("update nodes set protocol = 9, oldest_protocol = 8, version = '7.0.0'"));
  const auto second = two.join(two.options(database));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  EXPECT_NE(second.error().message.find("node vm runs version 7.0.0 (protocol 9, understands 8 and later)"),
            std::string::npos)
      << second.error().message;
}

TEST(CLUSTER_03_membership, whose_lease_was_taken_enters_anew) {
  const auto database = postgres::testing::fresh_database();
  Machine one("taken");
  const auto node = one.join(one.options(database));
  ASSERT_TRUE(node) << node.error().message;
  postgres::Health health;
  (*node)->serve({"http://127.0.0.1:1", [] {}, &health});
  auto connection = postgres::Connection::open(database);
  ASSERT_TRUE(connection);
  ASSERT_TRUE(connection->query("update nodes set state = 'lost', epoch = epoch + 1"));
  EXPECT_TRUE(comes_true([&] { return (*node)->lease().load() >= 3; }));
  EXPECT_TRUE(comes_true([&] { return state_of(**node, "vm") == "ready"; }));
  EXPECT_TRUE(comes_true([&] { return health.good(); }));
  EXPECT_GE(one.metrics.counter("mesher_cluster_leases_lost_total", "").value(), 1U);
}

TEST(CLUSTER_02_membership, who_is_asked_to_drain_is_told_once) {
  const auto database = postgres::testing::fresh_database();
  Machine one("drained");
  const auto node = one.join(one.options(database));
  ASSERT_TRUE(node) << node.error().message;
  std::atomic<int> asked{0};
  (*node)->serve({"http://127.0.0.1:1", [&] { ++asked; }});
  auto connection = postgres::Connection::open(database);
  ASSERT_TRUE(connection);
  EXPECT_FALSE(*postgres::ask_to_drain(*connection, "nobody"));
  EXPECT_TRUE(*postgres::ask_to_drain(*connection, "vm"));
  EXPECT_TRUE(comes_true([&] { return asked.load() == 1; }));
  EXPECT_TRUE((*node)->draining());
  EXPECT_TRUE(*postgres::ask_to_drain(*connection, "vm"));
  (*node)->empty_journal();  // there is nothing in it
  (*node)->leave();
  EXPECT_EQ(asked.load(), 1);
  EXPECT_EQ(postgres::list_nodes(*connection)->at(0).state, "left");
  EXPECT_FALSE(*postgres::ask_to_drain(*connection, "vm"));
}

// ---- leases and transactions

/// A store whose transactions demand a lease, and the entry of its journal ("journal", as StoreFixture::set() has it).
struct LeasedStore : StoreFixture {
  LeasedStore() : leased(options, clock, metrics, health, partitions, {}, &lease) {
    entry.journal_id = "journal";
    entry.name = "vm";
    entry.version = "0.1.0";
    entry.shared_secret = kSecret;
    entry.instance_secret = "secret";
    ids = make_issues(1);
    enter();
  }
  void enter() {
    const auto entered = postgres::enter_cluster(connection, entry);
    ASSERT_TRUE(entered) << entered.error().message;
    lease = entered->epoch;
  }
  /// Another node looks at it, much later.
  Result<bool> take() {
    EXPECT_TRUE(connection.query("update nodes set heartbeat_at = now() - interval '1 hour'"));
    auto limited = options;
    limited.lock_timeout = 100ms;
    auto other = postgres::Connection::open(limited);
    EXPECT_TRUE(other);
    return postgres::take_lease(*other, postgres::list_nodes(*other)->at(0), 5000ms);
  }
  Result<nodes::ports::Committed> store_one(std::uint64_t from) {
    EventMaker maker(from);
    maker.make(project, ids[0], now);
    return leased.commit(set(maker.all(), from, from + 1));
  }

  std::atomic<std::int64_t> lease{0};
  postgres::EventStore leased;
  postgres::NodeEntry entry;
  std::vector<std::int64_t> ids;
};

TEST(CLUSTER_03_lease, nothing_is_stored_after_another_node_has_taken_it) {
  LeasedStore f;
  ASSERT_TRUE(f.store_one(0));
  const auto taken = f.take();
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_TRUE(*taken);
  for (int i = 0; i < 2; ++i) {
    const auto refused = f.store_one(1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
    EXPECT_NE(refused.error().message.find("lost its lease"), std::string::npos) << refused.error().message;
  }
  EXPECT_EQ(f.number("select count(*) from events"), 1);
  f.enter();
  EXPECT_EQ(f.lease.load(), 3);
  ASSERT_TRUE(f.store_one(1));
  EXPECT_EQ(f.number("select count(*) from events"), 2);
  EXPECT_EQ(f.number("select sum(event_count) from issues"), 2);
}

TEST(CLUSTER_03_lease, who_knows_of_none_stores_nothing) {
  LeasedStore f;
  f.lease = 0;
  EXPECT_FALSE(f.store_one(0));
  EXPECT_EQ(f.number("select count(*) from events"), 0);
}

TEST(CLUSTER_03_lease, is_taken_once_and_only_from_who_is_silent) {
  LeasedStore f;
  const auto node = postgres::list_nodes(f.connection)->at(0);
  EXPECT_FALSE(*postgres::take_lease(f.connection, node, 1h));
  EXPECT_TRUE(*f.take());
  EXPECT_FALSE(*postgres::take_lease(f.connection, node, 0ms));
  const auto beaten = postgres::beat(f.connection, {node.id, node.epoch, {}});
  ASSERT_TRUE(beaten);
  EXPECT_FALSE(beaten->has_value());
}

TEST(CLUSTER_03_lease, is_not_taken_while_a_transaction_that_has_it_may_still_commit) {
  LeasedStore f;
  ASSERT_TRUE(f.store_one(0));
  auto frozen = postgres::Connection::open(f.options);
  ASSERT_TRUE(frozen);
  ASSERT_TRUE(frozen->execute("begin; update journal_cursors set position = 2 where journal_id = 'journal'"));
  const auto early = f.take();
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, ErrorCode::unavailable);
  EXPECT_EQ(f.number("select epoch from nodes"), 1);
  ASSERT_TRUE(frozen->execute("commit"));
  EXPECT_TRUE(*f.take());
  EXPECT_EQ(f.number("select epoch from journal_cursors"), 2);
  EXPECT_EQ(f.number("select position from journal_cursors"), 2);
}

TEST(CLUSTER_03_lease, a_transaction_that_stands_still_is_ended_by_the_database) {
  LeasedStore f;
  auto options = f.options;
  options.idle_in_transaction_timeout = 50ms;
  auto frozen = postgres::Connection::open(options);
  ASSERT_TRUE(frozen);
  ASSERT_TRUE(frozen->execute("begin; update journal_cursors set position = 7 where journal_id = 'journal'"));
  EXPECT_TRUE(comes_true([&] {
    const auto taken = f.take();
    return taken && *taken;
  }));
  EXPECT_FALSE(frozen->execute("commit"));
  EXPECT_EQ(f.number("select position from journal_cursors"), 0);
}

TEST(CLUSTER_03_lease, a_session_in_the_way_is_ended_by_who_takes_the_lease) {
  LeasedStore f;
  const auto node = postgres::list_nodes(f.connection)->at(0);
  auto options = f.options;
  options.name = postgres::writer_name(node.id);
  auto frozen = postgres::Connection::open(options);
  ASSERT_TRUE(frozen);
  ASSERT_TRUE(frozen->execute("begin; update journal_cursors set position = 7 where journal_id = 'journal'"));
  EXPECT_FALSE(f.take());
  ASSERT_TRUE(postgres::end_writers(f.connection, node, 1h));  // it is not for so long
  EXPECT_TRUE(frozen->execute("select 1"));
  ASSERT_TRUE(postgres::end_writers(f.connection, node, 0ms));
  EXPECT_TRUE(comes_true([&] {
    const auto taken = f.take();
    return taken && *taken;
  }));
  EXPECT_FALSE(frozen->execute("commit"));
  EXPECT_EQ(f.number("select position from journal_cursors"), 0);
}

// ---- the secret

TEST(CLUSTER_01_secret, comes_from_a_file_or_as_text_and_is_long_enough) {
  const auto file = postgres::testing::scratch_folder() / "cluster.secret";
  std::ofstream(file) << "  0123456789abcdef\n";
  EXPECT_EQ(*shared_secret("", file), "0123456789abcdef");
  EXPECT_EQ(*shared_secret("fedcba9876543210", {}), "fedcba9876543210");
  EXPECT_EQ(shared_secret("", {}).error().code, ErrorCode::invalid);
  EXPECT_EQ(shared_secret("fedcba9876543210", file).error().code, ErrorCode::invalid);
  EXPECT_EQ(shared_secret("short", {}).error().code, ErrorCode::invalid);
  EXPECT_EQ(shared_secret("", "/nowhere/at/all").error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace mesher::cluster
