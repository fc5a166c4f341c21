#include "nodes/validate.hpp"

#include <fmt/format.h>

#include "nodes/coerce.hpp"
#include "nodes/json_document.hpp"

namespace mesher::nodes {
namespace {

using Problem = std::optional<ValidationError>;

Problem wrong(std::string field, std::string_view expected) {
  return ValidationError{"invalid_event", fmt::format("{} must be {}", field, expected), std::move(field)};
}

bool is_text(Json value) {
  return value.is_string() || value.is_null();
}
bool is_lenient(Json value) {
  return is_text(value) || value.is_number() || value.is_bool();
}

Problem check_frames(const std::string& path, Json list) {
  Problem problem;
  std::size_t i = 0;
  list.elements([&](Json frame) {
    if (!problem && !frame.is_object() && !frame.is_null()) {
      problem = wrong(fmt::format("{}[{}]", path, i), "an object");
    }
    ++i;
  });
  return problem;
}

Problem check_stacktrace(const std::string& path, Json value) {
  if (is_text(value)) return {};
  if (value.is_array()) return check_frames(path, value);
  if (!value.is_object()) return wrong(path, "a list of frames, an object with frames, or a string");
  const auto frames = value.member("frames");
  if (!frames.present() || frames.is_null()) return {};
  if (!frames.is_array()) return wrong(path + ".frames", "a list of frames");
  return check_frames(path + ".frames", frames);
}

/// The value of an exception may be anything: what is not a string is kept as its JSON text on lenient endpoints. Here
/// it must be text, because a number there is a mistake of whoever wrote the request by hand.
Problem check_exception(const std::string& path, Json exception) {
  if (exception.is_null()) return {};
  if (!exception.is_object()) return wrong(path, "an object");
  Problem problem;
  exception.members([&](Json key, Json value) {
    if (problem) return;
    const auto name = key.raw_string();
    if ((name == "type" || name == "value" || name == "module") && !is_text(value)) {
      problem = wrong(fmt::format("{}.{}", path, name), "a string");
    } else if (name == "stacktrace") {
      problem = check_stacktrace(path + ".stacktrace", value);
    } else if (name == "mechanism" && !value.is_object() && !value.is_null()) {
      problem = wrong(path + ".mechanism", "an object");
    }
  });
  return problem;
}

Problem check_exception_list(const std::string& path, Json list) {
  Problem problem;
  std::size_t i = 0;
  list.elements([&](Json exception) {
    if (!problem) problem = check_exception(fmt::format("{}[{}]", path, i), exception);
    ++i;
  });
  return problem;
}

Problem check_exceptions(Json value) {
  if (value.is_null()) return {};
  if (value.is_array()) return check_exception_list("exception", value);
  if (!value.is_object()) return wrong("exception", "an object or a list of objects");
  const auto values = value.member("values");
  if (!values.present()) return check_exception("exception", value);
  if (values.is_null()) return {};
  if (!values.is_array()) return wrong("exception.values", "a list of objects");
  return check_exception_list("exception.values", values);
}

Problem check_tags(Json value) {
  if (value.is_null()) return {};
  Problem problem;
  if (value.is_object()) {
    value.members([&](Json key, Json tag) {
      if (!problem && !is_lenient(tag)) {
        problem = wrong(fmt::format("tags.{}", key.raw_string().substr(0, 200)), "a string, number or boolean");
      }
    });
    return problem;
  }
  if (!value.is_array()) return wrong("tags", "an object or a list of [key, value] pairs");
  std::size_t i = 0;
  value.elements([&](Json pair) {
    if (problem) return;
    bool good = pair.is_null() || (pair.is_array() && pair.count() == 2);
    if (good && pair.is_array()) pair.elements([&](Json part) { good = good && is_lenient(part); });
    if (!good) problem = wrong(fmt::format("tags[{}]", i), "a pair [key, value] of strings");
    ++i;
  });
  return problem;
}

Problem check_fingerprint(Json value) {
  if (is_text(value)) return {};
  if (!value.is_array()) return wrong("fingerprint", "a string or a list of strings");
  Problem problem;
  value.elements([&](Json part) {
    if (!problem && !is_lenient(part)) problem = wrong("fingerprint", "a string or a list of strings");
  });
  return problem;
}

Problem check_level(Json value) {
  constexpr std::string_view kExpected = "one of debug, info, warning, error, fatal";
  if (value.is_null()) return {};
  if (value.is_number()) return level_number(value.raw()) ? Problem{} : wrong("level", kExpected);
  if (!value.is_string() || !level_from(value.raw_string())) return wrong("level", kExpected);
  return {};
}

Problem check_timestamp(Json value) {
  constexpr std::string_view kExpected = "an RFC 3339 time or seconds since 1970";
  if (value.is_null()) return {};
  if (value.is_string()) return parse_rfc3339(value.raw_string()) ? Problem{} : wrong("timestamp", kExpected);
  if (value.is_number()) return parse_unix_seconds(value.raw()) ? Problem{} : wrong("timestamp", kExpected);
  return wrong("timestamp", kExpected);
}

Problem check_message(const std::string& field, Json value) {
  if (is_text(value)) return {};
  if (!value.is_object()) return wrong(field, "a string");
  for (const std::string_view name : {"message", "formatted"}) {
    const auto part = value.member(name);
    if (part.present() && !is_text(part)) return wrong(fmt::format("{}.{}", field, name), "a string");
  }
  return {};
}

Problem check_values(const std::string& field, Json value) {
  if (value.is_null() || value.is_array() || value.is_object()) return {};
  return wrong(field, "a list or an object with values");
}

Problem check_field(std::string_view name, Json value) {
  const auto text = [&](std::string_view field) {
    return is_text(value) ? Problem{} : wrong(std::string(field), "a string");
  };
  const auto object = [&](std::string_view field) {
    return value.is_object() || value.is_null() ? Problem{} : wrong(std::string(field), "an object");
  };
  if (name.empty()) return {};
  switch (name[0]) {
    case 'b':
      if (name == "breadcrumbs") return check_values("breadcrumbs", value);
      break;
    case 'c':
      if (name == "contexts") return object(name);
      break;
    case 'd':
      if (name == "dist") return is_lenient(value) ? Problem{} : wrong("dist", "a string");
      break;
    case 'e':
      if (name == "exception") return check_exceptions(value);
      if (name == "environment") return text(name);
      if (name == "extra") return object(name);
      if (name == "event_id") {
        if (value.is_null()) return {};
        if (!value.is_string() || !EventId::parse(value.raw_string())) {
          return wrong("event_id", "32 hexadecimal digits, with or without dashes");
        }
      }
      break;
    case 'f':
      if (name == "fingerprint") return check_fingerprint(value);
      break;
    case 'l':
      if (name == "level") return check_level(value);
      if (name == "logger") return text(name);
      if (name == "logentry") return check_message("logentry", value);
      break;
    case 'm':
      if (name == "message") return check_message("message", value);
      break;
    case 'p':
      if (name == "platform") return text(name);
      break;
    case 'r':
      if (name == "release") return is_lenient(value) ? Problem{} : wrong("release", "a string");
      if (name == "request") return object(name);
      break;
    case 's':
      if (name == "stacktrace") return check_stacktrace("stacktrace", value);
      if (name == "server_name") return text(name);
      if (name == "sdk") return object(name);
      break;
    case 't':
      if (name == "timestamp") return check_timestamp(value);
      if (name == "tags") return check_tags(value);
      if (name == "transaction") return text(name);
      if (name == "threads") return check_values("threads", value);
      break;
    case 'u':
      if (name == "user") return object(name);
      break;
    default:
      break;
  }
  return {};
}

/// Is there something in it that makes it an event? On native endpoints it needs a message or an exception.
bool says_something(std::string_view name, Json value) {
  if (value.is_null()) return false;
  if (name == "exception" || name == "message" || name == "logentry" || name == "sentry.interfaces.Exception" ||
      name == "sentry.interfaces.Message") {
    if (value.is_string()) return !value.raw_string().empty();
    return value.raw().size() > 2;  // not {} and not []
  }
  return false;
}

ValidationError fault_error(JsonDocument::Fault fault, std::size_t at) {
  switch (fault) {
    case JsonDocument::Fault::empty:
      return {"invalid_json", "the event is empty", {}};
    case JsonDocument::Fault::invalid_utf8:
      return {"invalid_utf8", "the text is not valid UTF-8", {}};
    case JsonDocument::Fault::too_deep:
      return {"too_deep", fmt::format("objects and lists are nested more than {} deep at byte {}", kMaxDepth, at), {}};
    default:
      return {"invalid_json", fmt::format("not valid JSON at byte {}", at), {}};
  }
}

}  // namespace

Validation validate_event(std::string_view json, Strictness strictness) {
  Validation result;
  const auto refuse = [&](ValidationError error) {
    result.error = std::move(error);
    return std::move(result);
  };
  if (json.size() > kMaxEventBytes) {
    return refuse(
        {"too_large", fmt::format("the event has {} bytes, at most {} are taken", json.size(), kMaxEventBytes), {}});
  }
  thread_local JsonDocument document;
  const bool lenient = strictness == Strictness::lenient;
  const auto fault = document.open(json, lenient);
  if (fault != JsonDocument::Fault::none) return refuse(fault_error(fault, document.fault_at()));
  const auto root = document.root();
  if (!root.is_object()) return refuse({"invalid_event", "an event is a JSON object", {}});

  bool something = false;
  root.members([&](Json key, Json value) {
    const auto name = key.raw_string();
    if (!lenient && !result.error) {
      result.error = check_field(name, value);
      something = something || says_something(name, value);
    }
    if (name == "event_id" && value.is_string()) {
      if (const auto id = EventId::parse(value.raw_string())) {
        result.event.id = *id;
        result.event.had_id = true;
      }
    } else if (name == "type" && value.is_string()) {
      result.event.type = value.raw_string().substr(0, 64);
    }
  });
  if (result.error) return result;
  if (!lenient && !something) return refuse({"invalid_event", "an event needs a message or an exception", "message"});
  if (!result.event.had_id) result.event.id = EventId::random();
  if (document.nan_count() > 0) result.event.rewritten = document.replace_nan();
  return result;
}

}  // namespace mesher::nodes
