#include "nodes/grouping.hpp"

#include <xxhash.h>

#include <algorithm>
#include <utility>

#include "nodes/exception_groups.hpp"
#include "nodes/fingerprint_variables.hpp"
#include "nodes/normalise.hpp"

namespace mesher::nodes {
namespace {

constexpr std::size_t kLongestCycle = 8;
/// A cycle that repeats this often from the crash on is endless recursion: where the stack ran out is chance.
constexpr std::size_t kEndless = 16;

// Tags of the parts in a key. Part of the hash: changing one is a new kGroupingVersion.
constexpr char kException = 'E', kType = 'T', kNsError = 'N', kFrame = 'F', kModule = 'm', kFile = 'f', kFunction = 'u',
               kContext = 'c', kValue = 'V', kMessage = 'M', kPart = 'P', kDefault = 'D', kFallback = '0',
               kChecksum = 'C';

Fingerprint hash_of(std::string_view key) {
  const XXH128_hash_t hash = XXH3_128bits(key.data(), key.size());
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  Fingerprint print{};
  std::copy(std::begin(canonical.digest), std::end(canonical.digest), print.begin());
  return print;
}

int hex_value(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

Fingerprint checksum_hash(std::string_view checksum) {
  if (checksum.size() == 32 &&
      std::all_of(checksum.begin(), checksum.end(), [](char c) { return hex_value(c) >= 0; })) {
    Fingerprint print{};
    for (std::size_t i = 0; i < 16; ++i) {
      print[i] = static_cast<std::uint8_t>(hex_value(checksum[2 * i]) * 16 + hex_value(checksum[2 * i + 1]));
    }
    return print;
  }
  return hash_of(kChecksum + std::string(checksum));
}

std::uint64_t key_of(const FrameParts& parts) {
  std::uint64_t h = XXH3_64bits(parts.module.data(), parts.module.size());
  h = XXH3_64bits_withSeed(parts.filename.data(), parts.filename.size(), h);
  h = XXH3_64bits_withSeed(parts.function.data(), parts.function.size(), h);
  return XXH3_64bits_withSeed(parts.context_line.data(), parts.context_line.size(), h);
}

/// JavaScript: the only frame is the page itself, which says nothing.
bool only_a_page(std::span<const Frame> frames, std::string_view platform) {
  if (frames.size() != 1) return false;
  const Frame& f = frames[0];
  return family_of(f.platform.empty() ? platform : f.platform) == Family::javascript &&
         javascript_function(f.function).empty() && is_web_url(f.abs_path.empty() ? f.filename : f.abs_path, true);
}

/// `others`: something else than tests takes part.
bool takes_part(FrameRole role, bool app, bool others) {
  if (!app) return true;
  return others ? role == FrameRole::app : is_app(role);
}

constexpr std::string_view kRunner = "test runner, reflection or thread start";

std::string_view why_not(FrameRole role, bool app) {
  switch (role) {
    case FrameRole::runner:
      return kRunner;
    case FrameRole::test:
      return "test code, other frames are nearer to the cause";
    case FrameRole::library:
      return app ? "not in-app" : "";
    case FrameRole::app:
      break;
  }
  return {};
}

}  // namespace

// --- key and explanation ---

void Grouper::put(char tag, std::string_view text) {
  key_ += tag;
  key_.append(text);
  key_ += '\0';
}

void Grouper::note(int depth, std::string_view name, std::string_view value, bool contributes,
                   std::string_view reason) {
  if (notes_ == nullptr) return;
  notes_->push_back({depth, std::string(name), std::string(value), contributes, std::string(reason)});
}

Fingerprint Grouper::finish() const {
  return hash_of(key_);
}

void Grouper::message_key(std::string_view tag, std::string_view text, int depth) {
  const auto lines = significant_lines(text);
  put(tag == "value" ? kValue : kMessage, message_skeleton(lines, scratch_));
  if (notes_ != nullptr) note(depth, tag, normalise_message(lines, typed_));
}

// --- stacks ---

void Grouper::add_stack(std::span<const Frame> frames, std::string_view platform) {
  Stack stack{frames, parts_.size(), false, false};
  const bool page = only_a_page(frames, platform);
  const Family family_of_event = family_of(platform);
  // Runners speak only where nothing else does: their names are not even looked at before that is known.
  for (const bool runners : {false, true}) {
    if (runners && stack.has_any) break;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const Frame& frame = frames[i];
      const Family family = frame.platform.empty() ? family_of_event : family_of(frame.platform);
      if (!runners) {
        auto& parts = parts_.emplace_back();
        parts.role = role_of(frame, family);
        parts.ignored = kRunner;
      }
      auto& parts = parts_[stack.first + i];
      if ((parts.role == FrameRole::runner) != runners) continue;
      parts = frame_parts(frame, family, parts.role, pool_);
      if (page) parts.ignored = "only frame, a page without function";
      if (!parts.ignored.empty()) continue;
      stack.has_any = true;
      stack.has_app |= is_app(parts.role);
    }
  }
  stacks_.push_back(stack);
}

std::vector<std::uint32_t>& Grouper::contributing(const Stack& stack, Variant variant) {
  const bool app = variant == Variant::app;
  const auto counts = [&](const FrameParts& p, bool others) {
    return p.ignored.empty() && takes_part(p.role, app, others);
  };
  const auto begin = parts_.begin() + static_cast<std::ptrdiff_t>(stack.first);
  const auto end = begin + static_cast<std::ptrdiff_t>(stack.frames.size());
  const bool others = std::any_of(begin, end, [&](const FrameParts& p) { return counts(p, true); });

  chosen_.clear();
  keys_.clear();
  std::size_t folded_at = 0, folded = 0;
  for (std::size_t i = stack.frames.size(); i-- > 0;) {
    const auto& parts = parts_[stack.first + i];
    if (!counts(parts, others)) continue;
    chosen_.push_back(static_cast<std::uint32_t>(i));
    keys_.push_back(key_of(parts));
    for (std::size_t period = 1; period <= kLongestCycle && 2 * period <= keys_.size(); ++period) {
      const auto last = keys_.end() - static_cast<std::ptrdiff_t>(period);
      if (!std::equal(last, keys_.end(), last - static_cast<std::ptrdiff_t>(period))) continue;
      const auto at = keys_.size() - 2 * period;
      folded = at == folded_at ? folded + 1 : 1;
      folded_at = at;
      keys_.resize(keys_.size() - period);
      chosen_.resize(chosen_.size() - period);
      break;
    }
    if (folded >= kEndless && folded_at == 0) {
      // Any frame of the cycle may be the newest one: order by content.
      std::sort(chosen_.begin(), chosen_.end(),
                [&](auto a, auto b) { return key_of(parts_[stack.first + a]) < key_of(parts_[stack.first + b]); });
      break;
    }
  }
  if (app && chosen_.size() > kNearestFrames) chosen_.resize(kNearestFrames);
  return chosen_;
}

void Grouper::frame_key(const FrameParts& parts, int depth) {
  key_ += kFrame;
  const auto part = [&](char tag, std::string_view name, std::string_view text) {
    if (text.empty()) return;
    put(tag, text);
    note(depth, name, text);
  };
  part(kModule, "module", parts.module);
  part(kFile, "filename", parts.filename);
  part(kFunction, "function", parts.function);
  part(kContext, "context_line", parts.context_line);
}

bool Grouper::stack_key(const Stack& stack, Variant variant, int depth) {
  if (variant == Variant::app ? !stack.has_app : !stack.has_any) {
    note(depth, "stacktrace", {}, false,
         stack.frames.empty() ? "no frames"
         : stack.has_any      ? "no in-app frames"
                              : "no frame contributes");
    return false;
  }
  note(depth, "stacktrace", {}, true, "newest frame first");
  const auto& chosen = contributing(stack, variant);
  for (const auto i : chosen) {
    note(depth + 1, "frame", {});
    frame_key(parts_[stack.first + i], depth + 2);
  }
  if (notes_ != nullptr) explain_frames(stack, variant, depth + 1);
  return true;
}

/// Notes the frames that do not take part, and why.
void Grouper::explain_frames(const Stack& stack, Variant variant, int depth) {
  for (std::size_t i = stack.frames.size(); i-- > 0;) {
    if (std::find(chosen_.begin(), chosen_.end(), i) != chosen_.end()) continue;
    const auto& parts = parts_[stack.first + i];
    const Frame& frame = stack.frames[i];
    std::string_view reason = parts.ignored;
    if (reason.empty()) reason = why_not(parts.role, variant == Variant::app);
    if (reason.empty()) reason = "recursion, or farther from the crash than the nearest frames";
    std::string name(frame.module.empty() ? frame.filename : frame.module);
    note(depth, "frame", name.append(name.empty() ? "" : " in ").append(frame.function), false, reason);
  }
}

// --- what takes part ---

void Grouper::prepare(const Event& event) {
  pool_.clear();
  parts_.clear();
  stacks_.clear();
  exceptions_.clear();
  method_ = {};
  if (!event.exceptions.empty()) {
    for (const auto& exception : event.exceptions) add_stack(exception.frames, event.platform);
    select_exceptions(event);
    const bool says_something = std::any_of(exceptions_.begin(), exceptions_.end(), [&](auto i) {
      const auto& e = event.exceptions[i];
      return stacks_[i].has_any || (!e.type.empty() && !e.mechanism.synthetic) || !e.value.empty() ||
             e.ns_error_code.has_value();
    });
    if (says_something) {
      method_ = "exception";
      return;
    }
    stacks_.clear();
  }
  if (const Thread* thread = thread_that_speaks(event); thread != nullptr) {
    add_stack(thread->frames, event.platform);
    method_ = "threads";
  }
  if ((stacks_.empty() || !stacks_[0].has_any) && !event.stacktrace.empty()) {
    stacks_.clear();
    add_stack(event.stacktrace, event.platform);
    method_ = "stacktrace";
  }
  if (!stacks_.empty() && stacks_[0].has_any) return;
  stacks_.clear();
  const auto message = event.message_template.empty() ? event.message : event.message_template;
  method_ = significant_lines(message).empty() ? "fallback" : "message";
}

void Grouper::select_exceptions(const Event& event) {
  top_level_exceptions(event, exceptions_, [&](std::uint32_t i) {
    const bool has_app = stacks_[i].has_app;
    key_.clear();
    auto* notes = std::exchange(notes_, nullptr);
    const auto& exception = event.exceptions[i];
    put(kType, exception.type);
    if (!stack_key(stacks_[i], has_app ? Variant::app : Variant::system, 0)) message_key("value", exception.value, 0);
    notes_ = notes;
    return XXH3_64bits(key_.data(), key_.size());
  });
}

void Grouper::exceptions_key(const Event& event, Variant variant) {
  const bool some_stack =
      std::any_of(exceptions_.begin(), exceptions_.end(), [&](auto i) { return stacks_[i].has_any; });
  for (const auto i : exceptions_) {
    const Exception& e = event.exceptions[i];
    key_ += kException;
    note(0, "exception", {});
    if (!e.type.empty() && !e.mechanism.synthetic) {
      put(kType, e.type);
      note(1, "type", e.type);
    } else {
      note(1, "type", e.type, false, e.mechanism.synthetic ? "made up by the SDK" : "absent");
    }
    const bool ns_error = e.ns_error_code.has_value() || !e.ns_error_domain.empty();
    if (ns_error) {
      put(kNsError, e.ns_error_domain);
      put(kNsError, std::to_string(e.ns_error_code.value_or(0)));
      note(1, "ns_error", std::string(e.ns_error_domain) + " " + std::to_string(e.ns_error_code.value_or(0)));
    }
    const bool stack = stack_key(stacks_[i], variant, 1);
    if (e.value.empty()) continue;
    if (stack || ns_error) {
      note(1, "value", e.value, false, stack ? "the stack says more" : "the error's code says more");
    } else if (some_stack && !stacks_[i].has_any) {
      note(1, "value", e.value, false, "another exception of the chain has a stack");
    } else {
      message_key("value", e.value, 1);
    }
  }
}

bool Grouper::default_key(const Event& event, Variant variant) {
  if (method_ == "exception") {
    const bool some_app =
        std::any_of(exceptions_.begin(), exceptions_.end(), [&](auto i) { return stacks_[i].has_app; });
    if (variant == Variant::app && !some_app) return false;
    exceptions_key(event, variant);
    return true;
  }
  if (!stacks_.empty()) return stack_key(stacks_[0], variant, 0);
  if (variant == Variant::app) return false;
  if (method_ == "message") {
    message_key("message", event.message_template.empty() ? event.message : event.message_template, 0);
  } else {
    key_ += kFallback;
    note(0, "fallback", {}, true, "the event has no exception, stack or message");
  }
  return true;
}

void Grouper::custom_key(const Event& event, Variant variant, bool with_default) {
  std::string text;
  for (const auto entry : event.fingerprint) {
    const auto name = variable_name(entry);
    if (name == "default") {
      if (!with_default) continue;
      key_ += kDefault;
      note(0, "default", {}, true, "{{ default }}");
      default_key(event, variant);
      continue;
    }
    auto value = name ? variable(event, *name, text) : entry;
    const bool is_message =
        !name && !value.empty() &&
        (value == event.message || (!event.exceptions.empty() && value == event.exceptions.back().value));
    if (is_message) value = message_skeleton(significant_lines(value), scratch_);
    put(kPart, value);
    note(0, "fingerprint", value, true, name ? entry : std::string_view{});
  }
}

GroupingResult Grouper::group(const Event& event, GroupingExplanation* why) {
  GroupingResult result;
  const auto add = [&](std::string_view name, const Fingerprint& hash) {
    if (result.count < result.hashes.size()) result.hashes[result.count++] = hash;
    if (why != nullptr) {
      why->variants.back().name = name;
      why->variants.back().hash = hash;
    }
  };
  const auto begin = [&] {
    key_.clear();
    if (why != nullptr) notes_ = &why->variants.emplace_back().components;
  };
  notes_ = nullptr;
  if (!event.checksum.empty()) {
    begin();
    note(0, "checksum", event.checksum);
    add("checksum", checksum_hash(event.checksum));
    if (why != nullptr) why->method = "checksum";
    notes_ = nullptr;
    return result;
  }
  const auto defaults = std::count_if(event.fingerprint.begin(), event.fingerprint.end(),
                                      [](auto entry) { return variable_name(entry) == "default"; });
  const bool custom = !event.fingerprint.empty() && !(defaults == 1 && event.fingerprint.size() == 1);
  if (custom && defaults == 0) {
    begin();
    custom_key(event, Variant::system, false);
    add("custom", finish());
    if (why != nullptr) why->method = "fingerprint";
    notes_ = nullptr;
    return result;
  }
  prepare(event);
  const bool stack =
      !stacks_.empty() && std::any_of(stacks_.begin(), stacks_.end(), [](const Stack& s) { return s.has_any; });
  for (const auto variant : {Variant::app, Variant::system}) {
    begin();
    bool speaks = false;
    if (custom) {
      // Whether this variant has a say is known before its values are spliced in.
      auto* notes = std::exchange(notes_, nullptr);
      speaks = default_key(event, variant);
      key_.clear();
      notes_ = notes;
      if (speaks) custom_key(event, variant, true);
    } else {
      speaks = default_key(event, variant);
    }
    if (!speaks) {
      if (why != nullptr) why->variants.pop_back();
      continue;
    }
    add(stack ? (variant == Variant::app ? "app" : "system") : "default", finish());
  }
  notes_ = nullptr;
  if (result.count == 2 && result.hashes[0] == result.hashes[1]) result.count = 1;
  if (why != nullptr) why->method = custom ? "fingerprint" : method_;
  return result;
}

}  // namespace mesher::nodes
