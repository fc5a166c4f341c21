#include "io/postgres/issue_words.hpp"

#include <set>
#include <string_view>

#include "nodes/query/words.hpp"

namespace mesher::postgres {
namespace {

constexpr std::size_t kMostBytes = 400'000;  // a tsvector may have 1 MB

class Words {
 public:
  void add(std::string_view text) {
    query::fold(text, folded_);
    query::for_each_word(text, folded_, [this](std::string_view word) {
      if (bytes_ > kMostBytes || !words_.emplace(word).second) return;
      bytes_ += word.size() + 1;
    });
  }
  [[nodiscard]] std::string text() const {
    std::string all;
    for (const auto& word : words_) all += word + ' ';
    return all;
  }

 private:
  std::set<std::string, std::less<>> words_;
  std::size_t bytes_ = 0;
  std::string folded_;
};

}  // namespace

std::string words_of(const nodes::ports::IssueStore::Wanted& issue) {
  Words words;
  words.add(issue.title);
  words.add(issue.culprit);
  words.add(issue.text.error_type);
  words.add(issue.text.message);
  for (const auto* names : {&issue.text.functions, &issue.text.modules, &issue.text.files}) {
    for (const auto& name : *names) words.add(name);
  }
  return words.text();
}

}  // namespace mesher::postgres
