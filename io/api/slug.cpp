#include "io/api/slug.hpp"

#include "io/postgres/setup.hpp"

namespace mesher::api {
namespace {

constexpr std::size_t kLongestSlug = 60;

}  // namespace

std::optional<std::string> read_slug(Body& body) {
  auto slug = body.text("slug", 1, kLongestSlug);
  if (slug && postgres::slug_of(*slug, "") != *slug) {
    body.refuse("slug", "must be lower-case letters, digits and single dashes between them");
    return std::nullopt;
  }
  return slug;
}

std::optional<std::string> read_slug(Body& body, const std::string& name, const char* otherwise) {
  auto slug = read_slug(body);
  return slug ? slug : postgres::slug_of(name, otherwise);
}

}  // namespace mesher::api
