#include "node-agent/link/conversation.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace belay {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;

struct FakeLink : CoordinatorLink {
  void Dial(std::uint64_t attempt, const v1::AgentMessage& hello) override {
    attempts.push_back(attempt);
    hellos.push_back(hello.hello());
  }
  bool Send(v1::AgentMessage message) override {
    if (broken) return false;
    sent.push_back(std::move(message));
    return true;
  }
  void HangUp() override { ++hang_ups; }
  std::vector<std::uint64_t> SentRecords() {
    std::vector<std::uint64_t> seqs;
    for (const v1::AgentMessage& m : sent) {
      if (m.has_record()) seqs.push_back(m.record().seq());
    }
    sent.clear();
    return seqs;
  }
  std::vector<std::uint64_t> attempts;
  std::vector<v1::Hello> hellos;
  std::vector<v1::AgentMessage> sent;
  bool broken = false;
  int hang_ups = 0;
};

v1::Record MakeRecord(std::uint64_t seq) {
  v1::Record record;
  record.set_seq(seq);
  return record;
}

class ConversationTest : public testing::Test {
 protected:
  ConversationTest() {
    ConversationOptions options;
    options.cluster = "c";
    options.node = "n";
    options.journal_id = "j";
    options.window = 3;
    std::vector<v1::Record> records;
    for (std::uint64_t seq = 1; seq <= 5; ++seq) records.push_back(MakeRecord(seq));
    talk = std::make_unique<Conversation>(
        options, records, link, [] { return v1::NodeStatus(); }, [] { return 1.0; });
  }
  std::optional<v1::CoordinatorMessage> Say(v1::CoordinatorMessage message) {
    return talk->Take(
        {link.attempts.empty() ? 0 : link.attempts.back(), std::move(message), absl::OkStatus()},
        now);
  }
  void Welcome(std::uint64_t acknowledged) {
    v1::CoordinatorMessage message;
    message.mutable_welcome()->set_acknowledged_seq(acknowledged);
    message.mutable_welcome()->set_heartbeat_interval_ms(2000);
    Say(message);
  }
  void Ack(std::uint64_t seq) {
    v1::CoordinatorMessage message;
    message.mutable_record_ack()->set_seq(seq);
    Say(message);
  }
  void End() {
    talk->Take({link.attempts.back(), std::nullopt, absl::UnavailableError("gone")}, now);
  }

  std::int64_t now = 1000 * kSecondNs;
  FakeLink link;
  std::unique_ptr<Conversation> talk;
};

using Seqs = std::vector<std::uint64_t>;

TEST_F(ConversationTest, HelloComesFirstAndNothingBeforeWelcome) {
  talk->Tick(now);
  ASSERT_EQ(link.hellos.size(), 1U);
  EXPECT_EQ(link.hellos[0].journal_id(), "j");
  EXPECT_EQ(link.hellos[0].last_seq(), 5U);
  talk->Add(MakeRecord(6), now);
  EXPECT_TRUE(link.sent.empty());
}

TEST_F(ConversationTest, RecordsAboveTheAcknowledgementAreSentInOrderInAWindow) {
  talk->Tick(now);
  Welcome(1);
  EXPECT_EQ(link.SentRecords(), (Seqs{2, 3, 4}));
  Ack(2);
  EXPECT_EQ(link.SentRecords(), (Seqs{5}));
  talk->Add(MakeRecord(6), now);
  EXPECT_EQ(link.SentRecords(), (Seqs{}));  // 3, 4, 5 fill the window
  Ack(5);
  EXPECT_EQ(link.SentRecords(), (Seqs{6}));
}

TEST_F(ConversationTest, AfterABreakWhatWasNotAcknowledgedIsSentAgain) {
  talk->Tick(now);
  Welcome(1);
  Ack(3);
  link.sent.clear();
  End();
  EXPECT_FALSE(talk->connected());
  now = talk->NextDueNs();
  talk->Tick(now);
  ASSERT_EQ(link.hellos.size(), 2U);
  Welcome(3);
  EXPECT_EQ(link.SentRecords(), (Seqs{4, 5}));
}

