#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>

#include "io/auth/password.hpp"
#include "io/postgres/event_rows.hpp"
#include "io/postgres/migrations.hpp"
#include "io/postgres/project_loader.hpp"
#include "io/postgres/project_settings.hpp"
#include "io/postgres/setup.hpp"
#include "io/postgres/sql_error.hpp"
#include "test_cluster.hpp"

namespace mesher::postgres {
namespace {

using namespace std::chrono_literals;
using testing::fresh_database;

Connection must_open(const ConnectOptions& options) {
  auto connection = Connection::open(options);
  EXPECT_TRUE(connection) << (connection ? "" : connection.error().message);
  return std::move(*connection);
}

TEST(ORG_02_migrations, are_applied_once_and_refuse_what_they_do_not_know) {
  auto connection = must_open(fresh_database());
  const std::vector<Migration> old{{"0001_a", "create table a (x int)"}, {"0002_b", "create table b (x int);"}};
  ASSERT_TRUE(connection.execute("delete from mesher_migrations"));
  auto applied = migrate(connection, old);
  ASSERT_TRUE(applied) << applied.error().message;
  EXPECT_EQ(*applied, 2);
  EXPECT_EQ(*migrate(connection, old), 0);

  const auto newer = migrate(connection, {old[0]});
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().code, ErrorCode::conflict);
  EXPECT_NE(newer.error().message.find("0002_b"), std::string::npos);
  EXPECT_FALSE(newer.error().hint.empty());
  const auto changed = migrate(connection, {old[0], {"0002_b", "create table c (x int)"}});
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, ErrorCode::conflict);

  // One that fails leaves nothing behind.
  const auto broken = migrate(connection, {old[0], old[1], {"0003_c", "create table c (x int); select 1/0"}});
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().message.find("0003_c"), std::string::npos);
  EXPECT_FALSE(connection.in_transaction());
  EXPECT_TRUE(connection.query("select to_regclass('c')")->is_null(0, 0));
}

TEST(ORG_02_migrations, many_nodes_may_start_at_once) {
  const auto options = fresh_database();
  ASSERT_TRUE(must_open(options).execute("drop table mesher_migrations"));
  std::vector<Migration> migrations{{"0001_a", "create table a (x int)"}, {"0002_b", "create table b (x int)"}};
  std::atomic<int> applied{0};
  {
    std::vector<std::jthread> nodes;
    for (int i = 0; i < 4; ++i) {
      nodes.emplace_back([&] {
        auto connection = must_open(options);
        const auto answer = migrate(connection, migrations);
        ASSERT_TRUE(answer) << answer.error().message;
        applied += *answer;
      });
    }
  }
  EXPECT_EQ(applied, 2);
}

TEST(ORG_01_setup, the_same_names_find_the_same_ids_and_a_fresh_token) {
  const auto options = fresh_database();
  auto connection = must_open(options);
  SetupRequest request{"Acme GmbH",         "Web shop (EU)", "python",
                       "Owner@Example.com", "correct horse", "http://127.0.0.1:8080"};
  const auto first = setup(connection, request);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->organization_slug, "acme-gmbh");
  EXPECT_EQ(first->project_slug, "web-shop-eu");
  EXPECT_EQ(first->public_key.size(), 32U);
  EXPECT_EQ(first->dsn, fmt::format("http://{}@127.0.0.1:8080/{}", first->public_key, first->project_id));
  const auto second = setup(connection, request);
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->organization_id, first->organization_id);
  EXPECT_EQ(second->project_id, first->project_id);
  EXPECT_EQ(second->public_key, first->public_key);
  EXPECT_NE(second->api_token, first->api_token);

  const auto user = connection.query("select email, password_hash, is_instance_owner from users");
  ASSERT_TRUE(user && user->size() == 1);
  EXPECT_EQ(user->text(0, 0), "owner@example.com");
  EXPECT_TRUE(user->text(0, 1).starts_with("$argon2id$"));
  EXPECT_TRUE(auth::password_matches(std::string(user->text(0, 1)), "correct horse"));
  EXPECT_FALSE(auth::password_matches(std::string(user->text(0, 1)), "wrong horse"));
  EXPECT_TRUE(user->boolean(0, 2));
  const auto leaked = connection.query("select count(*) from api_tokens where encode(token_hash, 'escape') like $1",
                                       Params().text("%" + first->api_token + "%"));
  EXPECT_EQ(leaked->integer(0, 0), 0);
  EXPECT_NE(first->to_json().find(R"("project":{"id":)"), std::string::npos);

  request.password = "short";
  EXPECT_EQ(setup(connection, request).error().code, ErrorCode::invalid);
  request.password = "long enough";
  request.email = "nobody";
  EXPECT_EQ(setup(connection, request).error().code, ErrorCode::invalid);
}

