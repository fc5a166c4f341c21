#pragma once

#include <memory>

#include "nodes/event.hpp"
#include "nodes/query/ast.hpp"

namespace mesher::query {

/// A query of Scope::stream, made ready to be asked of many events: the live stream's filters, alerts. Terms about an
/// issue's state satisfy no event. Immutable, any thread.
class Matcher {
 public:
  explicit Matcher(const Node& query);
  ~Matcher();
  Matcher(Matcher&&) noexcept;
  Matcher& operator=(Matcher&&) noexcept;

  [[nodiscard]] bool matches(const nodes::Event& event) const;

 private:
  struct Part;
  std::unique_ptr<const Part> root_;
};

}  // namespace mesher::query
