#include "io/cli/fingerprint_command.hpp"

#include <istream>
#include <ostream>
#include <stdexcept>
#include <string>

#include "nodes/event_json.hpp"
#include "nodes/grouping.hpp"
#include "nodes/normalise.hpp"
#include "nodes/ports/journal.hpp"
#include "nodes/title.hpp"
#include "nodes/validate.hpp"

namespace mesher::cli {
namespace {

void print(std::ostream& out, const nodes::Event& event, nodes::Grouper& grouper, nodes::Arena& arena, bool explain) {
  if (!explain) {
    out << nodes::to_hex(grouper.group(event).hashes[0]) << '\n';
    return;
  }
  nodes::GroupingExplanation why;
  out << nodes::to_hex(grouper.group(event, &why).hashes[0]) << '\n';
  out << "  title: " << nodes::title_of(event, arena) << '\n';
  if (const auto culprit = nodes::culprit_of(event, arena); !culprit.empty()) out << "  culprit: " << culprit << '\n';
  const auto text = nodes::to_text(why);
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    out << "  " << text.substr(at, end - at) << '\n';
    at = end + 1;
  }
}

}  // namespace

int run_fingerprint(std::istream& in, std::ostream& out, const FingerprintOptions& options) {
  nodes::Grouper grouper;
  nodes::EventReader reader;
  int code = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.ends_with('\r')) line.pop_back();
    nodes::Arena arena;
    if (options.lines) {
      nodes::Event event;
      event.message = line;
      print(out, event, grouper, arena, options.explain);
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
    print(out, reader.read(record, arena), grouper, arena, options.explain);
  }
  return code;
}

}  // namespace mesher::cli
