#include "io/cli/tap_command.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "io/cli/interrupt.hpp"
#include "io/cli/server_access.hpp"
#include "io/cli/web_socket.hpp"

namespace mesher::cli {
namespace {

using Json = nlohmann::json;

int fail(const Error& error) {
  fmt::print(stderr, "mesher tap: {}{}{}\n", error.message, error.hint.empty() ? "" : ": ", error.hint);
  return 1;
}

std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string text_of(const Json& event, const char* name) {
  const auto at = event.find(name);
  return at != event.end() && at->is_string() ? at->get<std::string>() : std::string();
}

/// What terminals would take as a command is left out.
std::string printable(std::string text) {
  for (auto& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return text;
}

}  // namespace

std::string pretty_tap(std::string_view message) {
  const auto json = Json::parse(message, nullptr, false);
  if (!json.is_object() || json.value("type", "") != "event" || !json.contains("event")) return {};
  const auto& event = json["event"];
  std::string out;
  if (const auto skipped = json.value("skipped", std::uint64_t{0}); skipped > 0) {
    out += fmt::format("    … {} more went by\n", skipped);
  }
  auto title = text_of(event, "title");
  if (title.empty()) title = text_of(event, "message");
  if (title.empty() && event.contains("exception")) {
    title = text_of(event["exception"], "type") + ": " + text_of(event["exception"], "value");
  }
  out += fmt::format("{} {:<7} project {} {}  {}\n", text_of(event, "received"), text_of(event, "level"),
                     event.value("project_id", 0), text_of(event, "id"), printable(title));
  std::string more;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) more += fmt::format(" {}={}", name, printable(value));
  };
  add("culprit", text_of(event, "culprit"));
  add("environment", text_of(event, "environment"));
  add("release", text_of(event, "release"));
  add("fingerprint", text_of(event, "fingerprint"));
  if (event.contains("issue_id")) add("issue", std::to_string(event.value("issue_id", std::int64_t{0})));
  if (event.contains("tags")) {
    for (const auto& [key, value] : event["tags"].items())
      add(printable(key), value.is_string() ? value.get<std::string>() : "");
  }
  if (!more.empty()) out += "   " + more + "\n";
  return out;
}

int run_tap(const CommandLine& line) {
  const auto access = ServerAccess::open(line);
  if (!access) return fail(access.error());
  auto url = fmt::format("{}/api/v1/graph/nodes/{}/tap", (*access)->url(), encoded(line.node));
  if (!line.filter.empty()) url += "?filter=" + encoded(line.filter);
  auto socket = WebSocket::open(url, (*access)->token());
  if (!socket) return fail(socket.error());
  std::uint64_t shown = 0;
  const Interrupt interrupt;
  while (!Interrupt::came() && (line.count == 0 || shown < line.count)) {
    const auto message = (*socket)->receive(std::chrono::milliseconds(500));
    if (!message) return fail(message.error());
    const auto pretty = pretty_tap(*message);
    if (pretty.empty()) continue;
    ++shown;
    if (line.format == "json") {
      fmt::print("{}\n", *message);
    } else {
      fmt::print("{}", pretty);
    }
    if (std::fflush(stdout) != 0) return 0;  // nobody reads any more
  }
  return 0;
}

}  // namespace mesher::cli
