#include "test_api.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <stdexcept>
#include <utility>

#include "io/auth/token.hpp"
#include "nodes/event_json.hpp"
#include "nodes/issue_text.hpp"
#include "nodes/ports/journal.hpp"
#include "tests/unit/io/postgres/test_cluster.hpp"

namespace mesher::api {
namespace {

template <class T>
T need(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(result).value();
}

/// The title that the fingerprint node would give, near enough.
std::string_view title_of(const nodes::Event& event, nodes::Arena& arena) {
  if (event.exceptions.empty()) return event.message;
  const auto& raised = event.exceptions.back();
  const std::string_view parts[] = {raised.type, ": ", raised.value};
  return arena.concat(parts);
}

nodes::Fingerprint hash_of(std::string_view group) {
  const auto hash = auth::hash_token(group);
  nodes::Fingerprint fingerprint{};
  std::copy_n(hash.begin(), fingerprint.size(), fingerprint.begin());
  return fingerprint;
}

}  // namespace

TestDatabase& TestDatabase::instance() {
  static TestDatabase database;
  return database;
}

TestDatabase::TestDatabase() {
  const auto options = postgres::testing::fresh_database();
  // One connection: statistics and settings that a test asks for are those of the statements before.
  pool_ = std::make_unique<postgres::Pool>(options, 1);
  events_ = std::make_unique<postgres::EventStore>(options, clock_, metrics_, health_, partitions_);
  issues_ = std::make_unique<postgres::IssueStore>(options, health_);
}

TestDatabase::~TestDatabase() {
  issues_.reset();
  events_.reset();
  pool_.reset();
}

std::string TestDatabase::sql(const std::string& text) {
  const auto rows = need(pool_->query(text));
  return rows.empty() ? "" : std::string(rows.text(0, 0));
}

std::uint32_t TestDatabase::add_org(const std::string& slug) {
  return static_cast<std::uint32_t>(
      std::stoul(sql(fmt::format("insert into organizations (slug, name) values ('{0}', '{0}') returning id", slug))));
}

std::uint32_t TestDatabase::add_user(const std::string& email, bool instance_owner, const std::string& password_hash) {
  return static_cast<std::uint32_t>(std::stoul(sql(
      fmt::format("insert into users (email, password_hash, is_instance_owner) values ('{}', '{}', {}) returning id",
                  email, password_hash, instance_owner))));
}

void TestDatabase::add_member(std::uint32_t org, std::uint32_t user, const std::string& role) {
  sql(fmt::format("insert into members (organization_id, user_id, role) values ({}, {}, '{}')", org, user, role));
}

std::string TestDatabase::add_token(std::uint32_t user, const std::string& scopes, const std::string& expires) {
  const auto secret = auth::new_token_secret();
  std::string hex;
  for (const auto byte : auth::hash_token(secret)) hex += fmt::format("{:02x}", byte);
  sql(
      fmt::format("insert into api_tokens (user_id, name, token_hash, scopes, expires_at)"
                  " values ({}, 'test', '\\x{}', '{}', {})",
                  user, hex, scopes, expires));
  return secret;
}

std::uint32_t TestDatabase::add_project(std::uint32_t org, const std::string& slug) {
  return static_cast<std::uint32_t>(
      std::stoul(sql(fmt::format("insert into projects (organization_id, slug, name, platform)"
                                 " values ({0}, '{1}', '{1}', 'python') returning id",
                                 org, slug))));
}

std::uint32_t TestDatabase::add_key(std::uint32_t project) {
  return static_cast<std::uint32_t>(
      std::stoul(sql(fmt::format("insert into project_keys (project_id, public_key) values ({}, '{}') returning id",
                                 project, nodes::EventId::random().hex()))));
}

void TestDatabase::store(std::uint32_t project, const std::vector<Sent>& events) {
  nodes::Arena arena;
  nodes::EventReader reader;
  std::vector<std::string> padded;
  std::vector<nodes::Fingerprint> hashes;
  std::vector<nodes::Event> parsed;
  padded.reserve(events.size());
  hashes.reserve(events.size());
  std::vector<nodes::ports::IssueStore::Wanted> wanted;
  for (const auto& sent : events) {
    padded.push_back(sent.payload + std::string(nodes::ports::kReadPadding, '\0'));
    nodes::Record record;
    record.project_id = project;
    record.key_id = 1;
    record.received = sent.received;
    record.event_id = sent.id;
    record.body = std::string_view(padded.back()).substr(0, sent.payload.size());
    auto event = reader.read(record, arena);
    event.title = title_of(event, arena);
    event.grouping_version = 1;
    hashes.push_back(hash_of(sent.group));
    event.hashes = {&hashes.back(), 1};
    auto& entry = wanted.emplace_back();
    entry.project_id = project;
    entry.hashes = {hashes.back()};
    entry.title = event.title;
    entry.type = event.type;
    entry.platform = "python";
    entry.level = event.level;
    entry.first_seen = event.received;
    entry.grouping_version = 1;
    entry.first_release = event.release;
    entry.text = nodes::issue_text(event);
    parsed.push_back(event);
  }
  const auto ids = need(issues_->find_or_create(wanted));
  nodes::ports::WriteSet set;
  set.journal_id = "test";
  set.cursor_from = cursor_;
  set.cursor_to = cursor_ += events.size();
  for (std::size_t i = 0; i < parsed.size(); ++i) {
    parsed[i].issue_id = ids[i].issue_id;
    parsed[i].issue_epoch = ids[i].epoch;
    set.events.push_back(&parsed[i]);
  }
  need(events_->commit(set));
}

std::int64_t TestDatabase::issue_of(std::uint32_t project, const std::string& group) {
  std::string hex;
  for (const auto byte : hash_of(group)) hex += fmt::format("{:02x}", byte);
  return std::stoll(
      sql(fmt::format("select issue_id from issue_hashes where project_id = {} and hash = '\\x{}'", project, hex)));
}

std::string Answer::code() const {
  return body.is_object() && body.contains("error") ? body["error"].value("code", "") : std::string();
}

std::string Answer::field() const {
  return body.is_object() && body.contains("error") ? body["error"].value("field", "") : std::string();
}

Result<GraphControl::Change> FakeGraph::apply(const std::string& toml, bool dry_run) {
  Change change;
  change.mistakes = its_mistakes;
  if (!its_mistakes.empty()) return change;
  change.applied = !dry_run;
  change.diff.added = {"archive"};
  if (!dry_run) {
    applied = toml;
    ++its_generation;
  }
  return change;
}

TestApi::TestApi(AccessSettings access) : access_(std::move(access)) {
  add_routes(
      router_,
      ApiDependencies{database.pool(), authenticator_, workers_, graph, metrics_, clock,
                      [this](std::vector<postgres::QuarantineEntry> entries, const std::function<void(Status)>& done) {
                        if (replay_answer) {
                          replayed.insert(replayed.end(), entries.begin(), entries.end());
                        }
                        done(replay_answer);
                      },
                      [] {
                        return std::vector<NodeInfo>{{"one", "0.1.0", "127.0.0.1:8080", "alive", {"ingest"}, 0}};
                      },
                      "https://errors.example.com", access_});
}

Answer TestApi::request(const std::string& method, const std::string& target, const Headers& headers,
                        const std::string& body) {
  http::Request request;
  request.method = method;
  const auto question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string::npos) request.query = target.substr(question + 1);
  request.headers.assign(headers.begin(), headers.end());
  request.headers.emplace_back("host", "errors.example.com");
  request.remote_address = "192.0.2.1";
  request.body = body;
  std::promise<http::Response> promise;
  router_.handle(std::move(request), [&](http::Response response) { promise.set_value(std::move(response)); });
  auto response = promise.get_future().get();
  Answer answer;
  answer.status = response.status;
  answer.body = TestJson::parse(response.body, nullptr, false);
  answer.text = std::move(response.body);
  for (auto& [name, value] : response.headers) answer.headers[name] = value;
  return answer;
}