TEST(ORG_01_setup, names_in_other_scripts_stay_apart) {
  EXPECT_EQ(slug_of("  Web -- Shop! ", "x"), "web-shop");
  EXPECT_NE(slug_of("\xE6\x97\xA5\xE6\x9C\xAC", "x"), slug_of("\xE4\xB8\xAD\xE5\x9B\xBD", "x"));
  EXPECT_EQ(dsn_of("https://errors.example.com/", "abc", 7), "https://abc@errors.example.com/7");
}

TEST(ORG_03_projects, a_change_reaches_the_directory_within_a_second_also_after_an_outage) {
  const auto options = fresh_database();
  auto connection = must_open(options);
  const auto made = setup(connection, {"Acme", "Shop", "", "a@b.c", "password", "http://h"});
  ASSERT_TRUE(made);
  nodes::ports::ProjectDirectory directory;
  Health health;
  ProjectLoader loader(options, directory, health);
  ASSERT_TRUE(loader.load_now());
  ASSERT_EQ(directory.snapshot()->keys.size(), 1U);
  EXPECT_EQ(directory.snapshot()->keys.at(made->public_key).project_id, made->project_id);
  loader.start();
  const auto wait_for = [&](auto condition) {
    const auto began = std::chrono::steady_clock::now();
    while (!condition(*directory.snapshot()) && std::chrono::steady_clock::now() - began < 10s) {
      std::this_thread::sleep_for(2ms);
    }
    return std::chrono::steady_clock::now() - began;
  };
  ASSERT_TRUE(connection.execute("update project_keys set enabled = false"));
  EXPECT_LT(wait_for([&](const auto& now) { return !now.keys.at(made->public_key).enabled; }), 1s);

  const auto version = directory.snapshot()->version;
  ASSERT_TRUE(connection.execute("update projects set next_short_id = next_short_id + 1"));
  ASSERT_TRUE(
      connection.query("select pg_terminate_backend(pid) from pg_stat_activity "
                       "where pid <> pg_backend_pid() and datname = current_database()"));
  ASSERT_TRUE(
      connection.execute(R"(update projects set settings = '{"sample_rate": 0.25, "filters": {"localhost": true}}')"));
  wait_for([&](const auto& now) { return now.projects.at(made->project_id).sample_rate == 0.25; });
  EXPECT_EQ(directory.snapshot()->projects.at(made->project_id).sample_rate, 0.25);
  EXPECT_TRUE(directory.snapshot()->projects.at(made->project_id).filters.localhost);
  EXPECT_EQ(directory.snapshot()->version, version + 1) << "short ids are no change of a project";
}

TEST(ORG_02_settings, go_through_json_and_bad_values_keep_the_default) {
  nodes::ports::ProjectSettings settings;
  settings.sample_rate = 0.5;
  settings.rate_limit_per_minute = 100;
  settings.filters.messages = {"*timeout*"};
  settings.scrub.safe_keys = {"token_count"};
  settings.allowed_origins = {"https://a.example"};
  nodes::ports::ProjectSettings read;
  settings_from_json(settings_to_json(settings), read);
  EXPECT_EQ(settings_to_json(read), settings_to_json(settings));
  nodes::ports::ProjectSettings untouched, bad;
  settings_from_json(R"({"sample_rate": "all", "filters": [], "scrub": {"enabled": 1, "keys": "x"}, "later": {}})",
                     bad);
  settings_from_json("{", bad);
  EXPECT_EQ(settings_to_json(bad), settings_to_json(untouched));
  settings_from_json(R"({"sample_rate": 7, "retention_days": -1})", bad);
  EXPECT_EQ(bad.sample_rate, 1.0);
  EXPECT_EQ(bad.retention_days, 0U);
}

