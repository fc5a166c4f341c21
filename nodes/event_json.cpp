#include "nodes/event_json.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "nodes/coerce.hpp"
#include "nodes/event_stack.hpp"
#include "nodes/event_text.hpp"

namespace mesher::nodes {
namespace {

using Limits = EventLimits;

constexpr std::array<std::string_view, 32> kPlatforms{
    "javascript", "java", "python",  "node",   "go",     "php",    "ruby", "csharp", "native", "cocoa", "objc",
    "swift",      "dart", "rust",    "c",      "elixir", "kotlin", "perl", "other",  "groovy", "scala", "haskell",
    "as3",        "cfml", "flutter", "erlang", "lua",    "cpp",    "nim",  "zig",    "r",      "julia"};

std::string_view platform_from(std::string_view name) {
  if (name.empty()) return "other";
  const auto* known = std::find(kPlatforms.begin(), kPlatforms.end(), name);
  return known == kPlatforms.end() ? "other" : *known;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; });
}

std::string_view header_of(Json headers, std::string_view name, ReadContext& context) {
  std::string_view found;
  if (headers.is_object()) {
    headers.members([&](Json key, Json value) {
      if (value.is_string() && equal_ignoring_case(key.raw_string(), name)) found = value.string(context.arena);
    });
  } else if (headers.is_array()) {
    headers.elements([&](Json pair) {
      if (!pair.is_array() || pair.count() != 2) return;
      bool this_one = false;
      std::size_t place = 0;
      pair.elements([&](Json part) {
        if (place++ == 0) {
          this_one = part.is_string() && equal_ignoring_case(part.raw_string(), name);
        } else if (this_one && part.is_string()) {
          found = part.string(context.arena);
        }
      });
    });
  }
  return found;
}

std::string_view release_from(Json value, ReadContext& context) {
  const auto text = trim(context.lenient(value));
  if (text.empty()) return {};
  if (has_control(text) || text == "." || text == ".." || equal_ignoring_case(text, "latest")) {
    context.note("release", "invalid");
    return {};
  }
  return context.clip("release", text, Limits::release);
}

std::string_view environment_from(std::string_view given, ReadContext& context) {
  const auto text = trim(given);
  if (text.empty()) return {};
  if (has_control(text) || text.find('/') != std::string_view::npos || equal_ignoring_case(text, "none")) {
    context.note("environment", "invalid");
    return {};
  }
  return context.clip("environment", text, Limits::environment);
}

std::string_view dist_from(Json value, ReadContext& context) {
  const auto text = trim(context.lenient(value));
  const bool clean = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  });
  if (clean && text.size() <= Limits::dist) return text;
  context.note("dist", clean ? "too_long" : "invalid", text.size());
  return {};
}

/// Java's loggers are named by packages: of a long one the end says more than the beginning.
std::string_view logger_from(Json value, std::string_view platform, ReadContext& context) {
  auto text = trim(context.text("logger", value, Limits::message));
  if (has_control(text)) {
    context.note("logger", "invalid");
    text = text.substr(
        0, static_cast<std::size_t>(
               std::find_if(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }) -
               text.begin()));
  }
  if (platform != "java" || text.size() <= Limits::logger) return context.clip("logger", text, Limits::logger);
  const auto dot = text.find('.', text.size() - (Limits::logger - 1));
  if (dot == std::string_view::npos) return context.clip("logger", text, Limits::logger);
  context.note("logger", "too_long", text.size());
  return context.arena.concat(std::array<std::string_view, 2>{"*", text.substr(dot)});
}

Level level_from(Json value, ReadContext& context) {
  if (!value.present() || value.is_null()) return Level::error;
  std::optional<Level> level;
  if (value.is_number()) level = level_number(value.raw());
  if (value.is_string()) {
    const auto text = value.raw_string();
    level = nodes::level_from(text);
    if (!level) level = level_number(text);
  }
  if (!level) context.note("level", "invalid");
  return level.value_or(Level::error);
}

UnixMicros timestamp_from(Json value, const Record& record, ReadContext& context) {
  if (!value.present() || value.is_null()) return record.received;
  std::optional<UnixMicros> time;
  if (value.is_number()) time = parse_unix_seconds(value.raw());
  if (value.is_string()) {
    const auto text = trim(value.raw_string());
    time = parse_rfc3339(text);
    if (!time) time = parse_unix_seconds(text);
  }
  if (!time) {
    context.note("timestamp", "invalid");
    return record.received;
  }
  const auto corrected = *time + record.sent_drift;
  if (corrected < record.received - Limits::past_micros || corrected > record.received + Limits::future_micros) {
    context.note("timestamp", "out_of_range");
    return record.received;
  }
  return corrected;
}

