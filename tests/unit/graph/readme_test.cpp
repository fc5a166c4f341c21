// The worked example of graph/README.md, compiled and run.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "toys.hpp"

namespace mesher::graph {
namespace {

using toys::Numbers;

// From here to "end of the example" the text is that of the README.
/// Keeps items that are multiples of `of`.
class Multiples final : public Node {
 public:
  explicit Multiples(std::uint64_t of) : of_(of) {}
  void process(Batch& batch) override {
    const auto& values = batch.as<Numbers>().values;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] % of_ != 0) batch.drop(i, {"filtered", "not a multiple"});
    }
  }

 private:
  const std::uint64_t of_;
};

NodeSpec multiples_type() {
  NodeSpec spec;
  spec.type = "multiples";
  spec.help = "Keeps items that are multiples of a number.";
  spec.consumes = "numbers";
  OptionSpec of{"of", OptionType::integer, "2", "The number."};
  of.min = 1;
  spec.options = {of};
  spec.make = [](const Options& options) -> Result<MadeNode> {
    return MadeNode{std::make_unique<Multiples>(static_cast<std::uint64_t>(options.integer("of"))), nullptr};
  };
  return spec;
}
// end of the example

constexpr const char* kTopology = R"([nodes.thirds]
type = "multiples"
inputs = ["source"]
of = 3
buffer = 4

[nodes.collect]
type = "collect"
inputs = ["thirds"]
)";

TEST(GRAPH_01_readme, the_example_works) {
  Registry registry;
  toys::Collected out;
  registry.add(multiples_type());
  registry.add(out.type("collect"));
  toys::Counting source(1, 10);
  Metrics metrics;
  Runner runner(registry, source, metrics, {});
  ASSERT_TRUE(runner.apply(toys::topology(registry, kTopology)));
  source.offer(3);
  source.wait_finished();
  EXPECT_EQ(out.sorted(), (std::vector<std::uint64_t>{0, 3, 6, 9, 12, 15, 18, 21, 24, 27}));
  EXPECT_EQ(source.dropped().size(), 20U);
}

/// The root of the sources, found upwards from the test program.
std::filesystem::path root() {
  auto at = std::filesystem::read_symlink("/proc/self/exe");
  while (at.has_relative_path() && !std::filesystem::exists(at / "graph/README.md")) at = at.parent_path();
  return at;
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

TEST(GRAPH_01_readme, the_example_is_the_text_of_the_readme) {
  const std::string test = text_of(root() / "tests/unit/graph/readme_test.cpp");
  const std::string readme = text_of(root() / "graph/README.md");
  const auto begin = test.find("/// Keeps items"), end = test.find("// end of the example\n");
  ASSERT_NE(begin, std::string::npos);
  EXPECT_NE(readme.find("```cpp\n" + test.substr(begin, end - begin) + "```"), std::string::npos);
  EXPECT_NE(readme.find("```toml\n" + std::string(kTopology) + "```"), std::string::npos);
}

}  // namespace
}  // namespace mesher::graph
