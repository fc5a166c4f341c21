#include "io/postgres/query_sql.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "io/postgres/block_words.hpp"
#include "io/postgres/needle_sql.hpp"
#include "nodes/query/fields.hpp"
#include "nodes/query/words.hpp"

namespace mesher::postgres {
namespace {

using query::Compare;
using query::Field;
using query::Kind;
using query::Node;
using query::State;
using query::Term;
using query::Text;
using query::Value;

std::string_view operator_of(Compare compare) {
  switch (compare) {
    case Compare::less:
      return "<";
    case Compare::at_most:
      return "<=";
    case Compare::greater:
      return ">";
    case Compare::at_least:
      return ">=";
    case Compare::equal:
      break;
  }
  return "=";
}

std::string_view condition_of(State state) {
  switch (state) {
    case State::unresolved:
      return "i.status = 'unresolved'";
    case State::resolved:
      return "i.status = 'resolved'";
    case State::archived:
      return "i.status = 'archived'";
    case State::fresh:
      return "i.substatus = 'new'";
    case State::ongoing:
      return "i.substatus = 'ongoing'";
    case State::regressed:
      return "i.substatus = 'regressed'";
    case State::escalating:
      return "i.substatus = 'escalating'";
    case State::assigned:
      return "(i.assigned_user is not null or i.assigned_team is not null)";
    case State::unassigned:
      return "(i.assigned_user is null and i.assigned_team is null)";
  }
  return "false";
}

bool about_user(Field field) {
  return field >= Field::user_id && field <= Field::user_ip;
}

/// Makes conditions. Every one of them is true or false, never null: so NOT means what it says.
class Compiler {
 public:
  Compiler(const QueryContext& context, Params& params) : context_(context), params_(params) {}

  std::string issues(const Node& node) {
    return tree(node, [this](const Term& term) { return issue_term(term); });
  }
  std::string events(const Node& node) {
    return tree(node, [this](const Term& term) { return event_term(term); });
  }

 private:
  template <class Leaf>
  std::string tree(const Node& node, const Leaf& leaf) {
    switch (node.kind) {
      case Node::Kind::term:
        return leaf(node.term);
      case Node::Kind::no:
        return "not " + tree(node.children.front(), leaf);
      case Node::Kind::all:
      case Node::Kind::any:
        break;
    }
    if (node.children.empty()) return "true";
    std::vector<std::string> parts;
    for (const Node& child : node.children) parts.push_back(tree(child, leaf));
    return fmt::format("({})", fmt::join(parts, node.kind == Node::Kind::any ? " or " : " and "));
  }

  template <class MakeOne>
  std::string any_value(const Term& term, const MakeOne& one) {
    std::vector<std::string> parts;
    for (const Value& value : term.values) parts.push_back(one(value));
    return fmt::format("({})", fmt::join(parts, " or "));
  }

  std::string number(std::int64_t value, std::string_view type) {
    return fmt::format("${}::{}", params_.integer(value).size(), type);
  }
  std::string text(std::string_view value) { return fmt::format("${}::text", params_.text(value).size()); }
  [[nodiscard]] std::string project() const { return fmt::format("${}::integer", context_.project_parameter); }

  /// A text or null in SQL against the values of a term.
  std::string named(const std::string& column, const Term& term) {
    std::vector<std::string> parts;
    std::vector<std::string_view> plain;
    for (const Value& value : term.values) {
      if (!value.text.wild()) {
        plain.push_back(value.text.plain());
      } else {
        parts.push_back(fmt::format("coalesce({0} <> '' and {0} like {1}, false)", column, text(like(value.text))));
      }
    }
    if (!plain.empty()) {
      parts.push_back(fmt::format("coalesce({}, '') = any (${}::text[])", column, params_.texts(plain).size()));
    }
    return fmt::format("({})", fmt::join(parts, " or "));
  }