std::span<const std::string_view> fingerprint_from(Json value, ReadContext& context) {
  const auto part = [&](Json json) { return context.clip("fingerprint", context.lenient(json), Limits::fingerprint); };
  if (value.is_string()) {
    const auto text = part(value);
    if (text.empty()) return {};
    const auto one = context.arena.array<std::string_view>(1);
    one[0] = text;
    return one;
  }
  if (!value.is_array()) return {};
  const std::size_t count = value.count();
  if (count > Limits::fingerprints) context.note("fingerprint", "too_many", count);
  const auto parts = context.arena.array<std::string_view>(std::min(count, Limits::fingerprints));
  std::size_t filled = 0;
  value.elements([&](Json json) {
    if (filled == parts.size()) return;
    const auto text = part(json);
    if (!text.empty()) parts[filled++] = text;
  });
  return parts.first(filled);
}

}  // namespace

std::string_view ReadContext::clip(std::string_view field, std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  const std::size_t length = characters(text);
  if (length <= limit) return text;
  note(field, "too_long", length);
  return arena.concat(std::array<std::string_view, 2>{first_characters(text, limit - 3), "..."});
}

std::string_view ReadContext::text(std::string_view field, Json value, std::size_t limit) {
  if (value.is_string()) return clip(field, value.string(arena), limit);
  if (value.present() && !value.is_null()) note(field, "invalid");
  return {};
}

std::string_view ReadContext::lenient(Json value) const {
  if (value.is_string()) return value.string(arena);
  if (value.is_number()) return value.raw();
  if (value.is_bool()) return value.is_true() ? "True" : "False";
  return {};
}

/// The values of the top-level fields that become part of the Event, under whatever name they came.
struct EventReader::Parts {
  Json timestamp, level, platform, logger, release, environment, dist, transaction, server_name, site;
  Json message, logentry, tags, user, request, exception, stacktrace, threads, fingerprint, checksum, sdk, contexts;

  /// Legacy clients write interfaces under the names of their classes.
  void take_legacy(std::string_view name, Json value) {
    constexpr std::string_view kPrefix = "sentry.interfaces.";
    if (name.substr(0, kPrefix.size()) != kPrefix) return;
    name.remove_prefix(kPrefix.size());
    const auto fill = [&](Json& part) {
      if (!part.present()) part = value;
    };
    if (name == "Message") fill(logentry);
    if (name == "User") fill(user);
    if (name == "Http") fill(request);
    if (name == "Contexts") fill(contexts);
    if (name == "Exception") fill(exception);
    if (name == "Stacktrace") fill(stacktrace);
  }

  void take(std::string_view name, Json value) {
    if (name.empty() || value.is_null()) return;
    switch (name[0]) {
      case 'c':
        if (name == "contexts") contexts = value;
        if (name == "checksum") checksum = value;
        break;
      case 'd':
        if (name == "dist") dist = value;
        break;
      case 'e':
        if (name == "exception") exception = value;
        if (name == "environment") environment = value;
        break;
      case 'f':
        if (name == "fingerprint") fingerprint = value;
        break;
      case 'l':
        if (name == "level") level = value;
        if (name == "logger") logger = value;
        if (name == "logentry") logentry = value;
        break;
      case 'm':
        if (name == "message") message = value;
        break;
      case 'p':
        if (name == "platform") platform = value;
        break;
      case 'r':
        if (name == "release") release = value;
        if (name == "request") request = value;
        break;
      case 's':
        if (name == "stacktrace") {
          stacktrace = value;
        } else if (name == "sdk") {
          sdk = value;
        } else if (name == "server_name") {
          server_name = value;
        } else if (name == "site") {
          site = value;
        } else {
          take_legacy(name, value);
        }
        break;
      case 't':
        if (name == "timestamp") timestamp = value;
        if (name == "tags") tags = value;
        if (name == "transaction") transaction = value;
        if (name == "threads") threads = value;
        break;
      case 'u':
        if (name == "user") user = value;
        break;
      default:
        break;
    }
  }
};