TEST(RETAIN_01_partitions, are_made_ahead_and_when_an_event_needs_one) {
  testing::StoreFixture f;
  const auto today = f.now / kDay;
  ASSERT_TRUE(f.partitions.make_ahead(f.connection, today));
  const std::string count = "select count(*) from pg_inherits where inhparent = 'events'::regclass";
  EXPECT_EQ(f.number(count), 1 + 1 + Partitions::kAhead);
  ASSERT_TRUE(f.partitions.make_ahead(f.connection, today));
  EXPECT_EQ(f.number(count), 1 + 1 + Partitions::kAhead);

  const auto ids = f.make_issues(1);
  testing::EventMaker maker;
  maker.make(f.project, ids[0], f.now - 10 * kDay);
  maker.make(f.project, ids[0], f.now - 10'000 * kDay);  // a clock gone mad
  maker.make(f.project, ids[0], f.now + 10'000 * kDay);
  const auto committed = f.store.commit(f.set(maker.all(), 0, 3));
  ASSERT_TRUE(committed) << committed.error().message;
  EXPECT_EQ(f.number("select count(*) from events"), 3);
  EXPECT_EQ(f.number(count), 1 + 1 + Partitions::kAhead + 2);

  // Somebody dropped one that this process knows.
  ASSERT_TRUE(f.connection.execute("drop table events_" + [&] {
    auto day = date_text(today);
    std::erase(day, '-');
    return day;
  }()));
  testing::EventMaker more;
  more.make(f.project, ids[0], f.now);
  const auto again = f.store.commit(f.set(more.all(), 3, 4));
  ASSERT_TRUE(again) << again.error().message;
}

TEST(RETAIN_01_partitions, writers_that_need_the_same_one_at_once_do_not_fail) {
  const auto options = fresh_database();
  std::vector<std::jthread> makers;
  for (int i = 0; i < 4; ++i) {
    makers.emplace_back([&] {
      Partitions own;
      auto connection = must_open(options);
      for (std::int64_t day = 20'000; day < 20'005; ++day) {
        const auto status = own.ensure(connection, day);
        EXPECT_TRUE(status) << status.error().message;
      }
    });
  }
  makers.clear();
  auto connection = must_open(options);
  EXPECT_EQ(
      connection.query("select count(*) from pg_inherits where inhparent = 'event_blocks'::regclass")->integer(0, 0),
      5);
}

TEST(RESIL_03_connection, tells_failures_apart) {
  EXPECT_EQ(classify_sqlstate("53100"), ErrorCode::unavailable);  // disk full
  EXPECT_EQ(classify_sqlstate("57P01"), ErrorCode::unavailable);
  EXPECT_EQ(classify_sqlstate("22021"), ErrorCode::invalid);
  EXPECT_EQ(classify_sqlstate("23505"), ErrorCode::conflict);
  EXPECT_EQ(classify_sqlstate("42P01"), ErrorCode::internal);
  EXPECT_EQ(classify_sqlstate(""), ErrorCode::unavailable);
  auto connection = must_open(fresh_database());
  EXPECT_EQ(connection.query("select 'x'::integer").error().code, ErrorCode::invalid);
  EXPECT_EQ(connection.query("selekt").error().code, ErrorCode::internal);
  EXPECT_FALSE(connection.broken());
  // A pipeline that fails in the middle leaves a usable connection and nothing done.
  const std::vector<Call> calls{{"create table t (x integer)", {}}, {"select 1/0", {}}, {"select 3", {}}};
  const auto failed = connection.run(calls);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::invalid);
  EXPECT_TRUE(connection.query("select to_regclass('t')")->is_null(0, 0));
  const auto again = connection.run(std::vector<Call>{{"select 1", {}}, {"select 3", {}}});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->at(1).integer(0, 0), 3);
}

TEST(RESIL_03_connection, gives_up_on_a_server_that_does_not_answer) {
  auto options = fresh_database();
  options.statement_timeout = 200ms;
  auto connection = must_open(options);
  const auto slow = connection.query("select pg_sleep(30)");
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error().code, ErrorCode::unavailable);
  EXPECT_FALSE(connection.broken());
  connection.set_timeout(100ms);
  ASSERT_TRUE(connection.execute("set statement_timeout = 0"));
  const auto silent = connection.query("select pg_sleep(30)");
  ASSERT_FALSE(silent);
  EXPECT_TRUE(connection.broken());
  EXPECT_EQ(connection.query("select 1").error().code, ErrorCode::unavailable);
}

TEST(RESIL_03_connection, passes_every_type_of_value) {
  auto connection = must_open(fresh_database());
  const UnixMicros time = 1'766'000'000'123'456;
  const std::string bytes("\0\x01\xff", 3);
  const std::vector<std::string> texts{"a,b", "\"q\" \\ {}", "", "NULL"};
  const auto rows = connection.query(
      "select $1::timestamptz, $2::bytea, $3::text[], $4::boolean, $5::float8, $6::text is null, $7::bigint[]",
      Params().time(time).bytes(bytes).texts(texts).boolean(true).real(0.1).null().integers(
          std::vector<std::int64_t>{1, -2}));
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(rows->time(0, 0), time);
  EXPECT_EQ(rows->bytes(0, 1), bytes);
  EXPECT_EQ(rows->array(0, 2), texts);
  EXPECT_TRUE(rows->boolean(0, 3));
  EXPECT_EQ(rows->real(0, 4), 0.1);
  EXPECT_TRUE(rows->boolean(0, 5));
  EXPECT_EQ(rows->array(0, 6), (std::vector<std::string>{"1", "-2"}));
}

}  // namespace
}  // namespace mesher::postgres
