#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "nodes/event.hpp"

/// What of a stack's frames takes part in grouping. Pure functions; texts that differ from the event's are made in a
/// TextPool that the caller empties between events.
namespace mesher::nodes {

/// Platforms whose frames are read alike. A frame's own platform overrides its event's.
enum class Family : std::uint8_t { native, javascript, python, java, csharp, go, php, ruby, other };
Family family_of(std::string_view platform);

/// Memory for short-lived texts. clear() keeps the memory. Not thread-safe.
class TextPool {
 public:
  [[nodiscard]] char* reserve(std::size_t n);
  [[nodiscard]] std::string_view join(std::string_view a, std::string_view b, std::string_view c = {});
  void clear() {
    block_ = 0;
    used_ = 0;
  }

 private:
  struct Block {
    std::unique_ptr<char[]> memory;
    std::size_t size = 0;
  };
  std::vector<Block> blocks_;
  std::size_t block_ = 0, used_ = 0;
};

/// Where a frame comes from.
enum class FrameRole : std::uint8_t {
  app,      ///< the user's code
  test,     ///< the user's tests: their code, but only the way into what fails
  library,  ///< runtime, standard library, packages of others
  runner,   ///< reflection, test frameworks, thread bootstrap, error reporting: never says anything about the error
};

/// What a frame contributes: views into the event or the pool; empty: does not contribute.
struct FrameParts {
  std::string_view module, filename, function, context_line;
  FrameRole role = FrameRole::app;
  /// Why the frame does not contribute; empty: it does.
  std::string_view ignored;
  [[nodiscard]] bool empty() const {
    return module.empty() && filename.empty() && function.empty() && context_line.empty();
  }
};

/// Line and column numbers, addresses and load paths never contribute; generated parts of names are replaced.
[[nodiscard]] FrameParts frame_parts(const Frame& frame, Family family, FrameRole role, TextPool& pool);
[[nodiscard]] FrameParts frame_parts(const Frame& frame, std::string_view event_platform, TextPool& pool);

/// in_app as sent; else by our table of runtimes and package folders: no one needs to configure the usual ones.
[[nodiscard]] FrameRole role_of(const Frame& frame, Family family);
[[nodiscard]] inline bool is_app(FrameRole role) {
  return role == FrameRole::app || role == FrameRole::test;
}

/// True for http:, https:, applewebdata:, blob: (file: only if `file`).
[[nodiscard]] bool is_web_url(std::string_view path, bool file = false);

/// The name behind the last `/` or `\`.
[[nodiscard]] std::string_view basename_of(std::string_view path);

// --- names, by family (names_*.cpp) ---

/// "com.acme.Foo$$EnhancerBySpringCGLIB$$1f3a" -> "com.acme.Foo$$EnhancerBySpringCGLIB$$<auto>", "Foo$1" ->
/// "Foo$<auto>".
[[nodiscard]] std::string_view java_class(std::string_view name, TextPool& pool);
/// C, C++, Objective-C, Swift and Rust: "static void ns::Foo<int>::bar(int) const" -> "ns::Foo<T>::bar".
[[nodiscard]] std::string_view native_function(std::string_view name, TextPool& pool);
/// "Main.<Run>b__3_0 (System.Int32 x)" -> "Main.<Run>b__<auto>".
[[nodiscard]] std::string_view csharp_function(std::string_view name, TextPool& pool);
/// "(*Server).handle.func1.2" -> "(*Server).handle.func".
[[nodiscard]] std::string_view go_function(std::string_view name, TextPool& pool);
/// What browsers agree on: "Object.foo [as bar]", "new foo", "async*foo" -> "foo"; anonymous ones -> "".
[[nodiscard]] std::string_view javascript_function(std::string_view name);
[[nodiscard]] std::string_view ruby_function(std::string_view name);
[[nodiscard]] std::string_view php_function(std::string_view name);

}  // namespace mesher::nodes
