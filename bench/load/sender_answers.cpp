// The half of Sender that reads what the server says.
#include <nlohmann/json.hpp>

#include "bench/load/sender.hpp"

namespace mesher::bench {

using Json = nlohmann::json;

void Sender::on_bytes(Lane& lane, std::string_view bytes) {
  bool good = true;
  if (options_.mode != Mode::ws) {
    good = read_answers(lane, bytes);
  } else if (!lane.upgraded) {
    good = read_upgrade(lane, bytes);
  } else {
    lane.frames.feed(bytes);
    good = read_messages(lane);
  }
  if (!good) fail(lane, "answer");
}

bool Sender::read_answers(Lane& lane, std::string_view bytes) {
  const bool joined = !lane.in.empty();
  if (joined) bytes = lane.in += bytes;
  while (!bytes.empty() && lane.connection.state() == Connection::State::open) {
    const auto answer = read_answer(bytes);
    if (!answer) return false;
    if (!*answer || bytes.size() < (*answer)->head + (*answer)->body) break;
    if (lane.waiting.empty()) return false;
    const auto body = bytes.substr((*answer)->head, (*answer)->body);
    on_answer(lane, **answer, body);
    bytes.remove_prefix((*answer)->head + (*answer)->body);
  }
  if (lane.connection.state() != Connection::State::open) return true;
  lane.in = std::string(bytes);
  return true;
}

void Sender::on_answer(Lane& lane, const Answer& answer, std::string_view body) {
  const auto request = lane.waiting.front();
  if (answer.status / 100 != 2)
    tally_.add_refused(std::to_string(answer.status), request.events);
  else if (options_.mode == Mode::bulk)
    on_bulk_answer(request, body);
  else
    tally_.add_acknowledged(request.first);
  answered(lane, request.events);
  if (!answer.closes) return;
  lane.connection.close();  // as announced: opened again at once
  lane.retry_at_ns = next_open_ns_ = 0;
}

void Sender::on_bulk_answer(const Request& request, std::string_view body) {
  std::vector<bool> rejected(request.events, false);
  if (body.find("\"index\"") != std::string_view::npos) {  // rarely: most answers reject nothing
    const auto parsed = Json::parse(body, nullptr, false);
    for (const auto& entry : parsed.is_object() ? parsed.value("rejected", Json::array()) : Json::array()) {
      const auto index = entry.value("index", std::size_t{0});
      if (index < rejected.size()) rejected[index] = true;
      tally_.add_refused(entry.value("code", "rejected"));
    }
  }
  for (std::uint32_t i = 0; i < request.events; ++i)
    if (!rejected[i]) tally_.add_acknowledged(request.first + i);
}

bool Sender::read_upgrade(Lane& lane, std::string_view bytes) {
  lane.in += bytes;
  const auto end = lane.in.find("\r\n\r\n");
  if (end == std::string::npos) return true;
  if (!lane.in.starts_with("HTTP/1.1 101")) return false;
  lane.upgraded = true;
  lane.frames.feed(std::string_view(lane.in).substr(end + 4));
  lane.in.clear();
  return read_messages(lane);
}

bool Sender::read_messages(Lane& lane) {
  while (const auto message = lane.frames.next()) {
    if (message->opcode == Opcode::close) return false;
    if (message->opcode == Opcode::text) on_reply(lane, message->payload);
    if (message->opcode != Opcode::ping || lane.connection.writing()) continue;
    append_frame(lane.connection.out(), Opcode::pong, message->payload);
    if (!lane.connection.flush()) return false;
  }
  return true;
}

void Sender::on_reply(Lane& lane, std::string_view text) {
  if (text.find(R"("type":"ack")") != std::string_view::npos) {
    std::uint32_t events = 0;
    for (auto quote = text.find('"'); quote != std::string_view::npos; quote = text.find('"', quote + 1)) {
      const auto number = ids_.number(text.substr(quote + 1, EventIds::kLength));
      if (!number) continue;
      tally_.add_acknowledged(*number);
      ++events;
      quote += EventIds::kLength + 1;
    }
    return answered(lane, events);
  }
  const auto parsed = Json::parse(text, nullptr, false);
  if (!parsed.is_object() || parsed.value("type", "") != "error" || lane.waiting.empty()) return;
  // An error with an index speaks of one event, one without of the whole frame.
  const auto index = parsed.find("index");
  const bool one = index != parsed.end() && index->is_number();
  const auto events = one ? 1 : lane.waiting.front().left;
  tally_.add_refused(parsed.value("code", "error"), events);
  answered(lane, events);
}

void Sender::answered(Lane& lane, std::uint32_t events) {
  lane.back_off_ns = 0;
  last_answer_ns_ = now_ns();
  while (!lane.waiting.empty() && events > 0) {
    auto& request = lane.waiting.front();
    const auto taken = std::min(events, request.left);
    request.left -= taken;
    events -= taken;
    if (request.left > 0) return;
    tally_.add_latency(last_answer_ns_ - request.due_ns);
    lane.waiting.pop_front();
    --on_the_way_;
  }
}

}  // namespace mesher::bench
