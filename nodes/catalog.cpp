#include "nodes/catalog.hpp"

#include "nodes/archive.hpp"
#include "nodes/dedupe.hpp"
#include "nodes/fault.hpp"
#include "nodes/filter.hpp"
#include "nodes/http_post.hpp"
#include "nodes/parse.hpp"
#include "nodes/rate_limit.hpp"
#include "nodes/route.hpp"
#include "nodes/sample.hpp"
#include "nodes/scrub.hpp"
#include "nodes/stdout.hpp"

namespace mesher::nodes {

void register_nodes(graph::Registry& registry, const NodeDependencies& dependencies) {
  registry.add(parse_spec());
  registry.add(filter_spec(dependencies.projects));
  registry.add(scrub_spec(dependencies.projects));
  registry.add(sample_spec(dependencies.projects));

  registry.add(route_spec());
  registry.add(rate_limit_spec(dependencies.clock));
  registry.add(dedupe_spec(dependencies.clock));
  registry.add(archive_spec(dependencies.clock));
  registry.add(http_post_spec());
  registry.add(stdout_spec());
  registry.add(fault_spec());
}

}  // namespace mesher::nodes
