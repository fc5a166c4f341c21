#include "nodes/fingerprint_variables.hpp"

#include "nodes/frames.hpp"

namespace mesher::nodes {
namespace {

bool only_wraps(const Exception& exception) {
  if (exception.type == "UndeliverableException" || exception.type == "OnErrorNotImplementedException") {
    return exception.module.starts_with("io.reactivex");
  }
  return exception.value.starts_with("There was an error during concurrent rendering but React was able to recover") ||
         exception.value.starts_with("There was an error while hydrating but React was able to recover") ||
         exception.value.starts_with("There was an error while hydrating this Suspense boundary");
}

std::span<const Frame> crash_stack(const Event& event) {
  if (const auto* main = main_exception(event); main != nullptr && !main->frames.empty()) return main->frames;
  if (!event.exceptions.empty() && !event.exceptions.back().frames.empty()) return event.exceptions.back().frames;
  if (!event.stacktrace.empty()) return event.stacktrace;
  if (event.threads.size() == 1) return event.threads[0].frames;
  return {};
}

std::string_view or_else(std::string_view value, std::string_view fallback) {
  return value.empty() ? fallback : value;
}

std::string_view frame_variable(const Frame* frame, std::string_view name) {
  static constexpr Frame kNone{};
  const Frame& f = frame == nullptr ? kNone : *frame;
  if (name == "function") return or_else(or_else(f.function, f.raw_function), "<no-function>");
  if (name == "path" || name == "abs_path") return or_else(or_else(f.abs_path, f.filename), "<no-abs-path>");
  if (name == "filename") return or_else(or_else(f.filename, f.abs_path), "<no-filename>");
  if (name == "module") return or_else(f.module, "<no-module>");
  if (name == "package") return or_else(basename_of(f.package), "<no-package>");
  return {};
}

}  // namespace

const Exception* main_exception(const Event& event) {
  const auto all = event.exceptions;
  if (all.empty()) return nullptr;
  if (all.size() > 1 && only_wraps(all.back())) return &all[all.size() - 2];
  return &all.back();
}

const Frame* crash_frame(const Event& event) {
  const auto frames = crash_stack(event);
  for (auto f = frames.rbegin(); f != frames.rend(); ++f) {
    if (is_app(role_of(*f, family_of(f->platform.empty() ? event.platform : f->platform)))) return &*f;
  }
  return frames.empty() ? nullptr : &frames.back();
}

std::optional<std::string_view> variable_name(std::string_view entry) {
  const auto trim = [](std::string_view s) {
    while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
    while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
    return s;
  };
  entry = trim(entry);
  if (entry.size() < 5 || !entry.starts_with("{{") || !entry.ends_with("}}")) return std::nullopt;
  const auto name = trim(entry.substr(2, entry.size() - 4));
  if (name.empty() || name.find_first_of(" {}") != name.npos) return std::nullopt;
  return name;
}

std::string_view variable(const Event& event, std::string_view name, std::string& scratch) {
  const Exception* last = event.exceptions.empty() ? nullptr : &event.exceptions.back();
  if (name == "transaction") return or_else(event.transaction, "<no-transaction>");
  if (name == "message") return or_else(or_else(event.message, last == nullptr ? "" : last->value), "<no-message>");
  if (name == "type" || name == "error.type") return or_else(last == nullptr ? "" : last->type, "<no-type>");
  if (name == "value" || name == "error.value") return or_else(last == nullptr ? "" : last->value, "<no-value>");
  if (name == "level") return name_of(event.level);
  if (name == "logger") return or_else(event.logger, "<no-logger>");
  if (name.starts_with("tags.")) {
    const auto key = name.substr(5);
    for (const auto& tag : event.tags) {
      if (tag.key == key) return tag.value;
    }
    if (key == "environment" && !event.environment.empty()) return event.environment;
    if (key == "release" && !event.release.empty()) return event.release;
    return scratch.assign("<no-value-for-tag-").append(key).append(">");
  }
  const auto of_frame = name.starts_with("stack.") ? name.substr(6) : name;
  if (of_frame != name || name == "function" || name == "path" || name == "module" || name == "package") {
    if (const auto value = frame_variable(crash_frame(event), of_frame); !value.empty()) return value;
  }
  return scratch.assign("<unrecognized-variable-").append(name).append(">");
}

}  // namespace mesher::nodes