  std::string levels(std::string_view column, const Term& term) {
    return any_value(term, [&](const Value& value) {
      return fmt::format("{} {} {}", column, operator_of(term.compare), number(value.number, "smallint"));
    });
  }

  std::string moments(std::string_view column, const Term& term) {
    return any_value(term, [&](const Value& value) {
      const auto time = [&](UnixMicros at) { return fmt::format("${}::timestamptz", params_.time(at).size()); };
      const UnixMicros start = value.moment.start(context_.now), end = value.moment.end(context_.now);
      switch (term.compare) {
        case Compare::less:
          return fmt::format("{} < {}", column, time(start));
        case Compare::at_most:
          return fmt::format("{} < {}", column, time(end));
        case Compare::greater:
          return fmt::format("{} >= {}", column, time(end));
        case Compare::at_least:
          return fmt::format("{} >= {}", column, time(start));
        case Compare::equal:
          break;
      }
      return fmt::format("({0} >= {1} and {0} < {2})", column, time(start), time(end));
    });
  }

  std::string assigned(const Term& term) {
    return any_value(term, [&](const Value& value) -> std::string {
      const std::string& who = value.text.plain();
      if (who == "none") return std::string(condition_of(State::unassigned));
      if (who == "me") {
        return fmt::format("i.assigned_user is not distinct from {}", number(context_.user_id, "integer"));
      }
      if (who.front() == '#') {
        return fmt::format(
            "coalesce(i.assigned_team in (select g.id from teams g join projects o on o.organization_id"
            " = g.organization_id where o.id = {} and g.slug = {}), false)",
            project(), text(std::string_view(who).substr(1)));
      }
      return fmt::format("coalesce(i.assigned_user in (select u.id from users u where u.email = lower({})), false)",
                         text(who));
    });
  }

  /// Issues by what issue_texts holds of them. `check`: a condition on t and, as x, the issue, in which {} is the
  /// regular expression; not needed if the words of the index say all and `any_words` may be anywhere.
  std::string in_texts(const Term& term, std::string_view check, bool any_words) {
    return any_value(term, [&](const Value& value) {
      const auto needle = query::needle_of(value.text);
      if (needle.parts.empty()) return std::string("true");
      std::string sql =
          "i.id in (select t.issue_id from issue_texts t join issues x on x.project_id = t.project_id"
          " and x.id = t.issue_id where t.project_id = " +
          project();
      const auto words = words_query(needle);
      if (!words.empty()) sql += fmt::format(" and t.words @@ ${}::tsquery", params_.text(words).size());
      if (!any_words || !query::beginnings_say_all(needle)) {
        sql += " and " + fmt::format(fmt::runtime(check), text(regular_expression(needle)));
      }
      return sql + ")";
    });
  }

  /// Issues by the tags of their events.
  std::string in_tags(std::string_view key, const Term& term) {
    const bool absent =
        std::any_of(term.values.begin(), term.values.end(), [](const Value& value) { return value.text == Text{}; });
    const auto with_key = [&] {
      return fmt::format("i.id in (select g.issue_id from issue_tags g where g.project_id = {} and g.key = {}",
                         project(), text(key));
    };
    std::string sql = with_key() + " and " + named("g.value", term) + ")";
    if (absent) sql = fmt::format("({} or not {}))", sql, with_key());
    return sql;
  }

  /// Issues by the users of their events, found by the index of the blocks' words.
  std::string in_users(const Term& term) {
    std::string marks;
    for (const Value& value : term.values) {
      marks += fmt::format("{}'{}'", marks.empty() ? "" : " | ", mark_of_user(value.text.plain()));
    }
    return fmt::format(
        "i.id in (select e.issue_id from event_blocks b join events e on e.day = b.day and e.block_id = b.block_id"
        " where b.project_id = {0} and e.project_id = {0} and b.words @@ ${1}::tsquery and {2})",
        project(), params_.text(marks + " | '*'").size(), named("e.user_key", term));
  }

