#include "nodes/frames.hpp"

#include <algorithm>
#include <cstring>

namespace mesher::nodes {
namespace {

constexpr std::size_t kPoolBlock = 32 * 1024;
constexpr std::size_t kLongestContext = 120;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
bool space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

std::string_view lowered(std::string_view text, TextPool& pool) {
  if (std::none_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) return text;
  char* to = pool.reserve(text.size());
  std::transform(text.begin(), text.end(), to, lower);
  return {to, text.size()};
}

/// White space trimmed at both ends and collapsed to one space inside.
std::string_view collapsed(std::string_view text, TextPool& pool) {
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  const auto odd = [](char a, char b) { return space(b) && (space(a) || b != ' '); };
  if (std::adjacent_find(text.begin(), text.end(), odd) == text.end()) return text;
  char* to = pool.reserve(text.size());
  std::size_t n = 0;
  for (const char c : text) {
    if (space(c)) {
      if (to[n - 1] != ' ') to[n++] = ' ';
    } else {
      to[n++] = c;
    }
  }
  return {to, n};
}

/// "main.8f3a2b1c.js" -> "main.<hash>.js": bundlers put the content's hash into names of files.
std::string_view bundle_name(std::string_view name, TextPool& pool) {
  for (std::size_t i = 0; i < name.size();) {
    const auto end = std::min(name.find_first_of(".-_", i), name.size());
    const auto part = name.substr(i, end - i);
    const bool hex =
        std::all_of(part.begin(), part.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
    if (part.size() >= 8 && hex && std::any_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      return pool.join(name.substr(0, i), "<hash>", name.substr(end));
    }
    i = end + 1;
  }
  return name;
}

std::string_view module_part(const Frame& frame, Family family, TextPool& pool) {
  switch (family) {
    case Family::java:
      return java_class(frame.module, pool);
    case Family::javascript:
      // The module is only the path of the URL.
      if (frame.module.find('/') != std::string_view::npos && frame.abs_path.ends_with(frame.module)) return {};
      return frame.module;
    default:
      return frame.module;
  }
}

std::string_view filename_part(const Frame& frame, Family family, TextPool& pool) {
  const auto path = frame.filename.empty() ? frame.abs_path : frame.filename;
  if (path.empty() || is_web_url(frame.abs_path) || is_web_url(path) || path == "<anonymous>" ||
      path == "[native code]") {
    return {};
  }
  if (family == Family::java && (path == "Unknown Source" || path == "Native Method")) return {};
  const auto name = lowered(basename_of(path), pool);
  if (family == Family::javascript) return bundle_name(name, pool);
  if (family == Family::java && name.find("_javassist") != name.npos) return java_class(name, pool);
  return name;
}

/// Minified code renames its functions with every build.
bool minified(const Frame& frame, std::string_view function) {
  return function.size() <= 2 && !frame.has_sourcemap && is_web_url(frame.abs_path);
}

std::string_view function_part(const Frame& frame, Family family, TextPool& pool) {
  const auto name = frame.function.empty() ? frame.raw_function : frame.function;
  switch (family) {
    case Family::java:
      if (name.starts_with("lambda$") || name.starts_with("access$")) return {};
      return name;
    case Family::native:
      if (name == "<redacted>" || name == "<unknown>") return {};
      return frame.raw_function.empty() || frame.function.empty() ? native_function(name, pool) : name;
    case Family::csharp:
      return csharp_function(frame.raw_function.empty() ? name : frame.raw_function, pool);
    case Family::javascript: {
      const auto last = javascript_function(name);
      return minified(frame, last) ? std::string_view{} : last;
    }
    case Family::go:
      return go_function(name, pool);
    case Family::ruby:
      return ruby_function(name);
    case Family::php:
      return php_function(name);
    default:
      return name;
  }
}

std::string_view context_part(const Frame& frame, Family family, bool has_function, TextPool& pool) {
  const bool speaks =
      family == Family::javascript || family == Family::python || family == Family::php || family == Family::ruby;
  if (!speaks || frame.context_line.size() > kLongestContext) return {};
  if (family == Family::javascript && !has_function && is_web_url(frame.abs_path, true)) return {};
  return collapsed(frame.context_line, pool);
}

/// Why a whole frame says nothing; empty: it does.
std::string_view noise(const Frame& frame, Family family) {
  switch (family) {
    case Family::java:
      if (const auto at = frame.module.find('$');
          at != std::string_view::npos && frame.module.find("$$Lambda", at) != std::string_view::npos) {
        return "generated lambda class";
      }
      return {};
    case Family::javascript: {
      for (const std::string_view path : {"[native code]", "native code", "eval code", "<anonymous>"}) {
        if (frame.abs_path == path) return "native or evaluated code";
      }
      const auto dot = frame.function.rfind('.');
      if ((dot == std::string_view::npos ? frame.function : frame.function.substr(dot + 1)) == "eval") return "eval";
      return {};
    }
    case Family::python:
      // Python 3.12 runs these inside their function.
      if (frame.function == "<listcomp>" || frame.function == "<dictcomp>" || frame.function == "<setcomp>")
        return "comprehension";
      return {};
    default:
      return {};
  }
}

}  // namespace

Family family_of(std::string_view platform) {
  if (platform == "java") return Family::java;
  if (platform == "python") return Family::python;
  if (platform == "javascript" || platform == "node") return Family::javascript;
  if (platform == "go") return Family::go;
  if (platform == "csharp") return Family::csharp;
  if (platform == "php") return Family::php;
  if (platform == "ruby") return Family::ruby;
  for (const std::string_view native : {"native", "c", "objc", "cocoa", "swift", "rust"}) {
    if (platform == native) return Family::native;
  }
  return Family::other;
}

char* TextPool::reserve(std::size_t n) {
  while (block_ < blocks_.size() && blocks_[block_].size - used_ < n) {
    ++block_;
    used_ = 0;
  }
  if (block_ == blocks_.size()) {
    const std::size_t size = std::max(n, kPoolBlock);
    blocks_.push_back({std::make_unique<char[]>(size), size});
  }
  char* at = blocks_[block_].memory.get() + used_;
  used_ += n;
  return at;
}

std::string_view TextPool::join(std::string_view a, std::string_view b, std::string_view c) {
  char* to = reserve(a.size() + b.size() + c.size());
  std::copy(c.begin(), c.end(), std::copy(b.begin(), b.end(), std::copy(a.begin(), a.end(), to)));
  return {to, a.size() + b.size() + c.size()};
}

FrameParts frame_parts(const Frame& frame, std::string_view event_platform, TextPool& pool) {
  const Family family = family_of(frame.platform.empty() ? event_platform : frame.platform);
  return frame_parts(frame, family, role_of(frame, family), pool);
}

FrameParts frame_parts(const Frame& frame, Family family, FrameRole role, TextPool& pool) {
  FrameParts parts;
  parts.role = role;
  parts.ignored = noise(frame, family);
  if (!parts.ignored.empty()) return parts;
  parts.module = module_part(frame, family, pool);
  if (parts.module.empty()) parts.filename = filename_part(frame, family, pool);
  parts.function = function_part(frame, family, pool);
  parts.context_line = context_part(frame, family, !parts.function.empty(), pool);
  // Behind a source map names of functions depend on the minifier, the line does not.
  if (family == Family::javascript && frame.has_sourcemap && !parts.context_line.empty()) parts.function = {};
  if (parts.empty()) parts.ignored = "nothing stable in it";
  return parts;
}

bool is_web_url(std::string_view path, bool file) {
  return path.starts_with("http:") || path.starts_with("https:") || path.starts_with("applewebdata:") ||
         path.starts_with("blob:") || (file && path.starts_with("file:"));
}

std::string_view basename_of(std::string_view path) {
  const auto slash = path.find_last_of("/\\");
  return slash == path.npos ? path : path.substr(slash + 1);
}

}  // namespace mesher::nodes
