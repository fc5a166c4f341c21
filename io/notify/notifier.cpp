#include "io/notify/notifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <random>
#include <utility>

#include "graph/base/log.hpp"
#include "io/auth/seal.hpp"
#include "io/notify/mime.hpp"
#include "io/notify/signature.hpp"
#include "io/postgres/rows.hpp"

namespace mesher::notify {
namespace {

using namespace std::chrono_literals;
using postgres::AlertRow;
using postgres::Connection;
using postgres::DueDelivery;

constexpr std::chrono::milliseconds kFirstPause = 100ms, kLongestTrouble = 5s;
constexpr std::chrono::milliseconds kLookEvery = 500ms;  // for retries, intervals and what other servers left behind
constexpr std::chrono::milliseconds kTurn = 50ms;        // of the transfers, at most
constexpr std::chrono::seconds kLease = 20s;             // longer than an attempt may take
constexpr std::size_t kMostUnderWay = 64;
constexpr std::uint32_t kChannelsAtOnce = 100;
constexpr std::chrono::milliseconds kFirstRetry = 1s;

}  // namespace

Message message_of(std::vector<AlertRow> alerts, const std::string& base_url) {
  Message message;
  if (!alerts.empty()) {
    message.project_id = alerts.front().project_id;
    message.project_slug = alerts.front().project_slug;
    message.project_name = alerts.front().project_name;
  }
  message.base_url = base_url;
  message.alerts = std::move(alerts);
  return message;
}

postgres::NewDelivery delivery_of(const Message& message, const Action& action, std::int64_t rule_id,
                                  const std::string& kind) {
  postgres::NewDelivery delivery;
  delivery.project_id = message.project_id;
  delivery.rule_id = rule_id;
  delivery.channel = kind == "test" ? "test" : channel_of(action, rule_id);
  delivery.kind = kind;
  delivery.action_json = to_json(action);
  for (const auto& alert : message.alerts) {
    if (alert.id != 0) delivery.alert_ids.push_back(alert.id);
  }
  if (action.type == "email") {
    auto mail = mail_of(message);
    delivery.subject = std::move(mail.subject);
    delivery.body = std::move(mail.plain);
    delivery.html = std::move(mail.html);
    delivery.thread = std::move(mail.thread);
  } else {
    auto webhook = webhook_of(message, action);
    delivery.subject = std::move(webhook.content_type);
    delivery.body = std::move(webhook.body);
  }
  return delivery;
}

Notifier::Notifier(postgres::ConnectOptions connect, NotifierOptions options, const Clock& clock, Metrics& metrics,
                   postgres::Health& health, Live live)
    : connect_(std::move(connect)),
      options_(std::move(options)),
      clock_(clock),
      health_(health),
      live_(std::move(live)),
      delivered_(metrics.counter("mesher_notifications_delivered_total", "Notifications that their receiver took")),
      failed_(metrics.counter("mesher_notifications_failed_total", "Notifications that were given up")),
      retried_(metrics.counter("mesher_notification_retries_total", "Attempts that failed and are made again")),
      seconds_(metrics.histogram("mesher_notification_seconds", "Time of one attempt to notify")),
      transport_(options_.transport) {}

Notifier::~Notifier() {
  stop();
}

void Notifier::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Notifier::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  transport_.wake_up();
  thread_.join();
}

void Notifier::wake_up() {
  look_.store(true, std::memory_order_relaxed);
  transport_.wake_up();
}

void Notifier::announce(std::vector<postgres::StoredAlert> alerts) {
  {
    const std::lock_guard lock(mutex_);
    const auto room = kMostAnnounced - std::min(kMostAnnounced, announced_.size());
    if (alerts.size() > room) alerts.resize(room);
    announced_.insert(announced_.end(), alerts.begin(), alerts.end());
  }
  wake_up();
}

