#pragma once

#include <string>
#include <string_view>

#include "nodes/event.hpp"
#include "nodes/event_json.hpp"

/// Messages and tags: the texts of an event that need more than cutting.
namespace mesher::nodes {

/// Fills message and message_template from `logentry` and `message`, each a string or {message, formatted, params}.
/// Without a formatted text the template is rendered.
void read_message(Event& event, Json logentry, Json message, ReadContext& context);

/// A message template with its parameters put in: `%s`, `%d`, `%(name)s`, `{}`, `{0}`, `{name}`. What has no parameter
/// stays as it is. `params` is a list or an object.
[[nodiscard]] std::string render_template(std::string_view text, Json params);

/// Trimmed, inner spaces as '-'; empty (and noted) if it is too long or has characters other than letters, digits and
/// _.:-
[[nodiscard]] std::string_view clean_tag_key(std::string_view key, ReadContext& context);

/// Trimmed; empty (and noted under `tags.<key>`) if it is too long or has line breaks.
[[nodiscard]] std::string_view clean_tag_value(std::string_view key, std::string_view value, ReadContext& context);

/// Keys that are fields of their own and never tags: release, dist, user, filename, function.
[[nodiscard]] bool is_reserved_tag(std::string_view key);

}  // namespace mesher::nodes
