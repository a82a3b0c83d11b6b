#include "server/locks/locks.h"

#include <gtest/gtest.h>

namespace belay::locks {
namespace {

constexpr std::int64_t kNow = 1'795'000'000'000;
constexpr std::int64_t kHour = 3'600'000;

v1::LockEvent Taken(const std::string& owner, std::int64_t at, std::int64_t ms,
                    const std::string& id = "l-1") {
  v1::LockEvent event;
  event.set_wall_unix_ms(at);
  event.set_cluster("prod");
  event.mutable_taken()->set_lock_id(id);
  event.mutable_taken()->set_owner(owner);
  event.mutable_taken()->set_reason("disk");
  event.mutable_taken()->set_expires_unix_ms(at + ms);
  return event;
}
v1::LockEvent Released(const std::string& who, std::int64_t at) {
  v1::LockEvent event;
  event.set_wall_unix_ms(at);
  event.set_cluster("prod");
  event.mutable_released()->set_operator_(who);
  return event;
}
v1::LockEvent Broken(const std::string& who, const std::string& reason, const std::string& id,
                     std::int64_t at) {
  v1::LockEvent event;
  event.set_wall_unix_ms(at);
  event.set_cluster("prod");
  event.mutable_broken()->set_operator_(who);
  event.mutable_broken()->set_reason(reason);
  event.mutable_broken()->set_lock_id(id);
  return event;
}

// Judged and advanced; what is not taken must change nothing.
Allowance::Kind Do(Table& table, const v1::LockEvent& event) {
  const Allowance allowance = Judge(table, event);
  const Table after = Advance(table, event);
  EXPECT_EQ(allowance.kind == Allowance::Kind::Refused, !allowance.why.empty());
  if (allowance.kind != Allowance::Kind::Takes) {
    EXPECT_EQ(after, table);
  }
  table = after;
  return allowance.kind;
}
using Kind = Allowance::Kind;

TEST(Locks, ALockHoldsOthersUntilItsEndAndNotItsOwner) {
  Table table;
  ASSERT_EQ(Do(table, Taken("bob", kNow, kHour)), Kind::Takes);
  EXPECT_EQ(Against(table, "prod", "ada", kNow)->owner, "bob");
  EXPECT_EQ(Against(table, "prod", "bob", kNow), nullptr);
  EXPECT_EQ(Against(table, "other", "ada", kNow), nullptr);
  EXPECT_NE(Against(table, "prod", "ada", kNow + kHour - 1), nullptr);
  EXPECT_EQ(Against(table, "prod", "ada", kNow + kHour), nullptr) << "held by a dead owner";
  EXPECT_EQ(At(table, "prod", kNow + kHour), nullptr);
}

TEST(Locks, NobodyTakesWhatAnotherHoldsUntilItHasExpired) {
  Table table;
  Do(table, Taken("bob", kNow, kHour));
  EXPECT_EQ(Do(table, Taken("ada", kNow + 1, kHour, "l-2")), Kind::Refused);
  EXPECT_NE(Judge(table, Taken("ada", kNow + 1, kHour)).why.find("lock break prod"),
            std::string::npos);
  EXPECT_EQ(Do(table, Taken("ada", kNow + kHour, kHour, "l-2")), Kind::Takes);
  EXPECT_EQ(At(table, "prod", kNow + kHour)->owner, "ada");
}

TEST(Locks, RenewingKeepsTheLockAndMovesItsEnd) {
  Table table;
  Do(table, Taken("bob", kNow, kHour));
  ASSERT_EQ(Do(table, Taken("bob", kNow + 1000, 2 * kHour, "l-2")), Kind::Takes);
  const Held held = table.at("prod");
  EXPECT_EQ(held.id, "l-1");
  EXPECT_EQ(held.since_unix_ms, kNow);
  EXPECT_EQ(held.expires_unix_ms, kNow + 1000 + 2 * kHour);
  // After its end it is another lock.
  Do(table, Taken("bob", kNow + 5 * kHour, kHour, "l-3"));
  EXPECT_EQ(table.at("prod").id, "l-3");
}

TEST(Locks, OnlyTheOwnerReleases) {
  Table table;
  EXPECT_EQ(Do(table, Released("bob", kNow)), Kind::Already);
  Do(table, Taken("bob", kNow, kHour));
  EXPECT_EQ(Do(table, Released("ada", kNow)), Kind::Refused);
  EXPECT_EQ(Do(table, Released("bob", kNow)), Kind::Takes);
  EXPECT_EQ(At(table, "prod", kNow), nullptr);
}

TEST(Locks, AnybodyBreaksWithAReasonTheLockThatWasMeant) {
  Table table;
  EXPECT_EQ(Do(table, Broken("ada", "gone", "", kNow)), Kind::Refused) << "there is none";
  Do(table, Taken("bob", kNow, kHour));
  EXPECT_EQ(Do(table, Broken("ada", "", "", kNow)), Kind::Refused) << "without a reason";
  EXPECT_EQ(Do(table, Broken("ada", "gone", "l-9", kNow)), Kind::Refused) << "another lock";
  EXPECT_EQ(Do(table, Broken("ada", "gone", "l-1", kNow)), Kind::Takes);
  EXPECT_EQ(At(table, "prod", kNow), nullptr);
}

TEST(Locks, ALockHasAReasonAndAnEndWithinBounds) {
  Table table;
  v1::LockEvent without = Taken("bob", kNow, kHour);
  without.mutable_taken()->clear_reason();
  EXPECT_EQ(Do(table, without), Kind::Refused);
  for (const std::int64_t ms :
       {std::int64_t{-1}, std::int64_t{0}, kShortestMs - 1, kLongestMs + 1}) {
    EXPECT_EQ(Do(table, Taken("bob", kNow, ms)), Kind::Refused) << ms;
  }
  for (const std::int64_t ms : {kShortestMs, kLongestMs}) {
    EXPECT_EQ(Do(table, Taken("bob", kNow, ms)), Kind::Takes) << ms;
  }
  EXPECT_EQ(Do(table, v1::LockEvent()), Kind::Refused);
}

}  // namespace
}  // namespace belay::locks
