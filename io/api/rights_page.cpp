#include "io/api/rights_page.hpp"

#include <fmt/format.h>

#include <string_view>

#include "io/api/routes.hpp"

namespace mesher::api {
namespace {

constexpr std::string_view kHead = R"(# Who may do what

This page is printed by `mesher help rights` from the tables that the server decides by.

- An **organisation** has members with one of three roles: `member`, `admin`, `owner`. A higher role may all that a lower one may. Nobody gives or takes a role above
  their own, and the last owner stays.
- **Owners of the instance** (the first account, and those that `mesher setup` makes) run the server. It gives them no sight of organisations that they are not members of.
- An **API token** acts for its user, within its scope: `read`, `write`, which includes `read`, or `admin`, which includes both. A session (cookie) has every scope.
- **Answers**: 401 to who is not signed in; 404, as if it did not exist, for whatever belongs to an organisation that the caller is not a member of; 403 if the role or
  the token's scope is too low.

| action | role | scope of a token | |
|---|---|---|---|
)";

std::string who(const auth::Right& right) {
  switch (right.realm) {
    case auth::Realm::open:
      return "anybody";
    case auth::Realm::account:
      return "every account, for itself";
    case auth::Realm::organization:
      return fmt::format("{}{}", name_of(right.role), right.instance_owner ? ", and owner of the instance" : "");
    case auth::Realm::instance:
      return "owner of the instance";
  }
  return {};
}

}  // namespace

std::string rights_page() {
  std::string page(kHead);
  for (const auto& right : auth::all_rights()) {
    const bool open = right.realm == auth::Realm::open;
    page += fmt::format("| `{}` | {} | {} | {} |\n", right.name, who(right),
                        open ? std::string("none needed") : fmt::format("`{}`", name_of(right.scope)), right.meaning);
  }
  page += "\n## Routes\n\n| route | action |\n|---|---|\n";
  for (const auto& route : routes()) {
    page += fmt::format("| `{} {}` | `{}` |\n", route.method, route.pattern, auth::right_of(route.action).name);
  }
  return page;
}

}  // namespace mesher::api