  std::string keys(const Term& term) {
    std::vector<std::string_view> names;
    for (const Value& value : term.values) names.push_back(value.text.plain());
    return fmt::format("${}::text[]", params_.texts(names).size());
  }

  std::string issue_has(const Term& term) {
    const bool user = asks_for(term, "user");
    return fmt::format("(i.id in (select g.issue_id from issue_tags g where g.project_id = {} and g.key = any ({})){})",
                       project(), keys(term), user ? " or i.user_count > 0" : "");
  }

  static bool asks_for(const Term& term, std::string_view key) {
    return std::any_of(term.values.begin(), term.values.end(),
                       [&](const Value& value) { return value.text.plain() == key; });
  }

  std::string issue_term(const Term& term) {
    switch (term.field) {
      case Field::text:
        return in_texts(term,
                        "concat_ws(E'\\n', x.title, x.culprit, t.error_type, t.message,"
                        " array_to_string(t.functions || t.modules || t.files, E'\\n')) ~ {}",
                        true);
      case Field::message:
        return in_texts(term, "concat_ws(E'\\n', x.title, t.message) ~ {}", false);
      case Field::stack_function:
        return in_texts(term, "exists (select from unnest(t.functions) n where n ~ {})", false);
      case Field::stack_module:
        return in_texts(term, "exists (select from unnest(t.modules) n where n ~ {})", false);
      case Field::stack_file:
        return in_texts(term, "exists (select from unnest(t.files) n where n ~ {})", false);
      case Field::culprit:
        return in_texts(term, "x.culprit ~ {}", false);
      case Field::type:
        return any_value(term, [&](const Value& value) {
          return fmt::format(
              "i.id in (select t.issue_id from issue_texts t where t.project_id = {} and t.error_type"
              " ilike {}{})",
              project(), text(like(value.text)), value.text.wild() ? " and t.error_type <> ''" : "");
        });
      case Field::is:
        return any_value(
            term, [](const Value& value) { return std::string(condition_of(static_cast<State>(value.number))); });
      case Field::assigned:
        return assigned(term);
      case Field::level:
        return levels("i.level", term);
      case Field::platform:
        return named("i.platform", term);
      case Field::first_seen:
        return moments("i.first_seen", term);
      case Field::last_seen:
        return moments("i.last_seen", term);
      case Field::events:
      case Field::users:
        return any_value(term, [&](const Value& value) {
          return fmt::format("{} {} {}", term.field == Field::events ? "i.event_count" : "i.user_count",
                             operator_of(term.compare), number(value.number, "bigint"));
        });
      case Field::user_id:
      case Field::user_email:
      case Field::user_name:
      case Field::user_ip:
        return in_users(term);
      case Field::has:
        return issue_has(term);
      case Field::environment:
      case Field::release:
        return in_tags(query::info_of(term.field).name, term);
      case Field::tag:
        return in_tags(term.key, term);
      case Field::any_tag:
        return fmt::format("i.id in (select g.issue_id from issue_tags g where g.project_id = {} and {})", project(),
                           named("g.value", term));
    }
    return "false";
  }

  /// The event's message, which begins with what a needle finds.
  std::string message(const Term& term) {
    return any_value(term, [&](const Value& value) {
      const auto needle = query::needle_of(value.text);
      if (needle.parts.empty()) return std::string("true");
      std::string sql = fmt::format("e.message ~ {}", text(regular_expression(needle)));
      // Much cheaper, and nearly always the answer.
      const auto rough = rough_pattern(needle);
      if (!rough.empty()) sql = fmt::format("e.message ilike {} and {}", text(rough), sql);
      return "(" + sql + ")";
    });
  }

  std::string event_has(const Term& term) {
    std::string sql = fmt::format("(has_any_tag(e.tags, {})", keys(term));
    if (asks_for(term, "user")) sql += " or e.user_key is not null";
    if (asks_for(term, "environment")) sql += " or e.environment is not null";
    if (asks_for(term, "release")) sql += " or e.release is not null";
    return sql + ")";
  }