namespace {

void read_request(Event& event, Json request, ReadContext& context) {
  if (!request.is_object()) return;
  event.request_url = context.text("request.url", request.member("url"), Limits::url);
  const auto agent = header_of(request.member("headers"), "user-agent", context);
  if (!agent.empty()) event.user_agent = context.clip("request.headers", agent, Limits::user_agent);
}

void read_sdk(Event& event, Json sdk, std::string_view client, ReadContext& context) {
  if (sdk.is_object()) {
    event.sdk_name = context.text("sdk.name", sdk.member("name"), Limits::name);
    event.sdk_version = context.text("sdk.version", sdk.member("version"), Limits::name);
  }
  if (!event.sdk_name.empty() || client.empty()) return;
  auto cut = client.find('/');
  if (cut == std::string_view::npos) cut = client.find(' ');
  event.sdk_name = client.substr(0, cut);
  if (cut != std::string_view::npos) event.sdk_version = trim(client.substr(cut + 1));
}

/// Should an absent address of the user be the connection's? Clients that run on people's devices say so, or are known
/// to be such; a server's own address says nothing of its users.
bool infers_address(const Event& event, Json sdk) {
  if (sdk.is_object()) {
    const auto settings = sdk.member("settings");
    const auto infer = settings.is_object() ? settings.member("infer_ip") : Json{};
    if (infer.is_string() && infer.raw_string() == "never") return false;
    if (infer.is_string() && infer.raw_string() == "auto") return true;
  }
  return event.platform == "javascript" || event.platform == "cocoa" || event.platform == "objc";
}

void read_user(Event& event, Json user, Json request, Json sdk, std::string_view client_ip, ReadContext& context) {
  auto& to = event.user;
  bool automatic = false;
  if (user.is_object()) {
    user.members([&](Json key, Json value) {
      const auto name = key.raw_string();
      if (name == "id") to.id = context.clip("user.id", trim(context.lenient(value)), Limits::user_id);
      if (name == "email") to.email = context.clip("user.email", trim(context.lenient(value)), Limits::email);
      if (name == "username")
        to.username = context.clip("user.username", trim(context.lenient(value)), Limits::username);
      if (name == "ip_address" && value.is_string()) to.ip_address = trim(value.string(context.arena));
    });
  }
  if (to.ip_address == "{{auto}}") {
    automatic = true;
  } else if (!to.ip_address.empty() && !is_ip_address(to.ip_address)) {
    context.note("user.ip_address", "invalid");
    to.ip_address = {};
  }
  if (!to.ip_address.empty() && !automatic) return;
  to.ip_address = {};
  const auto env = request.is_object() ? request.member("env") : Json{};
  const auto remote = env.is_object() ? env.member("REMOTE_ADDR") : Json{};
  if (!automatic && remote.is_string()) {
    const auto address = trim(remote.raw_string());
    automatic = address == "{{auto}}";
    if (is_ip_address(address)) {
      to.ip_address = address;
      return;
    }
  }
  if (automatic || infers_address(event, sdk)) to.ip_address = client_ip;
}

void read_stacks(Event& event, Json exception, Json stacktrace, Json threads, ReadContext& context) {
  std::span<Exception> exceptions;
  if (exception.present()) exceptions = read_exceptions(exception, context);
  if (stacktrace.present()) event.stacktrace = read_stacktrace(stacktrace, "stacktrace.frames", context);
  if (threads.present()) event.threads = read_threads(threads, context);
  if (exceptions.size() == 1 && exceptions[0].frames.empty()) {
    exceptions[0].frames = event.stacktrace;
    event.stacktrace = {};
  }
  event.exceptions = exceptions;
  event.type = exceptions.empty() ? "default" : "error";
}

}  // namespace

Event EventReader::read(const Record& record, Arena& arena) {
  Event event;
  event.id = record.event_id;
  event.project_id = record.project_id;
  event.key_id = record.key_id;
  event.received = record.received;
  event.replayed = record.replayed;
  event.client_ip = record.client_ip;
  event.user_agent = record.user_agent;
  event.payload = record.body;
  trimmed_.clear();
  ReadContext context{arena, trimmed_};
  read_payload(event, record, context);
  return event;
}

