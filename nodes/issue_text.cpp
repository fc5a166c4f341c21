#include "nodes/issue_text.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/coerce.hpp"

namespace mesher::nodes {
namespace {

constexpr std::size_t kMostNames = 100;
constexpr std::size_t kNameCharacters = 200;
constexpr std::size_t kMessageCharacters = 2000;

void add(std::vector<std::string>& names, std::string_view name) {
  name = first_characters(name, kNameCharacters);
  if (name.empty() || names.size() == kMostNames || std::find(names.begin(), names.end(), name) != names.end()) return;
  names.emplace_back(name);
}

void add(ports::IssueText& text, std::span<const Frame> frames) {
  for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame) {
    add(text.functions, frame->function);
    add(text.modules, frame->module);
    add(text.files, frame->filename.empty() ? frame->abs_path : frame->filename);
  }
}

}  // namespace

ports::IssueText issue_text(const Event& event) {
  ports::IssueText text;
  text.message = first_characters(event.message, kMessageCharacters);
  // The one that was finally raised first.
  for (auto exception = event.exceptions.rbegin(); exception != event.exceptions.rend(); ++exception) {
    if (text.error_type.empty()) text.error_type = first_characters(exception->type, kNameCharacters);
    if (text.message.size() < kMessageCharacters) {
      if (!text.message.empty()) text.message += '\n';
      text.message += first_characters(exception->value, kMessageCharacters);
    }
    add(text, exception->frames);
  }
  add(text, event.stacktrace);
  if (text.functions.empty()) {
    for (const auto& thread : event.threads) {
      if (thread.crashed || thread.current) add(text, thread.frames);
    }
  }
  return text;
}

}  // namespace mesher::nodes