  std::string event_term(const Term& term) {
    switch (term.field) {
      case Field::text:
      case Field::message:
        return message(term);
      case Field::level:
        return levels("e.level", term);
      case Field::environment:
        return named("e.environment", term);
      case Field::release:
        return named("e.release", term);
      case Field::user_id:
      case Field::user_email:
      case Field::user_name:
      case Field::user_ip:
        return named("e.user_key", term);
      case Field::has:
        return event_has(term);
      case Field::tag:
        return named(fmt::format("tag_value(e.tags, {})", text(term.key)), term);
      case Field::any_tag:
        return fmt::format(
            "exists (select from (select value from tag_pairs(e.tags)"
            " union all select e.environment union all select e.release) g where g.value is not null"
            " and {})",
            named("g.value", term));
      default:
        // A join with so many issues would read all events of the time range before it sorts them: as a test of each
        // event, it ends with the page.
        return fmt::format("(e.issue_id in (select i.id from issues i where i.project_id = {} and {})) is true",
                           project(), issue_term(term));
    }
  }

  const QueryContext& context_;
  Params& params_;
};

/// Fields that event_term() asks the event's issue for.
bool about_issue(Field field) {
  switch (field) {
    case Field::is:
    case Field::assigned:
    case Field::platform:
    case Field::first_seen:
    case Field::last_seen:
    case Field::events:
    case Field::users:
    case Field::type:
    case Field::culprit:
    case Field::stack_function:
    case Field::stack_module:
    case Field::stack_file:
      return true;
    default:
      return false;
  }
}

bool about_issue(const Node& node) {
  if (node.kind == Node::Kind::term) return about_issue(node.term.field);
  return !node.children.empty() &&
         std::all_of(node.children.begin(), node.children.end(), [](const Node& child) { return about_issue(child); });
}

std::string blocks_of(const Term& term) {
  std::string any;
  for (const Value& value : term.values) {
    std::string one;
    if (term.field == Field::text || term.field == Field::message) {
      one = words_query(query::needle_of(value.text));
    } else if (!value.text.wild() && !value.text.plain().empty()) {
      const auto quoted = [](const std::string& mark) { return "'" + mark + "'"; };
      if (about_user(term.field)) one = quoted(mark_of_user(value.text.plain()));
      if (term.field == Field::environment || term.field == Field::release) {
        one = quoted(mark_of(query::info_of(term.field).name, value.text.plain()));
      }
      if (term.field == Field::tag) one = quoted(mark_of(term.key, value.text.plain()));
    }
    if (one.empty()) return {};
    any += fmt::format("{}({})", any.empty() ? "" : " | ", one);
  }
  return any;
}

std::string blocks_of(const Node& node) {
  if (node.kind == Node::Kind::term) return blocks_of(node.term);
  if (node.kind == Node::Kind::no) return {};
  std::string joined;
  for (const Node& child : node.children) {
    const auto one = blocks_of(child);
    if (one.empty()) {
      if (node.kind == Node::Kind::any) return {};
      continue;
    }
    joined += fmt::format("{}({})", joined.empty() ? "" : node.kind == Node::Kind::any ? " | " : " & ", one);
  }
  return joined;
}

}  // namespace

std::string issue_condition(const Node& query, const QueryContext& context, Params& params) {
  return Compiler(context, params).issues(query);
}

std::string event_condition(const Node& query, const QueryContext& context, Params& params) {
  return Compiler(context, params).events(query);
}

Node issue_part(const Node& query) {
  if (query.kind != Node::Kind::all) return about_issue(query) ? query : Node{};
  Node part;
  for (const Node& child : query.children) {
    if (about_issue(child)) part.children.push_back(child);
  }
  if (part.children.size() == 1) return Node(part.children.front());
  return part;
}

std::string block_condition(const Node& query) {
  const auto words = blocks_of(query);
  return words.empty() ? std::string() : fmt::format("({}) | '*'", words);
}

}  // namespace mesher::postgres
