#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/event.hpp"
#include "nodes/frames.hpp"

/// Which events are the same issue.
///
/// What takes part, in this order; the first that has something to say decides:
///  1. a checksum of the sender's; 2. the sender's fingerprint, in which `{{ default }}` stands for what follows;
///  3. exceptions: type and stack of each of the chain; value only where no stack speaks;
///  4. the crashed, current or only thread's stack; 5. the event's own stack; 6. the message's form (normalise.hpp);
///  7. nothing: all such events of a project are one issue.
///
/// A stack gives two hashes: by the app's own frames, and by all frames. Of the app's frames only the kNearestFrames
/// next to the crash take part: an error is the same from whichever endpoint, job or test it was reached, and deep
/// enough that the users of one helper differ. Tests' own frames take part only where nothing else is in-app. Recursion
/// is folded: a cycle of up to eight frames counts once.
///
/// Versions: events carry the kGroupingVersion they were grouped by, hashes do not contain it. An issue owns any number
/// of hashes (table issue_hashes), so a changed algorithm must first attach its hash to the issue that the old one
/// finds: for as long as the transition lasts, both algorithms' hashes are in Event::hashes, the new one first. So no
/// issue splits.
namespace mesher::nodes {

constexpr std::uint16_t kGroupingVersion = 1;
constexpr std::size_t kNearestFrames = 5;

/// One line of an explanation: a part of the event, what it contributes, or why it does not.
struct GroupingComponent {
  int depth = 0;
  std::string name;   ///< "exception", "type", "frame", "function", …
  std::string value;  ///< as it goes into the hash; messages with typed placeholders
  bool contributes = true;
  std::string reason;  ///< why not, or how the value came about; may be empty
};

struct GroupingExplanation {
  struct Variant {
    std::string name;         ///< "app", "system", "default", "custom", "checksum"
    bool contributes = true;  ///< false: what grouping would have done, had not a fingerprint or checksum decided
    Fingerprint hash{};
    std::vector<GroupingComponent> components;
  };
  std::string method;  ///< "checksum", "fingerprint", "exception", "threads", "stacktrace", "message", "fallback"
  std::vector<Variant> variants;
  std::string fingerprint_from;  ///< "rule", "sender", or empty: neither gave a fingerprint
  std::uint32_t rule_line = 0;   ///< of the project's fingerprint rules, if one matched
  std::string rule;              ///< as written
};

/// Text for people, indented, one component a line.
std::string to_text(const GroupingExplanation& explanation);

/// 32 hex digits.
std::string to_hex(const Fingerprint& fingerprint);

struct GroupingResult {
  std::array<Fingerprint, 2> hashes{};  ///< first is the primary one
  std::size_t count = 0;                ///< 1 or 2
};

/// Computes fingerprints. Deterministic: the same event gives the same hashes, always and everywhere. Holds working
/// memory only: one per thread.
class Grouper {
 public:
  /// With `why`, also tells what went into the hashes: the same code path, so an explanation is never another story.
  GroupingResult group(const Event& event, GroupingExplanation* why = nullptr);

 private:
  enum class Variant : std::uint8_t { app, system };
  struct Stack {
    std::span<const Frame> frames;
    std::size_t first = 0;  ///< of its parts in parts_
    bool has_app = false;   ///< something of the app's contributes
    bool has_any = false;
  };

  void prepare(const Event& event);
  void add_stack(std::span<const Frame> frames, std::string_view platform);
  void select_exceptions(const Event& event);

  bool default_key(const Event& event, Variant variant);  ///< appends to key_; false: this variant has no stack
  void exceptions_key(const Event& event, Variant variant);
  bool stack_key(const Stack& stack, Variant variant, int depth);
  void frame_key(const FrameParts& parts, int depth);
  std::vector<std::uint32_t>& contributing(const Stack& stack, Variant variant);
  void explain_frames(const Stack& stack, Variant variant, int depth);
  void custom_key(const Event& event, Variant variant, bool with_default);
  void message_key(std::string_view tag, std::string_view text, int depth);
  void put(char tag, std::string_view text);
  void note(int depth, std::string_view name, std::string_view value, bool contributes = true,
            std::string_view reason = {});
  [[nodiscard]] Fingerprint finish() const;

  TextPool pool_;
  std::string key_, scratch_, typed_;
  std::vector<FrameParts> parts_;
  std::vector<Stack> stacks_;
  std::vector<std::uint32_t> exceptions_;  ///< indices of the exceptions that take part
  std::vector<std::uint32_t> chosen_;      ///< frames, newest first
  std::vector<std::uint64_t> keys_;        ///< of chosen_, for folding
  std::string_view method_;
  std::vector<GroupingComponent>* notes_ = nullptr;
};

}  // namespace mesher::nodes