void EventReader::reread(Event& event, std::string_view payload, Arena& arena) {
  Record record;
  record.project_id = event.project_id;
  record.received = event.received;
  record.client_ip = event.client_ip;
  Event fresh = event;
  fresh.payload = payload;
  fresh.user = {};
  fresh.stacktrace = {};
  fresh.request_url = {};
  trimmed_.clear();
  ReadContext context{arena, trimmed_};
  read_payload(fresh, record, context);
  if (fresh.sdk_name.empty()) {
    fresh.sdk_name = event.sdk_name;
    fresh.sdk_version = event.sdk_version;
  }
  fresh.timestamp = event.timestamp;  // its drift is known only to the first reading
  event = fresh;
}

void EventReader::read_payload(Event& event, const Record& record, ReadContext& context) {
  if (document_.open(event.payload) != JsonDocument::Fault::none || !document_.root().is_object()) {
    throw std::invalid_argument("the payload is not a JSON object");
  }
  Parts parts;
  document_.root().members([&](Json key, Json value) { parts.take(key.raw_string(), value); });
  event.timestamp = timestamp_from(parts.timestamp, record, context);
  assign(event, parts, context);
  read_message(event, parts.logentry, parts.message, context);
  read_request(event, parts.request, context);
  read_sdk(event, parts.sdk, record.client, context);
  read_user(event, parts.user, parts.request, parts.sdk, record.client_ip, context);
  read_stacks(event, parts.exception, parts.stacktrace, parts.threads, context);
  event.environment = environment_from(context.lenient(parts.environment), context);
  read_tags(event, parts, context);
  event.trimmed = context.arena.copy_array(trimmed_);
}

void EventReader::assign(Event& event, const Parts& parts, ReadContext& context) {
  event.level = level_from(parts.level, context);
  event.platform = platform_from(context.text("platform", parts.platform, Limits::name));
  event.logger = parts.logger.present() ? logger_from(parts.logger, event.platform, context) : std::string_view{};
  event.release = parts.release.present() ? release_from(parts.release, context) : std::string_view{};
  event.dist = parts.dist.present() ? dist_from(parts.dist, context) : std::string_view{};
  event.transaction = trim(context.text("transaction", parts.transaction, Limits::transaction));
  event.server_name = trim(context.text("server_name", parts.server_name, Limits::server_name));
  event.checksum = context.text("checksum", parts.checksum, Limits::checksum);
  event.fingerprint = fingerprint_from(parts.fingerprint, context);
  const auto trace = parts.contexts.is_object() ? parts.contexts.member("trace") : Json{};
  const auto trace_id = trace.is_object() ? trace.member("trace_id") : Json{};
  event.trace_id = trace_id.is_string() ? trace_id.raw_string() : std::string_view{};
}

void EventReader::read_tags(Event& event, const Parts& parts, ReadContext& context) {
  tags_.clear();
  std::string_view environment;
  const auto take = [&](Json key, Json value) {
    const auto name = clean_tag_key(context.lenient(key), context);
    const auto text = clean_tag_value(name, context.lenient(value), context);
    if (name.empty() || text.empty()) return;
    if (name == "environment") {
      if (environment.empty()) environment = text;
    } else {
      add_tag(name, text, context);
    }
  };
  if (parts.tags.is_object()) {
    parts.tags.members(take);
  } else if (parts.tags.is_array()) {
    parts.tags.elements([&](Json pair) {
      if (!pair.is_array() || pair.count() != 2) return;
      Json key;
      Json value;
      pair.elements([&](Json part) { (key.present() ? value : key) = part; });
      take(key, value);
    });
  } else if (parts.tags.present()) {
    context.note("tags", "invalid");
  }
  if (event.environment.empty()) event.environment = environment_from(environment, context);
  if (!event.server_name.empty()) add_tag("server_name", event.server_name, context);
  if (parts.site.present()) {
    const auto site = clean_tag_value("site", context.text("site", parts.site, Limits::tag), context);
    if (!site.empty()) add_tag("site", site, context);
  }
  event.tags = context.arena.copy_array(tags_);
}

void EventReader::add_tag(std::string_view key, std::string_view value, ReadContext& context) {
  if (is_reserved_tag(key)) return;
  for (const auto& tag : tags_) {
    if (tag.key == key) return;  // the first one counts
  }
  if (tags_.size() == Limits::tags) {
    if (trimmed_.empty() || trimmed_.back().reason != "too_many") context.note("tags", "too_many");
    return;
  }
  tags_.push_back({key, value});
}

}  // namespace mesher::nodes