TEST_F(ConversationTest, AnAcknowledgementOfWhatWasNotSentIsNotBelieved) {
  talk->Tick(now);
  Welcome(0);
  link.sent.clear();
  Ack(5);
  EXPECT_EQ(link.SentRecords(), (Seqs{}));
  Ack(3);
  EXPECT_EQ(link.SentRecords(), (Seqs{4, 5}));
}

TEST_F(ConversationTest, ThePauseGrowsToItsBoundAndALastingStreamResetsIt) {
  std::vector<double> pauses;
  for (int i = 0; i < 7; ++i) {
    talk->Tick(now);
    End();
    pauses.push_back(static_cast<double>(talk->NextDueNs() - now) / 1e9);
    now = talk->NextDueNs();
  }
  EXPECT_EQ(pauses, (std::vector<double>{0.5, 1, 2, 4, 8, 10, 10}));
  talk->Tick(now);
  Welcome(0);
  End();
  EXPECT_EQ(talk->NextDueNs() - now, 10 * kSecondNs);  // closed right after Welcome earns nothing
  now = talk->NextDueNs();
  talk->Tick(now);
  Welcome(0);
  now += 11 * kSecondNs;
  End();
  EXPECT_EQ(talk->NextDueNs() - now, kSecondNs / 2);
}

TEST_F(ConversationTest, ACoordinatorThatDoesNotAnswerHelloIsGivenUp) {
  talk->Tick(now);
  now += 14 * kSecondNs;
  talk->Tick(now);
  EXPECT_EQ(link.hang_ups, 0);
  now += kSecondNs;
  talk->Tick(now);
  EXPECT_EQ(link.hang_ups, 1);
  now = talk->NextDueNs();
  talk->Tick(now);
  EXPECT_EQ(link.attempts, (std::vector<std::uint64_t>{1, 2}));
}

TEST_F(ConversationTest, HeartbeatsComeAsOftenAsTheCoordinatorAsks) {
  talk->Tick(now);
  Welcome(5);
  EXPECT_EQ(talk->NextDueNs() - now, 2 * kSecondNs);
  now += 2 * kSecondNs;
  talk->Tick(now);
  ASSERT_EQ(link.sent.size(), 1U);
  EXPECT_TRUE(link.sent[0].has_heartbeat());
}

TEST_F(ConversationTest, ASlowPeerIsHungUpOnAndCalledAgain) {
  talk->Tick(now);
  link.broken = true;
  Welcome(0);
  EXPECT_FALSE(talk->connected());
  EXPECT_EQ(link.hang_ups, 1);
  link.broken = false;
  now = talk->NextDueNs();
  talk->Tick(now);
  Welcome(0);
  EXPECT_EQ(link.SentRecords(), (Seqs{1, 2, 3}));
}

TEST_F(ConversationTest, CommandsAreTakenOnlyAfterWelcomeAndFromTheLatestAttempt) {
  v1::CoordinatorMessage execute;
  execute.mutable_execute()->set_epoch(1);
  talk->Tick(now);
  EXPECT_FALSE(Say(execute).has_value());
  Welcome(5);
  EXPECT_TRUE(Say(execute).has_value());
  EXPECT_FALSE(talk->Take({77, execute, absl::OkStatus()}, now).has_value());
  End();
  EXPECT_FALSE(Say(execute).has_value());
}

TEST_F(ConversationTest, TheEndOfAnEarlierAttemptChangesNothing) {
  talk->Tick(now);
  End();
  now = talk->NextDueNs();
  talk->Tick(now);
  Welcome(5);
  talk->Take({1, std::nullopt, absl::UnavailableError("late")}, now);
  EXPECT_TRUE(talk->connected());
}

TEST_F(ConversationTest, ConnectsAnewWhenItsCertificateIsAnotherOne) {
  talk->Redial(0);
  EXPECT_EQ(link.hang_ups, 0) << "nothing is open";
  talk->Tick(0);
  ASSERT_EQ(link.attempts.size(), 1u);
  talk->Redial(0);
  EXPECT_EQ(link.hang_ups, 1);
  talk->Tick(kSecondNs);
  EXPECT_EQ(link.attempts.size(), 2u);
}

}  // namespace
}  // namespace belay
