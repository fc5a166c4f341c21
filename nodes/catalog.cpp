#include "nodes/catalog.hpp"

#include "nodes/archive.hpp"
#include "nodes/batch_write.hpp"
#include "nodes/broadcast.hpp"
#include "nodes/dedupe.hpp"
#include "nodes/fault.hpp"
#include "nodes/filter.hpp"
#include "nodes/fingerprint_node.hpp"
#include "nodes/generate.hpp"
#include "nodes/http_post.hpp"
#include "nodes/parse.hpp"
#include "nodes/rate_limit.hpp"
#include "nodes/route.hpp"
#include "nodes/sample.hpp"
#include "nodes/scrub.hpp"
#include "nodes/stdout.hpp"
#include "nodes/upsert.hpp"

namespace mesher::nodes {

void register_nodes(graph::Registry& registry, const NodeDependencies& dependencies) {
  registry.add(parse_spec());
  registry.add(filter_spec(dependencies.projects));
  registry.add(scrub_spec(dependencies.projects));
  registry.add(sample_spec(dependencies.projects));
  registry.add(fingerprint_spec(dependencies.projects));
  registry.add(upsert_spec(dependencies.issues));
  registry.add(batch_write_spec());
  registry.add(broadcast_spec(dependencies.broadcaster));

  registry.add(route_spec());
  registry.add(rate_limit_spec(dependencies.clock));
  registry.add(dedupe_spec(dependencies.clock));
  registry.add(archive_spec(dependencies.clock));
  registry.add(http_post_spec());
  registry.add(stdout_spec());
  registry.add(generate_spec(dependencies.clock));
  registry.add(fault_spec());
}

}  // namespace mesher::nodes
