#include "io/cli/alerting.hpp"

#include <span>
#include <utility>
#include <vector>

namespace mesher::cli {

Alerting::Alerting(const Database& database, notify::NotifierOptions options, const Clock& clock, Metrics& metrics,
                   postgres::Health& health, notify::Notifier::Live live, postgres::AlertKeeper::AskCompany company)
    : secret_(options.secret),
      public_url_(options.public_url),
      notifier_(database.background_options("mesher notifier"), std::move(options), clock, metrics, health,
                std::move(live)),
      keeper_(
          database.background_options("mesher alert keeper"), engine_, clock, health,
          [this](std::vector<postgres::StoredAlert> alerts) { notifier_.announce(std::move(alerts)); },
          std::move(company)) {}

void Alerting::start() {
  keeper_.start();
  notifier_.start();
}

/// Called by the writers. Fewer stored than fired: what the engine knows of open alerts is out of date.
postgres::AlertHooks Alerting::hooks() {
  return {&engine_, [this](std::span<const nodes::alerts::Firing> firings, std::vector<postgres::StoredAlert> stored) {
            if (stored.size() < firings.size()) {
              for (const auto& firing : firings) keeper_.reload(firing.project_id);
            }
            notifier_.announce(std::move(stored));
          }};
}

api::AlertServices Alerting::for_api() {
  return {secret_, public_url_,
          [this](std::vector<postgres::StoredAlert> alerts) { notifier_.announce(std::move(alerts)); }};
}

}  // namespace mesher::cli
