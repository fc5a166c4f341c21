#pragma once

#include <string_view>

namespace mesher::nodes {

/// The topology that runs when the config file has no [nodes.*] of its own, or there is no config file.
extern const std::string_view kDefaultTopology;

}  // namespace mesher::nodes
