#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What travels through the graph: batches of items. The engine does not know what an item is; the domain derives its
/// own Content and Ledger.
///
/// Lifetimes. A source hands out a batch with a Ledger. The batch may be split, copied to several branches, and lose
/// items on its way; all its pieces share one Receipt. When the last piece that the source's data depends on lets go,
/// the Receipt gives the Ledger back to the source (Source::settled), once, from whatever thread that was.
/// Pieces on lossy branches (`when_full = "drop"`) and behind an ordered sink's commit hold no receipt.
namespace mesher::graph {

/// Place of a source batch: sequence is 0, 1, 2, … per partition since the source was (re)started.
struct Origin {
  std::uint32_t partition = 0;
  std::uint64_t sequence = 0;
};

/// Why an item leaves the graph on purpose. Both views must be string literals or live as long as the node:
/// `outcome` is one of the domain's closed list (it becomes a metric label), `detail` says more.
struct DropReason {
  std::string_view outcome;
  std::string_view detail;
};

/// The items of one batch. Owned by exactly one Batch; no two threads touch one Content at a time.
class Content {
 public:
  virtual ~Content() = default;

  [[nodiscard]] virtual std::size_t size() const noexcept = 0;
  [[nodiscard]] virtual std::size_t bytes() const noexcept = 0;

  /// The same items again, for another branch. What one copy's owner changes, the other must not see.
  [[nodiscard]] virtual std::unique_ptr<Content> copy() const = 0;

  /// Removes the items at `indices` (ascending) from this content and returns them as one of their own.
  [[nodiscard]] virtual std::unique_ptr<Content> take(std::span<const std::uint32_t> indices) = 0;

  /// Name of this kind of content, matched against NodeSpec::consumes ("records", "events").
  [[nodiscard]] virtual std::string_view kind() const noexcept = 0;
};

/// The domain's books of one source batch: what became of its items. Called by the engine from any thread, also
/// concurrently for pieces of one batch: implementations lock.
class Ledger {
 public:
  virtual ~Ledger() = default;
  virtual void dropped(const Content& content, std::size_t item, DropReason reason) = 0;
  virtual void quarantined(const Content& content, std::size_t item, std::string_view node,
                           std::string_view reason) = 0;
};

class Receipt;  // receipt.hpp: ends when the last holder of one source batch lets go
class Batch;

/// Where a batch goes that an AsyncNode gave up without calling its Done (submit() threw). For the engine.
class Keeper {
 public:
  virtual ~Keeper() = default;
  virtual void given_up(Batch batch) noexcept = 0;
};

/// A movable handle on content and its receipt. Not shared, not thread-safe.
class Batch {
 public:
  Batch() = default;
  explicit Batch(std::unique_ptr<Content> content) : content_(std::move(content)) {}
  /// `slot` is the place in the source's window; it is freed when the last piece with it is gone.
  Batch(std::unique_ptr<Content> content, std::shared_ptr<Receipt> receipt, std::shared_ptr<const void> slot = nullptr)
      : content_(std::move(content)), receipt_(std::move(receipt)), slot_(std::move(slot)) {}
  Batch(Batch&&) noexcept = default;
  Batch& operator=(Batch&& other) noexcept {
    // What was here before goes its own way, also back to its keeper.
    Batch before(std::move(*this));
    content_ = std::move(other.content_);
    receipt_ = std::move(other.receipt_);
    slot_ = std::move(other.slot_);
    keeper_ = std::move(other.keeper_);
    drops_ = std::move(other.drops_);
    routes_ = std::move(other.routes_);
    return *this;
  }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  ~Batch() {
    if (keeper_ != nullptr) return_to_keeper();
  }

  [[nodiscard]] bool has_content() const { return content_ != nullptr; }
  [[nodiscard]] Content& content() { return *content_; }
  [[nodiscard]] const Content& content() const { return *content_; }
  /// The content as the domain's type. The topology check has made sure that the kinds match.
  template <class T>
  [[nodiscard]] T& as() {
    return static_cast<T&>(*content_);
  }

  /// Replaces the items by others (parse: records become events). Marks made before are forgotten.
  void replace(std::unique_ptr<Content> content) {
    content_ = std::move(content);
    drops_.clear();
    routes_.clear();
  }

  /// Marks an item to leave here; it is removed and booked in the ledger after process() has returned.
  /// Call in ascending order of items.
  void drop(std::size_t item, DropReason reason) { drops_.push_back({static_cast<std::uint32_t>(item), reason}); }

  /// Sends an item to the named output instead of the default one. `port` must be one of NodeSpec's outputs of this
  /// node. Ascending order of items; an item that is dropped must not be routed as well.
  void route(std::size_t item, std::uint32_t port) { routes_.push_back({static_cast<std::uint32_t>(item), port}); }

  /// Books of the source batch, or null behind a commit and on lossy branches.
  [[nodiscard]] Ledger* ledger() const;

  /// Lets the source batch settle without this piece. An ordered sink calls it after it has put the content into the
  /// ledger; the content stays usable by whoever holds it. Source::settled may run before this returns: hold no lock
  /// that it needs. Keep the Batch itself for Done: it still holds the source batch's place in the window.
  void release_receipt();

  struct Drop {
    std::uint32_t item;
    DropReason reason;
  };
  struct Route {
    std::uint32_t item;
    std::uint32_t port;
  };
  /// For the engine.
  [[nodiscard]] std::vector<Drop>& drops() { return drops_; }
  [[nodiscard]] std::vector<Route>& routes() { return routes_; }
  [[nodiscard]] const std::shared_ptr<Receipt>& receipt() const { return receipt_; }
  [[nodiscard]] const std::shared_ptr<const void>& slot() const { return slot_; }
  [[nodiscard]] std::unique_ptr<Content> release_content() { return std::move(content_); }
  void set_keeper(std::shared_ptr<Keeper> keeper) { keeper_ = std::move(keeper); }
  /// Becomes a piece that the source neither waits for nor counts.
  void detach() {
    receipt_.reset();
    slot_.reset();
  }

 private:
  void return_to_keeper() noexcept;

  std::unique_ptr<Content> content_;
  std::shared_ptr<Receipt> receipt_;
  std::shared_ptr<const void> slot_;
  std::shared_ptr<Keeper> keeper_;
  std::vector<Drop> drops_;
  std::vector<Route> routes_;
};

}  // namespace mesher::graph
