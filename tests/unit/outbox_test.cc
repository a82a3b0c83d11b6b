#include "node-agent/link/outbox.h"

#include <gtest/gtest.h>

#include <vector>

namespace belay {
namespace {

v1::Record Numbered(std::uint64_t seq, bool checkpoint = false) {
  v1::Record record;
  record.set_seq(seq);
  if (checkpoint) record.mutable_checkpoint()->set_journal_id("j");
  return record;
}

std::vector<std::uint64_t> Drain(Outbox* outbox) {
  std::vector<std::uint64_t> seqs;
  while (const v1::Record* record = outbox->Next()) seqs.push_back(record->seq());
  return seqs;
}

using Seqs = std::vector<std::uint64_t>;

TEST(OutboxOfACompactedJournal, TheCheckpointIsNeverSent) {
  Outbox outbox({Numbered(7, true), Numbered(8), Numbered(9)}, 64);
  EXPECT_EQ(outbox.first_seq(), 8U);
  EXPECT_EQ(outbox.last_seq(), 9U);
  outbox.Restart(0);  // a coordinator that has lost what it held gets what there is
  EXPECT_EQ(outbox.acknowledged(), 7U);
  EXPECT_EQ(Drain(&outbox), (Seqs{8, 9}));
  outbox.Add(Numbered(10));
  EXPECT_EQ(Drain(&outbox), (Seqs{10}));
  outbox.Restart(9);
  EXPECT_EQ(Drain(&outbox), (Seqs{10}));
}

TEST(OutboxOfACompactedJournal, ForgettingTakesOnlyWhatThisCoordinatorHolds) {
  Outbox outbox({Numbered(1), Numbered(2), Numbered(3), Numbered(4)}, 64);
  outbox.Restart(0);
  EXPECT_EQ(Drain(&outbox), (Seqs{1, 2, 3, 4}));
  outbox.Acknowledge(2);
  outbox.Forget(4);  // the journal was compacted by the word of an earlier coordinator
  EXPECT_EQ(outbox.first_seq(), 3U);
  outbox.Restart(2);
  EXPECT_EQ(Drain(&outbox), (Seqs{3, 4}));
  outbox.Acknowledge(4);
  outbox.Forget(4);
  EXPECT_EQ(outbox.first_seq(), 4U);
  outbox.Forget(2);  // never back
  EXPECT_EQ(outbox.first_seq(), 4U);
  EXPECT_EQ(outbox.last_seq(), 4U);
}

}  // namespace
}  // namespace belay