void Notifier::run(const std::stop_token& stop) {
  auto pause = kFirstPause;
  while (!stop.stop_requested()) {
    const auto began = std::chrono::steady_clock::now();
    const auto status = work(stop);
    if (status) return;
    health_.fails("notifier", status.error());
    log::warn("notify", "notifications wait: {}", status.error().message);
    if (std::chrono::steady_clock::now() - began > kLongestTrouble) pause = kFirstPause;
    std::unique_lock lock(mutex_);
    stopping_.wait_for(lock, stop, pause, [] { return false; });
    pause = std::min(pause * 2, kLongestTrouble);
  }
}

/// One session with the database, until it fails or a stop is requested.
Status Notifier::work(const std::stop_token& stop) {
  auto connection = Connection::open(connect_);
  if (!connection) return connection.error();
  auto next_look = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    if (auto status = note_outcomes(*connection); !status) return status;
    if (auto status = tell_watchers(*connection); !status) return status;
    if (look_.exchange(false, std::memory_order_relaxed) || std::chrono::steady_clock::now() >= next_look) {
      next_look = std::chrono::steady_clock::now() + kLookEvery;
      if (auto status = gather(*connection); !status) return status;
      if (auto status = send_due(*connection); !status) return status;
      health_.works("notifier");
    }
    transport_.run(kTurn);
  }
  return {};
}

Status Notifier::tell_watchers(Connection& connection) {
  std::vector<postgres::StoredAlert> announced;
  {
    const std::lock_guard lock(mutex_);
    announced.swap(announced_);
  }
  if (announced.empty() || !live_) return {};
  std::map<std::uint32_t, std::vector<std::int64_t>> by_project;
  for (const auto& alert : announced) by_project[alert.project_id].push_back(alert.id);
  for (const auto& [project, ids] : by_project) {
    auto alerts = postgres::find_alerts(connection, project, ids);
    if (!alerts) return alerts.error();
    const auto message = message_of(std::move(*alerts), options_.public_url);
    for (const auto& alert : message.alerts) live_(project, live_message(message, alert));
  }
  return {};
}

// ---- from notices to deliveries

Status Notifier::gather(Connection& connection) {
  const auto ready = postgres::ready_channels(connection, options_.interval, kChannelsAtOnce);
  if (!ready) return ready.error();
  for (const auto& channel : *ready) {
    if (auto status = gather_one(connection, channel); !status) return status;
  }
  if (ready->size() == kChannelsAtOnce) look_.store(true, std::memory_order_relaxed);
  return {};
}

Status Notifier::gather_one(Connection& connection, const postgres::ReadyChannel& ready) {
  auto transaction = postgres::Transaction::begin(connection);
  if (!transaction) return transaction.error();
  const auto group = postgres::take_notices(connection, ready, options_.interval, kMostListed);
  if (!group) return group.error();
  if (!*group) return {};
  const auto& taken = **group;
  const auto action = action_from_json(taken.action_json);
  std::vector<std::int64_t> ids;
  for (const auto& notice : taken.notices) ids.push_back(notice.alert_id);
  if (!action || ids.empty()) return transaction->commit();  // the rules have changed: nobody is to be told
  auto alerts = postgres::find_alerts(connection, taken.project_id, ids);
  if (!alerts) return alerts.error();
  if (alerts->empty()) return transaction->commit();
  for (auto& alert : *alerts) {
    const auto notice = std::find_if(taken.notices.begin(), taken.notices.end(),
                                     [&](const auto& one) { return one.alert_id == alert.id; });
    if (notice != taken.notices.end()) alert.status = notice->status;
  }
  auto message = message_of(std::move(*alerts), options_.public_url);
  message.more = static_cast<std::size_t>(taken.more);
  const auto added = postgres::add_delivery(connection, delivery_of(message, *action, taken.rule_id, "alerts"));
  if (!added) return added.error();
  return transaction->commit();
}

// ---- sending

