#include "nodes/trace_text.hpp"

#include <algorithm>
#include <vector>

#include "nodes/coerce.hpp"
#include "nodes/event_json.hpp"

namespace mesher::nodes {
namespace {

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Cuts `:digits` from the end of `text`; 0 if there is none.
std::uint32_t take_number(std::string_view& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || !is_number(text.substr(colon + 1))) return 0;
  const auto number = to_u32(text.substr(colon + 1));
  text = text.substr(0, colon);
  return number;
}

/// `path:line:column` or `path:line`.
void set_place(Frame& frame, std::string_view place) {
  const auto last = take_number(place);
  const auto before = last == 0 ? 0 : take_number(place);
  frame.lineno = before != 0 ? before : last;
  frame.colno = before != 0 ? last : 0;
  frame.filename = place;
}

/// `a.b.C.method` to module and function.
void set_qualified(Frame& frame, std::string_view name) {
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == name.size()) {
    frame.function = name;
    return;
  }
  const auto before = name[dot - 1] == '.' ? dot - 1 : dot;  // Ns.Class..ctor
  frame.module = name.substr(0, before);
  frame.function = name.substr(before + 1);
}

/// `at a.b.C.m(File.java:12)`, `at Ns.C.M(Type x) in C:\file.cs:line 12`, `at fn (file.js:1:2)`, `at file.js:1:2`.
bool at_line(std::string_view line, Frame& frame) {
  if (line.substr(0, 3) != "at ") return false;
  line = trim(line.substr(3));
  if (const auto in = line.rfind(") in "); in != std::string_view::npos) {
    set_qualified(frame, line.substr(0, line.find('(')));
    auto place = line.substr(in + 5);
    const auto mark = place.rfind(":line ");
    if (mark != std::string_view::npos) {
      frame.lineno = to_u32(place.substr(mark + 6));
      place = place.substr(0, mark);
    }
    frame.filename = place;
    return true;
  }
  if (line.empty()) return false;
  if (line.back() != ')') {
    set_place(frame, line);
    return frame.lineno != 0;
  }
  const auto open = line.rfind('(');
  if (open == std::string_view::npos || open == 0) return false;
  const auto inside = line.substr(open + 1, line.size() - open - 2);
  auto name = line.substr(0, open);
  if (name.back() == ' ') {  // V8
    name = trim(name);
    for (const std::string_view prefix : {"async ", "new "}) {
      if (name.substr(0, prefix.size()) == prefix) name = name.substr(prefix.size());
    }
    if (const auto alias = name.find(" [as "); alias != std::string_view::npos) name = name.substr(0, alias);
    frame.function = name;
    set_place(frame, inside);
    return true;
  }
  if (const auto slash = name.rfind('/'); slash != std::string_view::npos)
    name = name.substr(slash + 1);  // java.base/…
  set_qualified(frame, name);
  if (inside.find('.') != std::string_view::npos && inside.find(' ') == std::string_view::npos)
    set_place(frame, inside);
  return !frame.function.empty();
}

/// `  File "x.py", line 3, in fn`
bool python_line(std::string_view line, Frame& frame) {
  if (line.substr(0, 6) != "File \"") return false;
  const auto quote = line.find('"', 6);
  if (quote == std::string_view::npos || line.substr(quote, 8) != "\", line ") return false;
  frame.filename = line.substr(6, quote - 6);
  frame.lineno = to_u32(line.substr(quote + 8));
  if (const auto in = line.find(", in ", quote); in != std::string_view::npos)
    frame.function = trim(line.substr(in + 5));
  return frame.lineno != 0;
}

/// `fn@https://host/a.js:1:2`
bool gecko_line(std::string_view line, Frame& frame) {
  const auto at = line.find('@');
  if (at == std::string_view::npos) return false;
  set_place(frame, line.substr(at + 1));
  frame.function = line.substr(0, at);
  return frame.lineno != 0 && frame.function.find(' ') == std::string_view::npos;
}

