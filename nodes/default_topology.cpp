#include "nodes/default_topology.hpp"

namespace mesher::nodes {

const std::string_view kDefaultTopology = R"toml(# Mesher's built-in topology. Copy it into a config file to change it.
[nodes.parse]
type = "parse"
inputs = ["journal"]
concurrency = 2

[nodes.filter]
type = "filter"            # the projects' inbound filters
inputs = ["parse"]
concurrency = 2

[nodes.scrub]
type = "scrub"             # passwords, tokens, card numbers
inputs = ["filter"]
concurrency = 2

[nodes.sample]
type = "sample"
inputs = ["scrub"]
concurrency = 2

[nodes.fingerprint]
type = "fingerprint"
inputs = ["sample"]
concurrency = 2

[nodes.upsert]
type = "upsert"
inputs = ["fingerprint"]

[nodes.batch_write]
type = "batch_write"
inputs = ["upsert"]

[nodes.broadcast]
type = "broadcast"
inputs = ["batch_write"]
buffer = 64
when_full = "drop"         # a slow watcher never holds back storage
)toml";

}  // namespace mesher::nodes
