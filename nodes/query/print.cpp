#include <algorithm>

#include "nodes/event.hpp"
#include "nodes/query/lexer.hpp"
#include "nodes/query/parse.hpp"
#include "nodes/query/values.hpp"

namespace mesher::query {
namespace {

bool is_harmless(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == '@' || c == '/' || c == '#' || static_cast<unsigned char>(c) >= 0x80;
}

std::string quoted(const Text& text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.parts.size(); ++i) {
    if (i > 0) out += '*';
    for (const char c : text.parts[i]) {
      if (c == '"' || c == '\\' || c == '*') out += '\\';
      out += c;
    }
  }
  return out + '"';
}

/// Quotation marks change nothing: they are for characters that mean something to the language.
std::string value_text(const Text& text) {
  const bool plain = std::all_of(text.parts.begin(), text.parts.end(), [](const std::string& part) {
    return std::all_of(part.begin(), part.end(), is_harmless);
  });
  if (!plain || (text.plain().empty() && !text.wild())) return quoted(text);
  std::string out;
  for (std::size_t i = 0; i < text.parts.size(); ++i) {
    if (i > 0) out += '*';
    out += text.parts[i];
  }
  return out;
}

bool is_keyword(const Text& text) {
  const auto& word = text.plain();
  return !text.wild() && (word == "AND" || word == "OR" || word == "NOT");
}

std::string value_text(const FieldInfo& info, const Value& value) {
  switch (info.kind) {
    case Kind::state:
      return std::string(name_of(static_cast<State>(value.number)));
    case Kind::level:
      return std::string(nodes::name_of(static_cast<nodes::Level>(value.number)));
    case Kind::number:
      return std::to_string(value.number);
    case Kind::moment:
      return moment_text(value.moment);
    default:
      return value_text(value.text);
  }
}

std::string_view sign_of(Compare compare) {
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
  return "";
}

std::string term_text(const Term& term) {
  if (term.field == Field::text) {
    const Text& text = term.values.front().text;
    return is_keyword(text) ? quoted(text) : value_text(text);
  }
  const FieldInfo& info = info_of(term.field);
  std::string out = term.field == Field::tag ? "tags[" + term.key + "]" : std::string(info.name);
  out += ':';
  out += sign_of(term.compare);
  if (term.values.size() == 1) return out + value_text(info, term.values.front());
  out += '[';
  for (std::size_t i = 0; i < term.values.size(); ++i) {
    if (i > 0) out += ", ";
    out += value_text(info, term.values[i]);
  }
  return out + ']';
}

}  // namespace

std::string print(const Node& node) {
  switch (node.kind) {
    case Node::Kind::term:
      return term_text(node.term);
    case Node::Kind::no: {
      const Node& child = node.children.front();
      const bool simple = child.kind == Node::Kind::term;
      return simple ? "-" + print(child) : "-(" + print(child) + ")";
    }
    case Node::Kind::all:
    case Node::Kind::any:
      break;
  }
  std::string out;
  for (const Node& child : node.children) {
    if (!out.empty()) out += node.kind == Node::Kind::any ? " OR " : " ";
    const bool group = node.kind == Node::Kind::all && child.kind == Node::Kind::any;
    out += group ? "(" + print(child) + ")" : print(child);
  }
  return out;
}

}  // namespace mesher::query