void TestApi::settle() {
  // Tasks are taken in order; two wait for each other here, so both threads have finished what they had.
  std::promise<void> both[2], go;
  const auto wait = go.get_future().share();
  for (auto& one : both) {
    const bool taken = workers_.submit([&one, wait] {
      one.set_value();
      wait.wait();
    });
    EXPECT_TRUE(taken);
  }
  for (auto& one : both) one.get_future().wait();
  go.set_value();
}

std::optional<ws::LivePrincipal> TestApi::live(const std::string& token) {
  std::promise<std::optional<ws::LivePrincipal>> promise;
  live_authenticate(database.pool(), authenticator_, workers_)(token, [&](auto access) { promise.set_value(access); });
  return promise.get_future().get();
}

std::vector<TestJson> TestApi::all_pages(const std::string& target, const std::string& token) {
  std::vector<TestJson> all;
  std::string cursor;
  const char* joint = target.find('?') == std::string::npos ? "?" : "&";
  while (true) {
    const auto page = get(cursor.empty() ? target : target + joint + "cursor=" + cursor, token);
    EXPECT_EQ(page.status, 200) << page.text;
    if (page.status != 200) return all;
    for (const auto& row : page.body["data"]) all.push_back(row);
    if (page.body["next_cursor"].is_null()) return all;
    cursor = page.body["next_cursor"].get<std::string>();
  }
}

std::string unique_name(std::string_view base) {
  static std::atomic<int> count{0};
  return fmt::format("{}-{}-{}", base, getpid(), ++count);
}

std::string encoded(std::string_view value) {
  std::string out;
  for (const char c : value) out += fmt::format("%{:02x}", static_cast<unsigned char>(c));
  return out;
}

}  // namespace mesher::api
