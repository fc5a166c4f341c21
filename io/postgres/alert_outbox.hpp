#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "graph/base/result.hpp"
#include "io/postgres/connection.hpp"
#include "io/postgres/pool.hpp"

/// The outbox of alerts: notices, written by the transaction that fires, become deliveries, which are sent until they
/// arrive or are given up. Any number of servers may work on it at once. Calls block. Errors: unavailable, internal.
namespace mesher::postgres {

/// Notices that are to be told together.
struct NoticeGroup {
  std::uint32_t project_id = 0;
  std::string channel, project_slug, project_name;
  std::int64_t rule_id = 0;  ///< of the first notice
  std::string action_json;   ///< of that rule; empty: the rule has no such action any more
  struct Notice {
    std::int64_t alert_id = 0;
    std::string status;
  };
  std::vector<Notice> notices;  ///< one an alert, the latest; by alert
  std::int64_t more = 0;        ///< notices beyond those, which are let go
};

/// A channel has waited long enough since it was told last, and nothing is on its way there.
struct ReadyChannel {
  std::uint32_t project_id = 0;
  std::string channel;
};
[[nodiscard]] Result<std::vector<ReadyChannel>> ready_channels(Connection& connection,
                                                               std::chrono::milliseconds interval, std::uint32_t limit);

/// Takes a channel's notices away; call it in a transaction that makes a delivery of them. Nothing if another server
/// was faster. At most `most` are listed.
[[nodiscard]] Result<std::optional<NoticeGroup>> take_notices(Connection& connection, const ReadyChannel& ready,
                                                              std::chrono::milliseconds interval, std::size_t most);

struct NewDelivery {
  std::uint32_t project_id = 0;
  std::int64_t rule_id = 0;
  std::string channel, kind, action_json, subject, body, html, thread;
  std::vector<std::int64_t> alert_ids;
};
/// The id, 32 hexadecimal digits.
[[nodiscard]] Result<std::string> add_delivery(Connection& connection, const NewDelivery& delivery);

struct DueDelivery {
  std::uint32_t project_id = 0;
  std::string id, action_json, subject, body, html, thread;
  std::int64_t attempts = 0;
  UnixMicros created_at = 0;
};
/// Deliveries whose time has come. They are this caller's until `lease` is over.
[[nodiscard]] Result<std::vector<DueDelivery>> claim_deliveries(Connection& connection, std::chrono::seconds lease,
                                                                std::size_t limit);

struct AttemptMade {
  UnixMicros at = 0;
  std::int64_t milliseconds = 0, status = 0;  ///< status 0: there was no answer
  std::string error, answer;
};
/// What came of an attempt: delivered, failed for good, or to be tried again after `again`.
[[nodiscard]] Status note_attempt(Connection& connection, const DueDelivery& delivery, const AttemptMade& attempt,
                                  const std::string& status, std::chrono::milliseconds again);

struct DeliveryRow {
  std::uint32_t project_id = 0;
  std::string id, kind, status, action_json, subject, body, attempts_json;
  std::int64_t rule_id = 0, attempt_count = 0;
  std::vector<std::string> alert_ids;
  UnixMicros created_at = 0;
  std::optional<UnixMicros> next_attempt_at, finished_at;
};
struct DeliveryPlace {
  UnixMicros created_at = 0;
  std::string id;
};
/// Latest first, without their bodies.
[[nodiscard]] Result<std::vector<DeliveryRow>> list_deliveries(Pool& pool, std::uint32_t project_id,
                                                               std::int64_t rule_id,
                                                               const std::optional<DeliveryPlace>& after,
                                                               std::uint32_t limit);
[[nodiscard]] Result<std::optional<DeliveryRow>> find_delivery(Pool& pool, const std::string& id,
                                                               const std::vector<std::uint32_t>& organization_ids);
/// Sends it once more, now, under the same id. False if it is on its way already, or gone.
[[nodiscard]] Result<bool> redeliver(Pool& pool, std::uint32_t project_id, const std::string& id);

}  // namespace mesher::postgres
