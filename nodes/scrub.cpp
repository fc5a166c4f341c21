#include "nodes/scrub.hpp"

#include <algorithm>
#include <bit>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "nodes/byte_masks.hpp"
#include "nodes/event_json.hpp"
#include "nodes/json_document.hpp"
#include "nodes/scrub_text.hpp"

namespace mesher::nodes {
namespace {

/// Can these digits of 16 bytes be part of a card number? One of 13 digits or more has, in some window, four in a row
/// and six altogether, if it is written in groups of at least four.
inline bool many(std::uint32_t mask) {
  mask -= (mask >> 1) & 0x5555;  // counts bits in parallel; the machine's own instruction is not in the baseline
  mask = (mask & 0x3333) + ((mask >> 2) & 0x3333);
  mask = (mask + (mask >> 4)) & 0x0F0F;
  return (mask & 0xFF) + (mask >> 8) >= 6;
}

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/// Walks over the text of a JSON document string by string; what lies between is of interest only where a number may be
/// a card's.
class Scrubber {
 public:
  Scrubber(std::string_view json, const ScrubRules& rules, KeyCache& cache, std::string& out)
      : begin_(json.data()),
        end_(json.data() + json.size()),
        copied_(begin_),
        rules_(rules),
        cache_(cache),
        out_(out) {}

  std::size_t run() {
    const char* at = begin_;
    while (at < end_) {
      const char* quote = next_quote(at);
      if (quote - at >= 13) scrub_number(at, quote);
      if (quote == end_) break;
      at = string_at(quote);
    }
    if (hits_ > 0) out_.append(copied_, end_);
    return hits_;
  }

 private:
  struct Token {
    const char* begin = nullptr;  ///< behind the opening quote
    const char* end = nullptr;    ///< the closing one
    bool marks = false, escapes = false, digits = false;
  };

  const char* next_quote(const char* at) const {
    if (end_ - at > 2) {  // in compact JSON it is nearly always one of the next two
      if (at[0] == '"') return at;
      if (at[1] == '"') return at + 1;
    }
    for (; at < end_; at += 16) {
      const auto masks = masks_of(at, end_);
      if (masks.quote != 0) return at + std::countr_zero(masks.quote);
    }
    return end_;
  }

  Token token_at(const char* quote) const {
    Token token;
    token.begin = quote + 1;
    for (const char* at = token.begin; at < end_;) {
      const auto masks = masks_of(at, end_);
      if (std::countr_zero(masks.backslash) < std::countr_zero(masks.quote)) {
        // The byte behind the backslash is escaped: count up to it, go on behind.
        const int to = std::countr_zero(masks.backslash);
        add(token, masks, to);
        token.escapes = true;
        token.digits = true;  // windows no longer line up: let the slow path look
        at += to + 2;
        continue;
      }
      if (masks.quote != 0) {
        const int to = std::countr_zero(masks.quote);
        add(token, masks, to);
        token.end = at + to;
        return token;
      }
      add(token, masks, 16);
      at += 16;
    }
    token.end = end_;
    return token;
  }

  static void add(Token& token, const ByteMasks& masks, int to) {
    const std::uint32_t valid = (std::uint32_t{1} << to) - 1;
    token.marks |= (masks.mark & valid) != 0;
    const std::uint32_t digits = masks.digit & valid;
    if ((digits & (digits >> 1) & (digits >> 2) & (digits >> 3)) != 0) token.digits |= many(digits);
  }

  /// Deals with the string at `quote`; answers where to go on.
  const char* string_at(const char* quote) {
    const Token token = token_at(quote);
    const char* behind = skip_space(token.end < end_ ? token.end + 1 : end_);
    if (behind < end_ && *behind == ':') {
      kind_ = key_kind(token);
      const char* value = skip_space(behind + 1);
      if (kind_ != KeyKind::sensitive) return value;
      kind_ = KeyKind::plain;
      return replace_value(value);
    }
    if (behind < end_ && *behind == ',' && begins_pair(quote) && key_kind(token) == KeyKind::sensitive) {
      const char* value = skip_space(behind + 1);
      const char* close = skip_space(behind_value(value));
      if (close < end_ && *close == ']') return replace_value(value);
    }
    if (token.marks || token.digits) scrub_string(token);
    return behind;
  }

