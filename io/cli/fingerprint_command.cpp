#include "io/cli/fingerprint_command.hpp"

#include <istream>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "io/cli/config.hpp"
#include "nodes/event_json.hpp"
#include "nodes/fingerprint_node.hpp"
#include "nodes/ports/journal.hpp"
#include "nodes/validate.hpp"

namespace mesher::cli {
namespace {

class Printer {
 public:
  Printer(std::ostream& out, const nodes::FingerprintRules& rules, bool explain)
      : out_(out), rules_(rules), explain_(explain) {}

  void print(nodes::Event& event, nodes::Arena& arena) {
    nodes::GroupingExplanation why;
    nodes::fingerprint_event(event, grouper_, arena, &rules_, explain_ ? &why : nullptr);
    out_ << nodes::to_hex(event.hashes[0]) << '\n';
    if (!explain_) return;
    out_ << "  title: " << event.title << '\n';
    if (!event.culprit.empty()) out_ << "  culprit: " << event.culprit << '\n';
    const auto text = nodes::to_text(why);
    for (std::size_t at = 0; at < text.size();) {
      const auto end = text.find('\n', at);
      out_ << "  " << text.substr(at, end - at) << '\n';
      at = end + 1;
    }
  }

 private:
  std::ostream& out_;
  const nodes::FingerprintRules& rules_;
  bool explain_;
  nodes::Grouper grouper_;
};

/// The rules of a file; nothing if it can't be read or has mistakes, which are printed.
std::optional<nodes::FingerprintRules> read_rules(const std::string& file, std::ostream& errors) {
  if (file.empty()) return nodes::FingerprintRules{};
  const auto text = read_file(file);
  if (!text) {
    errors << "mesher: --rules: " << text.error().message << '\n';
    return std::nullopt;
  }
  std::vector<graph::Diagnostic> mistakes;
  auto rules = nodes::FingerprintRules::parse(*text, mistakes);
  for (const auto& mistake : mistakes) errors << mistake.text(file) << '\n';
  if (!mistakes.empty()) return std::nullopt;
  return rules;
}

}  // namespace

int run_fingerprint(std::istream& in, std::ostream& out, std::ostream& errors, const FingerprintOptions& options) {
  const auto rules = read_rules(options.rules_file, errors);
  if (!rules) return 1;
  Printer printer(out, *rules, options.explain);
  nodes::EventReader reader;
  int code = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.ends_with('\r')) line.pop_back();
    nodes::Arena arena;
    if (options.lines) {
      nodes::Event event;
      event.message = line;
      printer.print(event, arena);
      continue;
    }
    if (line.find_first_not_of(" \t") == line.npos) continue;
    auto checked = nodes::validate_event(line, nodes::Strictness::lenient);
    if (!checked) {
      out << "invalid: " << checked.error->message << '\n';
      code = 1;
      continue;
    }
    if (!checked.event.rewritten.empty()) line = std::move(checked.event.rewritten);
    const std::size_t size = line.size();
    line.append(nodes::ports::kReadPadding, '\0');
    nodes::Record record;
    record.event_id = checked.event.id;
    record.body = std::string_view(line).substr(0, size);
    auto event = reader.read(record, arena);
    printer.print(event, arena);
  }
  return code;
}

}  // namespace mesher::cli
