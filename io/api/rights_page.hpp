#pragma once

#include <string>

namespace mesher::api {

/// docs/rights.md: who may do what, and with which routes; from the table of rights and the table of routes.
[[nodiscard]] std::string rights_page();

}  // namespace mesher::api
