#include "io/api/event_detail.hpp"

#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "io/api/show.hpp"
#include "nodes/event_json.hpp"
#include "nodes/ports/journal.hpp"
#include "nodes/title.hpp"

namespace mesher::api {
namespace {

Json text_or_null(std::string_view text) {
  return text.empty() ? Json() : Json(text);
}

/// What the parser does not keep of a frame, because the pipeline has no use for it.
constexpr std::array<const char*, 3> kOnlyInPayload{"pre_context", "post_context", "vars"};

Json frame_json(const nodes::Frame& frame) {
  Json json{{"function", text_or_null(frame.function)},
            {"module", text_or_null(frame.module)},
            {"package", text_or_null(frame.package)},
            {"filename", text_or_null(frame.filename)},
            {"abs_path", text_or_null(frame.abs_path)},
            {"lineno", frame.lineno > 0 ? Json(frame.lineno) : Json()},
            {"colno", frame.colno > 0 ? Json(frame.colno) : Json()},
            {"in_app", frame.in_app ? Json(*frame.in_app) : Json()},
            {"context_line", text_or_null(frame.context_line)}};
  return json;
}

/// `sent`: the stack trace as sent, an object with frames or a list of them.
Json frames_json(std::span<const nodes::Frame> frames, const Json& sent) {
  const Json none = Json::array();
  const Json& list = sent.is_object() && sent.contains("frames") ? sent["frames"] : sent;
  const bool matches = list.is_array() && list.size() == frames.size();
  Json all = Json::array();
  for (std::size_t i = 0; i < frames.size(); ++i) {
    Json frame = frame_json(frames[i]);
    if (matches && list[i].is_object()) {
      for (const char* name : kOnlyInPayload) {
        if (const auto value = list[i].find(name); value != list[i].end()) frame[name] = *value;
      }
    }
    all.push_back(std::move(frame));
  }
  return all;
}

const Json& member(const Json& object, const char* name) {
  static const Json kNothing;
  if (!object.is_object()) return kNothing;
  const auto at = object.find(name);
  return at == object.end() ? kNothing : *at;
}

/// The elements of `{"values":[…]}`, of a list, or of one object.
std::vector<const Json*> values_of(const Json& sent) {
  std::vector<const Json*> values;
  const Json& list = sent.is_object() && sent.contains("values") ? sent["values"] : sent;
  if (list.is_array()) {
    for (const auto& value : list) values.push_back(&value);
  } else if (list.is_object()) {
    values.push_back(&list);
  }
  return values;
}

Json mechanism_json(const nodes::Mechanism& mechanism) {
  if (mechanism.type.empty() && !mechanism.handled) return {};
  return {{"type", text_or_null(mechanism.type)}, {"handled", mechanism.handled ? Json(*mechanism.handled) : Json()}};
}

Json exceptions_json(std::span<const nodes::Exception> exceptions, const Json& payload) {
  static const Json kNothing;
  const auto sent = values_of(member(payload, "exception"));
  Json all = Json::array();
  for (std::size_t i = 0; i < exceptions.size(); ++i) {
    const auto& exception = exceptions[i];
    const Json& trace = sent.size() == exceptions.size() ? member(*sent[i], "stacktrace") : kNothing;
    all.push_back({{"type", text_or_null(exception.type)},
                   {"value", text_or_null(exception.value)},
                   {"module", text_or_null(exception.module)},
                   {"mechanism", mechanism_json(exception.mechanism)},
                   {"frames", frames_json(exception.frames, trace)}});
  }
  return all;
}

Json user_json(const nodes::User& user) {
  if (user.key().empty()) return {};
  return {{"id", text_or_null(user.id)},
          {"email", text_or_null(user.email)},
          {"username", text_or_null(user.username)},
          {"ip_address", text_or_null(user.ip_address)}};
}

Json tags_json(std::span<const nodes::Tag> tags) {
  Json all = Json::object();
  for (const auto& tag : tags) all[std::string(tag.key)] = tag.value;
  return all;
}

Json trimmed_json(std::span<const nodes::Trimmed> trimmed) {
  Json all = Json::array();
  for (const auto& note : trimmed) {
    all.push_back({{"field", note.field}, {"reason", note.reason}, {"original", note.original}});
  }
  return all;
}

Json id_or_null(const std::optional<nodes::EventId>& id) {
  return id ? Json(id->hex()) : Json();
}

void add_normalised(Json& json, const StoredEvent& stored, const Json& payload) {
  const nodes::Event& event = stored.event();
  json["title"] = stored.title();
  json["culprit"] = stored.culprit();
  json["message"] = event.message;
  json["type"] = event.type;
  json["platform"] = text_or_null(event.platform);
  json["logger"] = text_or_null(event.logger);
  json["dist"] = text_or_null(event.dist);
  json["transaction"] = text_or_null(event.transaction);
  json["server_name"] = text_or_null(event.server_name);
  json["trace_id"] = text_or_null(event.trace_id);
  json["sdk"] = {{"name", text_or_null(event.sdk_name)}, {"version", text_or_null(event.sdk_version)}};
  json["tags"] = tags_json(event.tags);
  json["user"] = user_json(event.user);
  json["exceptions"] = exceptions_json(event.exceptions, payload);
  json["stacktrace"] = frames_json(event.stacktrace, member(payload, "stacktrace"));
  Json breadcrumbs = Json::array();
  for (const Json* crumb : values_of(member(payload, "breadcrumbs"))) breadcrumbs.push_back(*crumb);
  json["breadcrumbs"] = std::move(breadcrumbs);
  json["trimmed"] = trimmed_json(event.trimmed);
}

}  // namespace

StoredEvent::StoredEvent(const postgres::EventRow& row, std::string payload) : text_(std::move(payload)) {
  const std::size_t size = text_.size();
  text_.resize(size + nodes::ports::kReadPadding, '\0');  // the parser looks past the end
  payload_ = std::string_view(text_).substr(0, size);
  nodes::Record record;
  record.project_id = row.project_id;
  record.received = row.received_at;
  record.event_id = row.id;
  record.body = payload_;
  event_ = nodes::EventReader().read(record, arena_);
  title_ = nodes::title_of(event_, arena_);
  culprit_ = nodes::culprit_of(event_, arena_);
}

std::string event_detail(const postgres::EventRow& row, const postgres::Neighbours& neighbours,
                         const StoredEvent& stored) {
  Json json = event_json(row);
  add_normalised(json, stored, Json::parse(stored.payload(), nullptr, false));
  json["previous_event_id"] = id_or_null(neighbours.previous);
  json["next_event_id"] = id_or_null(neighbours.next);

  // The payload goes out as it came in, so it is put behind the rest as text.
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.back() = ',';
  text += R"("payload":)";
  text += stored.payload();
  text += '}';
  return text;
}

}  // namespace mesher::api
