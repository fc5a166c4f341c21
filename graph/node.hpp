#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/result.hpp"
#include "graph/batch.hpp"

/// The contract of a node. A node type is one header, one source, one test, one registration line.
///
/// Life: made by NodeSpec::make -> start -> process/submit any number of times -> stop -> destroyed. The engine calls;
/// a node never calls itself.
namespace mesher::graph {

/// A node that computes. No sleeping, no I/O, no waiting: it runs on a thread of the graph.
class Node {
 public:
  virtual ~Node() = default;

  /// Last chance to refuse; nothing has flowed yet. The graph in force goes on if it fails.
  virtual Status start() { return {}; }

  /// Changes the batch in place: items, marks (Batch::drop, Batch::route), or the whole content (Batch::replace). What
  /// is in it on return goes on to the outputs. Called from up to `concurrency` threads at a time; a type with
  /// NodeSpec::serial only from one.
  ///
  /// If it throws, the engine halves the batch and tries again until the item that poisons it stands alone, which goes
  /// to quarantine; so it must be harmless to process an item again.
  virtual void process(Batch& batch) = 0;

  /// What is passed on to the node that replaces this one when the graph is reconfigured and its options did not
  /// change; called at rest. Null: nothing worth keeping.
  virtual std::shared_ptr<void> save_state() { return nullptr; }
  virtual void load_state(std::shared_ptr<void> state) { static_cast<void>(state); }
};

/// A node that waits for something (PostgreSQL, HTTP, disk). It owns the threads that wait.
class AsyncNode {
 public:
  /// Hands the batch back: to the outputs, marked as process() would mark it. Call exactly once, from any thread.
  using Done = std::function<void(Batch)>;

  virtual ~AsyncNode() = default;
  virtual Status start() { return {}; }

  /// Takes the batch and returns at once. At most `buffer` batches are inside at a time. Failures worth a retry are
  /// retried inside, with back-off; items that can't be stored ever are marked as dropped or put into quarantine
  /// through the ledger.
  virtual void submit(Batch batch, Done done) = 0;

  /// Ends the threads. Batches not finished are let go without calling their Done: the source still has them.
  virtual void stop() = 0;
};

/// Type of an option's value in the topology file.
enum class OptionType : std::uint8_t { boolean, integer, number, string, bytes, duration, string_list, table };

/// An option of a node type, described once: from this come the parser, the checks, `mesher help node TYPE` and docs.
struct OptionSpec {
  std::string name;
  OptionType type = OptionType::string;
  std::string fallback;  ///< default, as it would be written in the file; empty: none
  std::string help;      ///< one or two sentences
  bool required = false;
  std::optional<double> min{};
  std::optional<double> max{};
  std::vector<std::string> one_of{};
};

/// Options of one configured node, checked against its OptionSpecs, defaults filled in. Asking for a name that its type
/// does not describe is a programmer error.
class Options {
 public:
  virtual ~Options() = default;
  [[nodiscard]] virtual bool boolean(std::string_view name) const = 0;
  [[nodiscard]] virtual std::int64_t integer(std::string_view name) const = 0;  ///< also bytes ("4 MiB") in bytes
  [[nodiscard]] virtual double number(std::string_view name) const = 0;
  [[nodiscard]] virtual std::int64_t micros(std::string_view name) const = 0;  ///< durations ("250 ms", "1 h")
  [[nodiscard]] virtual std::string string(std::string_view name) const = 0;
  [[nodiscard]] virtual std::vector<std::string> strings(std::string_view name) const = 0;
  /// A free table as JSON text ("{}" if absent): for options whose shape the node type parses itself, such as `where`
  /// of filter and route. Mistakes found there go through NodeSpec::check.
  [[nodiscard]] virtual std::string table_json(std::string_view name) const = 0;
  /// True if the file sets it.
  [[nodiscard]] virtual bool given(std::string_view name) const = 0;
  /// Name of the node in the file.
  [[nodiscard]] virtual std::string_view node() const = 0;
};

/// A mistake in an option, reported at its place in the file.
struct OptionMistake {
  std::string option;
  std::string message;
  std::string hint;
};

struct MadeNode {
  std::unique_ptr<Node> node;  ///< exactly one of the two
  std::unique_ptr<AsyncNode> async;
};

class Source;

/// A node type: data only, for builder, checker, docs and dashboard.
struct NodeSpec {
  std::string type;      ///< name in the topology file
  std::string help;      ///< a paragraph
  std::string consumes;  ///< kind of content that it takes; empty: any
  std::string produces;  ///< kind that it passes on; empty: what came in; "none": a sink
  bool serial = false;   ///< concurrency is always 1
  /// Batches may stay inside until earlier ones of their source have arrived (batch_write): its credits are the
  /// source's window, `buffer` can't be set.
  bool ordered_sink = false;
  std::string default_when_full = "wait";  ///< or "drop"
  std::uint32_t default_buffer = 16;
  std::vector<OptionSpec> options;
  /// Named outputs beside the default one ("route": one per route), from the node's own options. Port 0 is the default
  /// output, port i + 1 the i-th name. A consumer names it as "node.output".
  std::function<std::vector<std::string>(const Options&)> outputs;
  /// Mistakes that need more than an OptionSpec. May be null.
  std::function<std::vector<OptionMistake>(const Options&)> check;
  std::function<Result<MadeNode>(const Options&)> make;
  /// Instead of `make`, for a node without inputs, whose batches come from nowhere else: they are in no books, so an
  /// ordered sink can't take them. The source is asked for as many as there is room for, in a window of its own as wide
  /// as that of the graph's source, and is kept over reconfigurations that do not change its node.
  std::function<Result<std::unique_ptr<Source>>(const Options&)> make_source;
};

/// The node types that a program knows. Filled once at start by explicit calls (nodes/catalog.cpp), then read only.
class Registry {
 public:
  void add(NodeSpec spec);  ///< a second spec of the same type is a programmer error
  [[nodiscard]] const NodeSpec* find(std::string_view type) const;
  [[nodiscard]] const std::vector<NodeSpec>& all() const { return specs_; }

 private:
  std::vector<NodeSpec> specs_;
};

/// Where batches come from. One thread of the engine per partition calls next().
class Source {
 public:
  struct Item {
    Origin origin;
    std::unique_ptr<Content> content;
    std::unique_ptr<Ledger> ledger;
  };

  virtual ~Source() = default;
  [[nodiscard]] virtual std::uint32_t partitions() const = 0;
  /// Kind of content that it produces ("records").
  [[nodiscard]] virtual std::string_view produces() const = 0;

  /// The next batch of a partition, in order. Blocks until there is one; nothing once `stop` is requested.
  /// Called from one thread per partition.
  virtual std::optional<Item> next(std::uint32_t partition, std::stop_token stop) = 0;

  /// All that became of a batch is in its ledger. Any thread, any order; once per batch handed out, except for batches
  /// that were let go when an AsyncNode was stopped.
  virtual void settled(Origin origin, std::unique_ptr<Ledger> ledger) = 0;

  /// The graph was abandoned with batches in flight (stop, or a reconfiguration that could not drain in time): forget
  /// what was handed out; the next call of next() starts again behind the last batch that is durably finished.
  virtual void rewind() = 0;
};

}  // namespace mesher::graph
