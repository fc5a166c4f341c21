#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/base/assert.hpp"
#include "io/http/message.hpp"

namespace mesher::http {
namespace {

constexpr std::string_view kAnyPrefix = "**";

std::vector<std::string_view> segments(std::string_view path) {
  std::vector<std::string_view> out;
  out.reserve(8);
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    if (end > 0) out.push_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return out;
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{';
}

}  // namespace

/// A tree of segments. At each level a literal wins over a parameter, with a second try when the literal's branch ends
/// in nothing. Patterns that start with "**/" live in a tree of their own, tried at every later segment of a path that
/// the first tree does not know: so ingestion works behind any path prefix of a DSN. At the path's beginning the tree
/// whose match has fewer parameters wins.
struct Router::Impl {
  struct Route {
    std::string method;
    std::string pattern;
    Handler handler;
  };
  struct Level {
    std::vector<std::pair<std::string, std::unique_ptr<Level>>> literals;
    std::unique_ptr<Level> parameter;
    std::vector<std::pair<std::string, Handler>> methods;
    std::vector<std::string> parameter_names;
    UpgradeHandler upgrade;

    [[nodiscard]] bool is_end() const { return !methods.empty() || upgrade != nullptr; }
    [[nodiscard]] const Handler* method(std::string_view name) const {
      const auto at = std::find_if(methods.begin(), methods.end(), [&](const auto& m) { return m.first == name; });
      return at == methods.end() ? nullptr : &at->second;
    }
  };
  using Path = std::vector<std::string_view>;

  Level root, anywhere;
  Handler fallback;
  std::vector<std::string> names;

  Level& at(std::string_view pattern) {
    auto parts = segments(pattern);
    Level* level = &root;
    if (!parts.empty() && parts.front() == kAnyPrefix) {
      parts.erase(parts.begin());
      level = &anywhere;
    }
    std::vector<std::string> parameters;
    for (const auto part : parts) {
      if (is_parameter(part)) {
        parameters.emplace_back(part.substr(1, part.size() - 2));
        if (!level->parameter) level->parameter = std::make_unique<Level>();
        level = level->parameter.get();
        continue;
      }
      auto found = std::find_if(level->literals.begin(), level->literals.end(),
                                [&](const auto& child) { return child.first == part; });
      if (found == level->literals.end()) {
        level->literals.emplace_back(std::string(part), std::make_unique<Level>());
        found = level->literals.end() - 1;
      }
      level = found->second.get();
    }
    MESHER_ASSERT(!level->is_end() || level->parameter_names == parameters);  // same path, same names
    level->parameter_names = std::move(parameters);
    return *level;
  }

  static const Level* walk(const Level& level, const Path& path, std::size_t i, Path& values) {
    if (i == path.size()) return level.is_end() ? &level : nullptr;
    for (const auto& [name, child] : level.literals) {
      if (name != path[i]) continue;
      if (const auto* end = walk(*child, path, i + 1, values)) return end;
    }
    if (!level.parameter) return nullptr;
    values.push_back(path[i]);
    if (const auto* end = walk(*level.parameter, path, i + 1, values)) return end;
    values.pop_back();
    return nullptr;
  }

  const Level* find(Request& request) const {
    const auto path = segments(request.path);
    Path values;
    const auto* end = walk(root, path, 0, values);
    // "/api/v1/events/bulk" is the door's, although "/api/v1/events/{id}" would take it too: fewer parameters win.
    Path prefixed_values;
    if (const auto* prefixed = walk(anywhere, path, 0, prefixed_values);
        prefixed != nullptr && (end == nullptr || prefixed_values.size() < values.size())) {
      end = prefixed;
      values = std::move(prefixed_values);
    }
    for (std::size_t skip = 1; end == nullptr && skip < path.size(); ++skip) {
      end = walk(anywhere, path, skip, values);
    }
    if (end == nullptr) return nullptr;
    request.path_parameters.clear();
    for (std::size_t i = 0; i < values.size(); ++i) {
      request.path_parameters.emplace(end->parameter_names[i], values[i]);
    }
    return end;
  }
};

Router::Router() : impl_(std::make_unique<Impl>()) {}
Router::~Router() = default;

void Router::add(std::string_view method, std::string_view pattern, Handler handler) {
  auto& level = impl_->at(pattern);
  MESHER_ASSERT(level.method(method) == nullptr);
  level.methods.emplace_back(std::string(method), std::move(handler));
  impl_->names.push_back(std::string(method) + " " + std::string(pattern));
}

void Router::add_upgrade(std::string_view pattern, UpgradeHandler handler) {
  auto& level = impl_->at(pattern);
  MESHER_ASSERT(level.upgrade == nullptr);
  level.upgrade = std::move(handler);
  impl_->names.push_back("GET " + std::string(pattern));
}

void Router::set_fallback(Handler handler) {
  impl_->fallback = std::move(handler);
}

void Router::handle(Request request, Respond respond) const {
  const auto* level = impl_->find(request);
  if (level == nullptr && impl_->fallback && (request.method == "GET" || request.method == "HEAD")) {
    return impl_->fallback(std::move(request), std::move(respond));
  }
  if (level == nullptr) return respond(error_response(404, "not_found", "there is nothing at " + request.path));
  const auto* handler = level->method(request.method);
  if (handler == nullptr && request.method == "HEAD") handler = level->method("GET");
  if (handler != nullptr) return (*handler)(std::move(request), std::move(respond));

  if (level->methods.empty() && request.method == "GET") {
    auto response = error_response(426, "upgrade_required", request.path + " speaks WebSocket only");
    response.headers.emplace_back("Upgrade", "websocket");
    return respond(std::move(response));
  }
  std::string allow;
  for (const auto& [name, unused] : level->methods) {
    if (!allow.empty()) allow += ", ";
    allow += name;
  }
  if (level->upgrade != nullptr && level->method("GET") == nullptr) allow += allow.empty() ? "GET" : ", GET";
  auto response = error_response(405, "method_not_allowed", request.path + " takes " + allow);
  response.headers.emplace_back("Allow", allow);
  respond(std::move(response));
}

const UpgradeHandler* Router::upgrade(Request& request) const {
  const auto* level = impl_->find(request);
  return level != nullptr && level->upgrade != nullptr ? &level->upgrade : nullptr;
}

std::vector<std::string> Router::routes() const {
  auto names = impl_->names;
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace mesher::http