  KeyKind key_kind(const Token& token) {
    const std::string_view raw(token.begin, static_cast<std::size_t>(token.end - token.begin));
    if (!token.escapes) return cache_.kind_of(raw, end_, rules_);
    scratch_.resize(raw.size());
    scratch_.resize(unescape(raw, scratch_.data()));
    return rules_.kind_of(scratch_);
  }

  /// Is the string at `quote` the first of a list that is itself an element of a list?
  [[nodiscard]] bool begins_pair(const char* quote) const {
    const char* before = space_before(quote);
    if (before <= begin_ || before[-1] != '[') return false;
    before = space_before(before - 1);
    return before > begin_ && (before[-1] == '[' || before[-1] == ',');
  }

  const char* space_before(const char* at) const {
    while (at > begin_ && is_space(at[-1])) --at;
    return at;
  }

  const char* skip_space(const char* at) const {
    while (at < end_ && is_space(*at)) ++at;
    return at;
  }

  /// Behind the closing quote of the string at `quote`. Apart from token_at, which is worth having inlined where it is
  /// called for every string.
  const char* behind_string(const char* quote) const {
    for (const char* at = quote + 1; at < end_; ++at) {
      if (*at == '"') return at + 1;
      if (*at == '\\') ++at;
    }
    return end_;
  }

  const char* behind_value(const char* at) const {
    if (at >= end_) return end_;
    if (*at == '"') return behind_string(at);
    if (*at != '{' && *at != '[') {
      while (at < end_ && *at != ',' && *at != '}' && *at != ']' && !is_space(*at)) ++at;
      return at;
    }
    std::size_t depth = 0;
    while (at < end_) {
      const char c = *at;
      if (c == '"') {
        at = behind_string(at);
        continue;
      }
      ++at;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return at;
    }
    return end_;
  }

  const char* replace_value(const char* value) {
    const char* behind = behind_value(value);
    const std::string_view text(value, static_cast<std::size_t>(behind - value));
    const bool harmless = text == "null" || text == "true" || text == "false" || text == R"("")" || text == "{}" ||
                          text == "[]" || text == R"("[Filtered]")";
    if (harmless) return behind;
    out_.append(copied_, value);
    out_ += R"("[Filtered]")";
    copied_ = behind;
    ++hits_;
    return behind;
  }

  void scrub_string(const Token& token) {
    std::string_view text(token.begin, static_cast<std::size_t>(token.end - token.begin));
    if (token.escapes) {
      scratch_.resize(text.size());
      scratch_.resize(unescape(text, scratch_.data()));
      text = scratch_;
    }
    clean_.clear();
    const std::size_t found = token.marks ? scrub_text(text, kind_, rules_, cache_, clean_) : scrub_cards(text, clean_);
    if (found == 0) return;
    out_.append(copied_, token.begin);
    append_escaped(clean_, out_);
    copied_ = token.end;
    hits_ += found;
  }

  /// A card number written as a JSON number, somewhere between two strings.
  void scrub_number(const char* from, const char* to) {
    while (from < to) {
      const char* digits = std::find_if(from, to, [](char c) { return c >= '0' && c <= '9'; });
      const char* behind = std::find_if(digits, to, [](char c) { return c < '0' || c > '9'; });
      const std::string_view number(digits, static_cast<std::size_t>(behind - digits));
      const char before = digits > begin_ ? digits[-1] : ' ';
      const char next = behind < end_ ? *behind : ' ';
      const bool whole = before != '.' && before != '-' && before != '+' && before != 'e' && before != 'E' &&
                         next != '.' && next != 'e' && next != 'E';
      if (whole && number.size() >= 13 && is_card_number(number)) {
        out_.append(copied_, digits);
        out_ += R"("[Filtered]")";
        copied_ = behind;
        ++hits_;
      }
      from = behind;
    }
  }

