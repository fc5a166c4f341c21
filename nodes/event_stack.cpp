#include "nodes/event_stack.hpp"

#include <charconv>
#include <optional>

#include "nodes/coerce.hpp"
#include "nodes/trace_text.hpp"

namespace mesher::nodes {
namespace {

std::optional<std::int64_t> whole_number(Json value) {
  if (!value.is_number()) return std::nullopt;
  const auto raw = value.raw();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), number);
  if (error != std::errc() || end != raw.data() + raw.size()) return std::nullopt;
  return number;
}

std::optional<bool> truth(Json value) {
  if (value.is_bool()) return value.is_true();
  if (!value.is_string()) return std::nullopt;
  const auto text = value.raw_string();  // some clients write the word
  if (equal_ignoring_case(text, "true")) return true;
  if (equal_ignoring_case(text, "false")) return false;
  return std::nullopt;
}

std::uint32_t line_number(Json value) {
  if (value.is_number()) return to_u32(value.raw());
  return value.is_string() ? to_u32(value.raw_string()) : 0;
}

/// A path that is missing is taken from the other one; of a URL, `filename` is the path alone. Browser clients send the
/// whole URL as filename, so without this no rule about URLs would see one.
void normalise_paths(Frame& frame) {
  if (frame.abs_path.empty() || frame.abs_path == frame.filename) {
    frame.abs_path = frame.filename;
    frame.filename = {};
  }
  if (!frame.filename.empty()) return;
  const auto path = url_path(frame.abs_path);
  frame.filename = path.empty() || path == "/" ? frame.abs_path : path;
}

void read_frame_member(Frame& frame, std::string_view name, Json value, ReadContext& context) {
  using Limits = EventLimits;
  switch (name.empty() ? '\0' : name[0]) {
    case 'f':
      if (name == "function") frame.function = context.text("frame.function", value, Limits::name);
      if (name == "filename") frame.filename = context.text("frame.filename", value, Limits::path);
      break;
    case 'm':
      if (name == "module") frame.module = context.text("frame.module", value, Limits::module);
      break;
    case 'a':
      if (name == "abs_path") frame.abs_path = context.text("frame.abs_path", value, Limits::path);
      break;
    case 'l':
      if (name == "lineno") frame.lineno = line_number(value);
      break;
    case 'c':
      if (name == "context_line") frame.context_line = context.text("frame.context_line", value, Limits::context_line);
      if (name == "colno") frame.colno = line_number(value);
      break;
    case 'i':
      if (name == "in_app") frame.in_app = truth(value);
      break;
    case 'p':
      if (name == "package") frame.package = context.text("frame.package", value, Limits::path);
      if (name == "platform") frame.platform = context.text("frame.platform", value, Limits::name);
      break;
    case 'r':
      if (name == "raw_function") frame.raw_function = context.text("frame.raw_function", value, Limits::name);
      break;
    case 'd':
      if (name == "data" && value.is_object()) {
        const auto map = value.member("sourcemap");
        frame.has_sourcemap = map.is_string() && !map.raw_string().empty();
      }
      break;
    default:
      break;
  }
}

std::span<const Frame> read_frames(Json list, std::string_view path, ReadContext& context) {
  using Limits = EventLimits;
  const std::size_t count = list.count();
  const bool too_many = count > Limits::frames;
  const auto frames = context.arena.array<Frame>(too_many ? Limits::frames : count);
  const std::size_t gap_end = too_many ? count - (Limits::frames - Limits::oldest_frames) : 0;
  std::size_t at = 0;
  std::size_t filled = 0;
  list.elements([&](Json element) {
    const bool in_gap = at >= Limits::oldest_frames && at < gap_end;
    ++at;
    if (in_gap || !element.is_object()) return;
    auto& frame = frames[filled++];
    element.members([&](Json key, Json value) { read_frame_member(frame, key.raw_string(), value, context); });
    normalise_paths(frame);
  });
  if (too_many) context.note(path, "too_many", count);
  return frames.first(filled);
}

void read_mechanism(Json value, Exception& exception, ReadContext& context) {
  auto& mechanism = exception.mechanism;
  value.members([&](Json key, Json part) {
    const auto name = key.raw_string();
    if (name == "type") mechanism.type = context.text("mechanism.type", part, EventLimits::name);
    if (name == "handled") mechanism.handled = truth(part);
    if (name == "synthetic") mechanism.synthetic = truth(part).value_or(false);
    if (name == "is_exception_group") mechanism.is_group = truth(part).value_or(false);
    if (name == "exception_id") mechanism.exception_id = whole_number(part);
    if (name == "parent_id") mechanism.parent_id = whole_number(part);
    if (name == "source") mechanism.source = context.text("mechanism.source", part, EventLimits::name);
    if (name == "meta" && part.is_object()) {
      const auto error = part.member("ns_error");
      if (!error.is_object()) return;
      exception.ns_error_code = whole_number(error.member("code"));
      exception.ns_error_domain =
          context.text("mechanism.meta.ns_error.domain", error.member("domain"), EventLimits::name);
    }
  });
}