/// `#0 /srv/a.php(12): Class->method()`
bool php_line(std::string_view line, Frame& frame) {
  if (line.size() < 4 || line[0] != '#' || line[1] < '0' || line[1] > '9') return false;
  const auto space = line.find(' ');
  const auto close = line.find("): ");
  const auto open = close == std::string_view::npos ? close : line.rfind('(', close);
  if (space == std::string_view::npos || open == std::string_view::npos || open < space) return false;
  frame.filename = line.substr(space + 1, open - space - 1);
  frame.lineno = to_u32(line.substr(open + 1));
  const auto call = line.substr(close + 3);
  frame.function = call.substr(0, call.find('('));
  return frame.lineno != 0;
}

/// `app/a.rb:12:in 'method'`
bool ruby_line(std::string_view line, Frame& frame) {
  if (line.substr(0, 5) == "from ") line = line.substr(5);
  const auto in = line.find(":in ");
  if (in == std::string_view::npos || in + 5 >= line.size()) return false;
  set_place(frame, line.substr(0, in));
  const auto name = line.substr(in + 5);
  frame.function = name.substr(0, name.find_first_of("'`"));
  return frame.lineno != 0;
}

/// A line of its own for the place, behind that of the function: `\t/src/a.go:12 +0x1d`
bool go_place(std::string_view line, Frame& frame) {
  const auto go = line.find(".go:");
  if (go == std::string_view::npos || line.find('"') < go) return false;
  frame.filename = line.substr(0, go + 3);
  frame.lineno = to_u32(line.substr(go + 4));
  return frame.lineno != 0;
}

void set_go_function(std::string_view line, Frame& frame) {
  if (line.substr(0, 11) == "created by ") line = line.substr(11);
  if (const auto in = line.find(" in goroutine "); in != std::string_view::npos) line = line.substr(0, in);
  if (!line.empty() && line.back() == ')') line = line.substr(0, line.rfind('('));
  const auto slash = line.rfind('/');
  const auto dot = line.find('.', slash == std::string_view::npos ? 0 : slash);
  if (dot == std::string_view::npos) {
    frame.function = line;
    return;
  }
  frame.module = line.substr(0, dot);
  frame.function = line.substr(dot + 1);
}

}  // namespace

std::span<const Frame> parse_trace_text(std::string_view text, Arena& arena) {
  std::vector<Frame> frames;
  bool oldest_first = false;
  std::string_view previous;
  while (!text.empty() && frames.size() < 4 * EventLimits::frames) {
    const auto newline = std::min(text.find('\n'), text.size());
    const auto line = trim(text.substr(0, newline));
    text.remove_prefix(std::min(newline + 1, text.size()));
    if (line.substr(0, 10) == "Caused by:" && !frames.empty()) break;
    Frame frame;
    if (python_line(line, frame)) {
      oldest_first = true;
      frames.push_back(frame);
    } else if (oldest_first && previous.substr(0, 6) == "File \"") {
      frames.back().context_line = line;
    } else {
      const auto is_read_by = [&](auto reader) {
        frame = {};
        return reader(line, frame);
      };
      bool is_go = false;
      if (is_read_by(at_line) || is_read_by(php_line) || is_read_by(ruby_line) || (is_go = is_read_by(go_place)) ||
          is_read_by(gecko_line)) {
        if (is_go) set_go_function(previous, frame);
        frames.push_back(frame);
      }
    }
    previous = line;
  }
  if (!oldest_first) std::reverse(frames.begin(), frames.end());
  if (frames.size() > EventLimits::frames) {
    frames.erase(frames.begin() + EventLimits::oldest_frames,
                 frames.end() - (EventLimits::frames - EventLimits::oldest_frames));
  }
  for (auto& frame : frames) {
    frame.abs_path = frame.filename;
    const auto path = url_path(frame.filename);
    if (!path.empty() && path != "/") frame.filename = path;
  }
  return arena.copy_array(frames);
}

}  // namespace mesher::nodes