Status Notifier::send_due(Connection& connection) {
  const auto room = kMostUnderWay - std::min(kMostUnderWay, transport_.under_way());
  if (room == 0) return {};
  auto due = postgres::claim_deliveries(connection, kLease, room);
  if (!due) return due.error();
  for (auto& delivery : *due) send(std::move(delivery));
  return {};
}

void Notifier::send(DueDelivery delivery) {
  const auto began = clock_.now();
  const auto action = action_from_json(delivery.action_json);
  auto done = [this, began, delivery](Outcome outcome) {
    ended_.push_back({delivery, began, std::move(outcome)});
    look_.store(true, std::memory_order_relaxed);
  };
  if (!action) {
    Outcome unreadable;
    unreadable.error = "the action can't be read";
    return done(std::move(unreadable));
  }
  if (action->type != "email") return send_webhook(delivery, *action, std::move(done));
  MailDraft draft{options_.transport.smtp.from,
                  action->to,
                  delivery.subject,
                  delivery.body,
                  delivery.html,
                  delivery.id,
                  delivery.thread,
                  delivery.created_at};
  transport_.mail(action->to, compose(draft), std::move(done));
}

void Notifier::send_webhook(const DueDelivery& delivery, const Action& action, Transport::Done done) {
  std::vector<std::string> headers{"Content-Type: " + delivery.subject, "X-Mesher-Delivery: " + delivery.id};
  auto body = delivery.body;
  if (!action.sealed_secret.empty()) {
    const auto secret = auth::unseal(postgres::bytes_from_hex("\\x" + action.sealed_secret), options_.secret);
    if (!secret) {
      Outcome sealed;
      sealed.error = "the webhook's secret can't be opened: it was sealed by another installation; set it anew";
      return done(std::move(sealed));
    }
    if (action.format == "pagerduty") {
      body = with_routing_key(body, *secret);
    } else {
      headers.push_back("X-Mesher-Signature: " + signature(body, *secret, clock_.now() / 1'000'000));
    }
  }
  transport_.post(action.url, std::move(headers), std::move(body), std::move(done));
}

/// Doubles from a second on, and half of it is left to chance, so that receivers that come back are not met by all at
/// once; never sooner than the receiver asked for.
std::chrono::milliseconds Notifier::pause_after(std::int64_t attempts, const Outcome& outcome) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  const auto doubled = kFirstRetry * (std::int64_t{1} << std::min<std::int64_t>(attempts, 20));
  const auto pause = std::min<std::chrono::milliseconds>(doubled, options_.longest_pause);
  const auto jittered = std::uniform_int_distribution<std::int64_t>(pause.count() / 2, pause.count())(random);
  return std::max<std::chrono::milliseconds>(std::chrono::milliseconds(jittered), outcome.retry_after);
}

Status Notifier::note_outcomes(Connection& connection) {
  while (!ended_.empty()) {
    const auto& [delivery, began, outcome] = ended_.back();
    const auto age = std::chrono::microseconds(clock_.now() - delivery.created_at);
    const bool taken = outcome.error.empty();
    const bool again = !taken && outcome.worth_retry && age < options_.give_up_after;
    const postgres::AttemptMade attempt{began, outcome.took.count(), outcome.status, outcome.error, outcome.answer};
    auto noted = postgres::note_attempt(connection, delivery, attempt,
                                        taken   ? "delivered"
                                        : again ? "pending"
                                                : "failed",
                                        again ? pause_after(delivery.attempts, outcome) : 0ms);
    if (!noted) return noted;
    (taken ? delivered_ : again ? retried_ : failed_).add();
    seconds_.observe(std::chrono::duration<double>(outcome.took).count());
    if (!taken) {
      // Not the URL: it may be a secret.
      log::warn("notify", "delivery {} of project {}: {}{}", delivery.id, delivery.project_id, outcome.error,
                again ? ", will be tried again" : ", given up");
    }
    ended_.pop_back();
  }
  return {};
}

}  // namespace mesher::notify
