#include "io/api/body.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "graph/suggest.hpp"
#include "io/api/times.hpp"
#include "io/http/text.hpp"

namespace mesher::api {
namespace {

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// For messages: what a caller sent may be long and anything.
std::string shown(std::string_view name) {
  return std::string(name.substr(0, 60));
}

}  // namespace

Body::Body(Call& call) : call_(call), own_(Json::object()), object_(&own_) {
  const auto& text = call.request.body;
  if (text.size() > kMostBody) {
    call.parameters.refuse(fail(Code::too_large, "the body is larger than 1 MiB"));
    return;
  }
  if (text.empty()) return;
  auto parsed = Json::parse(text, nullptr, false);
  if (!parsed.is_object()) {
    call.parameters.refuse(fail(Code::invalid_body, "the body must be a JSON object in UTF-8"));
    return;
  }
  own_ = std::move(parsed);
}

Body::Body(Call& call, const Json& object, std::string path)
    : call_(call), own_(Json::object()), object_(&object), path_(std::move(path)) {
  if (object.is_object()) return;
  call.parameters.refuse(fail(Code::invalid_body, path_ + " must be an object", path_));
  object_ = &own_;
}

std::string Body::path(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

void Body::refuse(std::string_view name, std::string_view what) {
  const auto where = path(name);
  call_.parameters.refuse(fail(Code::invalid_body, fmt::format("{} {}", where, what), where));
}

const Json* Body::member(std::string_view name) {
  known_.emplace_back(name);
  const auto found = object_->find(std::string(name));
  return found == object_->end() ? nullptr : &*found;
}

std::optional<std::string> Body::clean(std::string_view name, const Json& value, std::size_t least, std::size_t most) {
  if (!value.is_string()) {
    refuse(name, "must be a string");
    return std::nullopt;
  }
  const auto& text = value.get_ref<const std::string&>();
  if (!is_clean_text(text)) {
    refuse(name, "must be UTF-8 without NUL");
  } else if (text.size() < least) {
    refuse(name, least == 1 ? std::string("must not be empty") : fmt::format("must have {} bytes or more", least));
  } else if (text.size() > most) {
    refuse(name, fmt::format("must not have more than {} bytes", most));
  } else {
    return text;
  }
  return std::nullopt;
}

std::optional<std::string> Body::text(std::string_view name, std::size_t least, std::size_t most) {
  const auto* value = member(name);
  if (value == nullptr) return std::nullopt;
  Json cut = *value;
  if (cut.is_string()) cut = std::string(http::trimmed(cut.get_ref<const std::string&>()));
  auto text = clean(name, cut, least, most);
  if (text && has_control_character(*text)) {
    refuse(name, "must not have control characters");
    return std::nullopt;
  }
  return text;
}

std::string Body::required_text(std::string_view name, std::size_t least, std::size_t most) {
  auto value = text(name, least, most);
  if (!value && !call_.parameters.failed()) refuse(name, "is missing");
  return std::move(value).value_or(std::string());
}

std::optional<std::string> Body::secret(std::string_view name, std::size_t least, std::size_t most) {
  const auto* value = member(name);
  if (value == nullptr) return std::nullopt;
  return clean(name, *value, least, most);
}

std::string Body::required_secret(std::string_view name, std::size_t least, std::size_t most) {
  auto value = secret(name, least, most);
  if (!value && !call_.parameters.failed()) refuse(name, "is missing");
  return std::move(value).value_or(std::string());
}

std::optional<bool> Body::boolean(std::string_view name) {
  const auto* value = member(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_boolean()) return value->get<bool>();
  refuse(name, "must be true or false");
  return std::nullopt;
}

std::optional<std::int64_t> Body::integer(std::string_view name, std::int64_t least, std::int64_t most) {
  const auto* value = member(name);
  if (value == nullptr) return std::nullopt;
  const bool fits = value->is_number_integer() &&
                    (!value->is_number_unsigned() ||
                     value->get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()});
  if (fits && value->get<std::int64_t>() >= least && value->get<std::int64_t>() <= most) {
    return value->get<std::int64_t>();
  }
  refuse(name, fmt::format("must be a whole number from {} to {}", least, most));
  return std::nullopt;
}

std::optional<std::string> Body::choice(std::string_view name, std::initializer_list<std::string_view> allowed) {
  const auto* value = member(name);
  if (value == nullptr) return std::nullopt;
  for (const auto one : allowed) {
    if (value->is_string() && value->get_ref<const std::string&>() == one) return std::string(one);
  }
  refuse(name, fmt::format("must be one of {}", fmt::join(allowed, ", ")));
  return std::nullopt;
}

std::optional<UnixMicros> Body::time(std::string_view name) {
  const auto* value = member(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  const auto parsed = value->is_string() ? parse_time(value->get_ref<const std::string&>()) : std::nullopt;
  if (!parsed) refuse(name, "must be a time: RFC 3339 such as 2026-01-02T03:04:05Z");
  return parsed;
}

std::optional<std::vector<std::string>> Body::texts(std::string_view name, std::size_t most, std::size_t longest) {
  const auto* value = member(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_array() || value->size() > most) {
    refuse(name, fmt::format("must be a list of at most {} strings", most));
    return std::nullopt;
  }
  std::vector<std::string> list;
  for (std::size_t i = 0; i < value->size(); ++i) {
    const auto place = fmt::format("{}[{}]", name, i);
    auto one = clean(place, (*value)[i], 1, longest);
    if (!one) return std::nullopt;
    if (has_control_character(*one)) {
      refuse(place, "must not have control characters");
      return std::nullopt;
    }
    list.push_back(*std::move(one));
  }
  return list;
}

std::optional<std::vector<std::int64_t>> Body::ids(std::string_view name, std::size_t most) {
  const auto* value = member(name);
  if (value == nullptr) return std::nullopt;
  const auto is_id = [](const Json& one) {
    return one.is_number_unsigned() && one.get<std::uint64_t>() >= 1 &&
           one.get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()};
  };
  if (!value->is_array() || value->size() > most || !std::all_of(value->begin(), value->end(), is_id)) {
    refuse(name, fmt::format("must be a list of at most {} ids", most));
    return std::nullopt;
  }
  return value->get<std::vector<std::int64_t>>();
}

void Body::finish() {
  for (const auto& [name, value] : object_->items()) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    const auto where = path(shown(name));
    call_.parameters.refuse(fail(
        Code::invalid_body, fmt::format("{} is not known: {}", where, graph::suggestion(shown(name), known_)), where));
    return;
  }
}

}  // namespace mesher::api
