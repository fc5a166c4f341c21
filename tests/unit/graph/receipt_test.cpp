#include "graph/receipt.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "toys.hpp"

namespace mesher::graph {
namespace {

using namespace toys;

class Settled final : public Source {
 public:
  std::uint32_t partitions() const override { return 1; }
  std::string_view produces() const override { return "numbers"; }
  std::optional<Item> next(std::uint32_t, std::stop_token) override { return std::nullopt; }
  void settled(Origin origin, std::unique_ptr<Ledger>) override { sequences.push_back(origin.sequence); }
  void rewind() override {}
  std::vector<std::uint64_t> sequences;
};

class GRAPH_03_receipt : public testing::Test {
 protected:
  Batch batch(std::uint64_t sequence) {
    auto slot = window->enter();
    auto receipt = std::make_shared<Receipt>(source, epoch, Origin{0, sequence}, std::make_unique<Book>(), slot);
    return Batch(std::make_unique<Numbers>(std::vector<std::uint64_t>{1, 2, 3}), std::move(receipt), std::move(slot));
  }
  Settled source;
  Gauge gauge;
  std::shared_ptr<Gate> epoch = std::make_shared<Gate>();
  std::shared_ptr<Window> window = std::make_shared<Window>(2, gauge);
};

TEST_F(GRAPH_03_receipt, settles_once_when_the_last_piece_is_gone) {
  Batch first = batch(7);
  Batch second(first.content().copy(), first.receipt(), first.slot());
  first = Batch();
  EXPECT_TRUE(source.sequences.empty());
  second = Batch();
  EXPECT_EQ(source.sequences, std::vector<std::uint64_t>{7});
}

TEST_F(GRAPH_03_receipt, settles_at_release_while_the_slot_stays_taken) {
  Batch piece = batch(1);
  EXPECT_NE(piece.ledger(), nullptr);
  piece.release_receipt();
  EXPECT_EQ(source.sequences.size(), 1U);
  EXPECT_EQ(piece.ledger(), nullptr);
  EXPECT_TRUE(piece.has_content());
  EXPECT_EQ(window->inside(), 1U);
  piece = Batch();
  EXPECT_EQ(window->inside(), 0U);
  EXPECT_EQ(gauge.value(), 0);
}

TEST_F(GRAPH_03_receipt, says_nothing_once_the_epoch_is_closed) {
  Batch piece = batch(1);
  epoch->close();
  piece = Batch();
  EXPECT_TRUE(source.sequences.empty());
  EXPECT_EQ(window->inside(), 0U);
}

TEST_F(GRAPH_03_receipt, a_detached_piece_holds_neither_receipt_nor_slot) {
  Batch piece = batch(1);
  piece.detach();
  EXPECT_EQ(source.sequences.size(), 1U);
  EXPECT_EQ(window->inside(), 0U);
}

TEST_F(GRAPH_03_receipt, a_batch_assigned_over_settles) {
  Batch piece = batch(1);
  piece = batch(2);
  EXPECT_EQ(source.sequences, std::vector<std::uint64_t>{1});
}

TEST_F(GRAPH_03_receipt, the_window_lets_in_as_many_as_its_limit_and_then_waits) {
  auto first = window->enter();
  auto second = window->enter();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(window->wait_for_room(stop.get_token())) << "no room, and stop wakes it";
  std::thread other([&] { EXPECT_NE(window->enter(), nullptr); });
  first.reset();
  other.join();
  EXPECT_EQ(window->inside(), 1U);
}

TEST_F(GRAPH_03_receipt, a_closed_window_wakes_who_waits_with_nothing) {
  auto first = window->enter();
  auto second = window->enter();
  std::thread other([&] { EXPECT_EQ(window->enter(), nullptr); });
  window->close();
  other.join();
}

TEST_F(GRAPH_03_receipt, a_batch_given_up_goes_to_its_keeper_with_all_it_has) {
  class Kept final : public Keeper {
   public:
    void given_up(Batch batch) noexcept override { back = std::move(batch); }
    Batch back;
  };
  auto keeper = std::make_shared<Kept>();
  {
    Batch piece = batch(5);
    piece.set_keeper(keeper);
    Batch moved = std::move(piece);
  }
  ASSERT_TRUE(keeper->back.has_content());
  EXPECT_NE(keeper->back.ledger(), nullptr);
  EXPECT_TRUE(source.sequences.empty());
}

TEST(GRAPH_04_gate, close_waits_for_who_is_inside_and_lets_nobody_in_after) {
  Gate gate;
  ASSERT_TRUE(gate.enter());
  std::atomic<bool> closed{false};
  std::thread closer([&] {
    gate.close();
    closed = true;
  });
  while (!gate.closed()) std::this_thread::yield();
  EXPECT_FALSE(gate.enter());
  EXPECT_FALSE(closed);
  gate.leave();
  closer.join();
  EXPECT_TRUE(closed);
  EXPECT_FALSE(gate.enter());
}

}  // namespace
}  // namespace mesher::graph
