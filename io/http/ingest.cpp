#include "io/http/ingest.hpp"

#include <utility>

#include "io/http/ingest_door.hpp"

namespace mesher::http {

struct Ingest::Impl final : Door {
  using Door::Door;
};

Ingest::Ingest(IngestOptions options, const nodes::ports::ProjectDirectory& projects, nodes::ports::Journal& journal,
               const Clock& clock, Metrics& metrics, std::shared_ptr<ByteBudget> budget)
    : impl_(std::make_shared<Impl>(options, projects, journal, clock, metrics, std::move(budget))) {}

Ingest::~Ingest() = default;

void Ingest::add_routes(Router& router) {
  add_native_routes(impl_, router);
  add_socket_routes(impl_, router);
  add_sentry_routes(impl_, router);
}

bool Ingest::flush(std::chrono::milliseconds patience) {
  return impl_->outcomes.flush(patience);
}

}  // namespace mesher::http
