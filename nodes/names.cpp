// Names of functions and classes in managed and scripting languages, without what compilers and runtimes generate.
#include <algorithm>
#include <cstring>

#include "nodes/frames.hpp"

namespace mesher::nodes {
namespace {

bool digit(char c) {
  return c >= '0' && c <= '9';
}
bool hex(char c) {
  return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool alnum(char c) {
  return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

template <class Predicate>
std::size_t span(std::string_view text, std::size_t from, Predicate predicate) {
  while (from < text.size() && predicate(text[from])) ++from;
  return from;
}

/// End of an optional "_<digits>" at `from`.
std::size_t numbered(std::string_view text, std::size_t from) {
  if (from + 1 < text.size() && text[from] == '_' && digit(text[from + 1])) return span(text, from + 1, digit);
  return from;
}

constexpr std::string_view kAuto = "<auto>";

/// Proxies by CGLIB, Hibernate, Javassist: [from, to) of the generated part, or nothing.
struct Range {
  std::size_t from = 0, to = 0;
};

Range after_marker(std::string_view name, std::string_view marker) {
  const auto at = name.find(marker);
  if (at == name.npos) return {};
  auto i = span(name, at + marker.size(), [](char c) { return alnum(c); });
  const auto dollars = i;
  i = span(name, i, [](char c) { return c == '$'; });
  if (i == dollars || i - dollars > 2) return {};
  return {i, numbered(name, span(name, i, hex))};
}

Range generated(std::string_view name) {
  if (name.find('$') == name.npos && name.find("Accessor") == name.npos) return {};
  for (const std::string_view accessor : {"ConstructorAccessor"}) {
    if (const auto at = name.find(accessor); at != name.npos && name.find("reflect.Generated") != name.npos) {
      return {at + accessor.size(), name.size()};
    }
  }
  for (const std::string_view marker : {"$EnhancerBy", "$FastClassBy"}) {
    if (const auto range = after_marker(name, marker); range.to > range.from) return range;
  }
  if (const auto at = name.find("CGLIB$$"); at != name.npos) return {at + 7, numbered(name, span(name, at + 7, hex))};
  if (const auto at = name.find("$HibernateProxy$"); at != name.npos) {
    return {at + 16, span(name, at + 16, [](char c) { return alnum(c) || c == '_'; })};
  }
  if (const auto at = name.find("$$_javassist"); at != name.npos) {
    return {at + 12, span(name, at + 12, [](char c) { return alnum(c) || c == '_'; })};
  }
  if (const auto at = name.find("$fn__"); at != name.npos) return {at + 5, span(name, at + 5, digit)};
  if (const auto at = name.find("$$Lambda"); at != name.npos) return {at + 8, name.size()};
  return {};
}

}  // namespace

std::string_view java_class(std::string_view name, TextPool& pool) {
  const bool reflection = name.starts_with("sun.reflect.") || name.starts_with("jdk.internal.reflect.");
  if (!reflection && name.find('$') == name.npos) return name;
  if (const auto at = name.find("GeneratedMethodAccessor"); at != name.npos) return name.substr(0, at + 23);
  if (const auto range = generated(name); range.to > range.from) {
    return pool.join(name.substr(0, range.from), kAuto, name.substr(range.to));
  }
  // Anonymous and local classes are numbered in the order of the source file: Foo$1, Foo$2Local.
  for (auto at = name.find('$'); at != name.npos; at = name.find('$', at + 1)) {
    const auto end = span(name, at + 1, digit);
    if (end > at + 1) return java_class(pool.join(name.substr(0, at + 1), kAuto, name.substr(end)), pool);
  }
  return name;
}

std::string_view csharp_function(std::string_view name, TextPool& pool) {
  name = name.substr(0, name.find(" ("));
  for (const std::string_view marker : {"__DisplayClass", "b__", "d__", "g__"}) {
    const auto at = name.find(marker);
    if (at == name.npos || at == 0) continue;
    auto from = at + marker.size();
    if (marker == "g__") {  // local function: <Run>g__Add|3_0
      from = name.find('|', from);
      if (from == name.npos) continue;
      ++from;
    }
    const auto to = span(name, from, [](char c) { return digit(c) || c == '_'; });
    if (to > from) return csharp_function(pool.join(name.substr(0, from), kAuto, name.substr(to)), pool);
  }
  return name;
}

std::string_view go_function(std::string_view name, TextPool& pool) {
  if (const auto at = name.find("[...]"); at != name.npos) name = pool.join(name.substr(0, at), name.substr(at + 5));
  // Closures: ".func1", ".func1.2", ".func2.gowrap1".
  for (auto at = name.find(".func"); at != name.npos; at = name.find(".func", at + 1)) {
    auto end = span(name, at + 5, digit);
    if (end == at + 5) continue;
    end = span(name, end, [](char c) { return digit(c) || c == '.'; });
    if (end == name.size() || name.substr(end).starts_with("func") || name.substr(end).starts_with("gowrap")) {
      return name.substr(0, at + 5);
    }
  }
  return name;
}

std::string_view javascript_function(std::string_view name) {
  for (const std::string_view prefix : {"async*", "async ", "new ", "get ", "set "}) {
    if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  }
  if (name.ends_with("/<")) return {};
  if (const auto as = name.find(" [as "); as != name.npos) name = name.substr(0, as);
  if (const auto dot = name.rfind('.'); dot != name.npos) name = name.substr(dot + 1);
  for (const std::string_view anonymous :
       {"?", "<anonymous function>", "<anonymous>", "Anonymous function", "anonymous", "global code", "module code"}) {
    if (name == anonymous) return {};
  }
  return name;
}

std::string_view ruby_function(std::string_view name) {
  if (name.starts_with("block ") || name.starts_with("rescue in ") || name.starts_with("ensure in ")) {
    return name.substr(0, name.find(' '));
  }
  // Templates: _app_views_users_show_html_erb__1234567890_70123.
  if (const auto at = name.rfind("__"); at != name.npos) {
    auto i = at + 2;
    if (i < name.size() && name[i] == '_') ++i;
    const auto first = span(name, i, digit);
    const auto second = first < name.size() && name[first] == '_' ? span(name, first + 1, digit) : first;
    if (first - i >= 4 && second == name.size() && second - first >= 5) return name.substr(0, at);
  }
  // Ruby 3.4 writes the class as well: "Foo#bar", "Foo.bar".
  if (const auto at = name.rfind('#'); at != name.npos && at + 1 < name.size()) return name.substr(at + 1);
  return name;
}

std::string_view php_function(std::string_view name) {
  if (name.starts_with("class@anonymous")) {
    const auto at = name.rfind("::");
    return at == name.npos ? std::string_view{} : name.substr(at + 2);
  }
  if (name.starts_with("[Anonymous")) return {};
  // PHP 8.4 writes where the closure was made: "{closure:Foo::bar():12}".
  if (const auto at = name.find("{closure:"); at != name.npos) return "{closure}";
  return name;
}

}  // namespace mesher::nodes