/// An exception without a type whose value reads `Word: rest` names its type there.
void split_value(Exception& exception) {
  const auto colon = exception.value.find(':');
  if (!exception.type.empty() || colon == std::string_view::npos || colon == 0 || colon > 128) return;
  const auto word = exception.value.substr(0, colon);
  if (word.find_first_of(" \t\r\n/\\\"'()[]{}<>=,;@") != std::string_view::npos) return;
  if (word[0] >= '0' && word[0] <= '9') return;
  const auto rest = exception.value.substr(colon + 1);
  if (!rest.empty() && rest[0] != ' ') return;  // std::bad_alloc, http://…
  exception.type = word;
  exception.value = trim(rest);
}

bool read_exception(Json value, Exception& exception, ReadContext& context) {
  if (!value.is_object()) return false;
  Json raw_stacktrace;
  value.members([&](Json key, Json part) {
    const auto name = key.raw_string();
    if (name == "type") {
      exception.type = context.text("exception.type", part, EventLimits::type);
    } else if (name == "value") {
      const auto text = part.is_null()     ? std::string_view{}
                        : part.is_string() ? part.string(context.arena)
                                           : part.raw();
      exception.value = context.clip("exception.value", text, EventLimits::message);
    } else if (name == "module") {
      exception.module = context.text("exception.module", part, EventLimits::module);
    } else if (name == "stacktrace") {
      exception.frames = read_stacktrace(part, "exception.stacktrace.frames", context);
    } else if (name == "raw_stacktrace") {
      raw_stacktrace = part;
    } else if (name == "mechanism" && part.is_object()) {
      read_mechanism(part, exception, context);
    }
  });
  if (exception.frames.empty() && raw_stacktrace.present()) {
    exception.frames = read_stacktrace(raw_stacktrace, "exception.raw_stacktrace.frames", context);
  }
  split_value(exception);
  return !exception.type.empty() || !exception.value.empty() || !exception.frames.empty();
}

/// The list in `{"values":[…]}`, the value itself if it is a list, else an absent value.
Json values_of(Json value) {
  if (value.is_array()) return value;
  if (!value.is_object()) return {};
  const auto values = value.member("values");
  return values.is_array() ? values : Json{};
}

}  // namespace

std::span<const Frame> read_stacktrace(Json value, std::string_view path, ReadContext& context) {
  if (value.is_string()) return parse_trace_text(value.string(context.arena), context.arena);
  if (value.is_object()) value = value.member("frames");
  if (!value.is_array()) return {};
  return read_frames(value, path, context);
}

std::span<Exception> read_exceptions(Json value, ReadContext& context) {
  const auto list = values_of(value);
  if (!list.present()) {
    if (!value.is_object() || value.member("values").present()) return {};
    const auto one = context.arena.array<Exception>(1);
    return read_exception(value, one[0], context) ? one : std::span<Exception>{};
  }
  // The newest are the ones that matter: of too many, the oldest are left out.
  const std::size_t count = list.count();
  const std::size_t skip = count > EventLimits::exceptions ? count - EventLimits::exceptions : 0;
  if (skip > 0) context.note("exception", "too_many", count);
  const auto exceptions = context.arena.array<Exception>(count - skip);
  std::size_t at = 0;
  std::size_t filled = 0;
  list.elements([&](Json element) {
    if (at++ < skip) return;
    exceptions[filled] = {};
    if (read_exception(element, exceptions[filled], context)) ++filled;
  });
  return exceptions.first(filled);
}

std::span<const Thread> read_threads(Json value, ReadContext& context) {
  const auto list = values_of(value);
  if (!list.present()) return {};
  const std::size_t count = list.count();
  if (count > EventLimits::threads) context.note("threads", "too_many", count);
  const auto threads = context.arena.array<Thread>(std::min(count, EventLimits::threads));
  std::size_t filled = 0;
  list.elements([&](Json element) {
    if (filled == threads.size() || !element.is_object()) return;
    Thread thread;
    thread.crashed = truth(element.member("crashed")).value_or(false);
    thread.current = truth(element.member("current")).value_or(false);
    const auto stacktrace = element.member("stacktrace");
    if (!stacktrace.present()) return;
    thread.frames = read_stacktrace(stacktrace, "threads.stacktrace.frames", context);
    if (!thread.frames.empty()) threads[filled++] = thread;
  });
  return threads.first(filled);
}

}  // namespace mesher::nodes