  const char* begin_;
  const char* end_;
  const char* copied_;  ///< what lies before is in out_ already (once something was hit)
  KeyKind kind_ = KeyKind::plain;
  const ScrubRules& rules_;
  KeyCache& cache_;
  std::string& out_;
  std::string scratch_, clean_;
  std::size_t hits_ = 0;
};

bool same(const ports::ScrubSettings& a, const ports::ScrubSettings& b) {
  return a.enabled == b.enabled && a.ip_addresses == b.ip_addresses && a.keys == b.keys && a.safe_keys == b.safe_keys;
}

/// The rules of projects, made when first needed and again when their settings change. Most have the default ones.
class RulesOfProjects {
 public:
  RulesOfProjects() : default_(std::make_shared<ScrubRules>(ports::ScrubSettings{})) {}

  /// Null: scrubbing is off.
  std::shared_ptr<const ScrubRules> of(const ports::ScrubSettings& settings, std::uint32_t project) {
    if (!settings.enabled) return nullptr;
    if (settings.keys.empty() && settings.safe_keys.empty() && !settings.ip_addresses) return default_;
    const std::lock_guard lock(mutex_);
    auto& known = known_[project];
    if (!known.rules || !same(known.settings, settings)) known = {settings, std::make_shared<ScrubRules>(settings)};
    return known.rules;
  }

 private:
  struct Known {
    ports::ScrubSettings settings;
    std::shared_ptr<const ScrubRules> rules;
  };
  std::shared_ptr<const ScrubRules> default_;
  std::mutex mutex_;
  std::unordered_map<std::uint32_t, Known> known_;
};

class ScrubNode final : public graph::Node {
 public:
  explicit ScrubNode(const ports::ProjectDirectory* projects) : projects_(projects) {}

  void process(graph::Batch& batch) override {
    auto& events = batch.as<EventBatch>();
    const auto snapshot = projects_ != nullptr ? projects_->snapshot() : nullptr;
    const ports::ScrubSettings defaults;
    std::uint32_t project = 0;
    const ports::ScrubSettings* settings = nullptr;
    std::shared_ptr<const ScrubRules> rules;
    for (auto& event : events.events) {
      if (settings == nullptr || event.project_id != project) {
        project = event.project_id;
        settings = &defaults;  // a project that is gone, or too new for this snapshot: rather too much than too little
        if (snapshot) {
          const auto found = snapshot->projects.find(project);
          if (found != snapshot->projects.end()) settings = &found->second.scrub;
        }
        rules = rules_.of(*settings, project);
      }
      if (rules) scrub(event, *rules, settings->ip_addresses, events.arena());
    }
  }

 private:
  static void scrub(Event& event, const ScrubRules& rules, bool addresses, Arena& arena) {
    thread_local KeyCache cache;
    thread_local EventReader reader;
    thread_local std::string clean;
    if (addresses) {
      event.client_ip = {};
      event.user.ip_address = {};
    }
    clean.clear();
    const std::size_t hits = scrub_json(event.payload, rules, cache, clean);
    if (hits == 0) return;
    reader.reread(event, arena.copy(clean), arena);
    const auto notes = arena.array<Trimmed>(event.trimmed.size() + 1);
    std::copy(event.trimmed.begin(), event.trimmed.end(), notes.begin());
    notes.back() = {"payload", "scrubbed", hits};
    event.trimmed = notes;
    if (clean.capacity() > 256 * 1024) std::string().swap(clean);
  }

  const ports::ProjectDirectory* projects_;
  RulesOfProjects rules_;
};

}  // namespace

std::size_t scrub_json(std::string_view json, const ScrubRules& rules, KeyCache& cache, std::string& out) {
  return Scrubber(json, rules, cache, out).run();
}

graph::NodeSpec scrub_spec(const ports::ProjectDirectory* projects) {
  graph::NodeSpec spec;
  spec.type = "scrub";
  spec.help =
      "Replaces passwords, tokens, card numbers, cookies and the like by [Filtered] in the payload and in everything "
      "read "
      "from it, as each project's settings ask (on by default).";
  spec.consumes = EventBatch::kKind;
  spec.produces = EventBatch::kKind;
  spec.make = [projects](const graph::Options&) -> Result<graph::MadeNode> {
    return graph::MadeNode{std::make_unique<ScrubNode>(projects), nullptr};
  };
  return spec;
}

}  // namespace mesher::nodes
