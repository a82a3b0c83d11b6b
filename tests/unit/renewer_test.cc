// When an agent renews its certificate, and what a power cut leaves of it.
#include "node-agent/enrol/renewer.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "node-agent/enrol/identity_files.h"
#include "tests/support/sim_disk.h"

namespace belay {
namespace {

constexpr std::int64_t kFrom = 1'790'000'000;
constexpr std::int64_t kLife = 30 * 86'400;

struct StillClock final : Clock {
  std::int64_t BootNowNs() const override { return 0; }
  std::int64_t WallNowUnixMs() const override { return kFrom * 1000; }
  std::string BootId() const override { return ""; }
};

class RenewerTest : public testing::Test {
 protected:
  std::unique_ptr<Renewer> Make() {
    return std::make_unique<Renewer>(
        Renewer::Options{[this]() -> absl::StatusOr<CertificateFacts> { return facts_; },
                         [this] {
                           ++tries_;
                           if (!answer_.ok()) return answer_;
                           facts_.sha256 += "+";
                           facts_.not_before_unix += kLife / 2;
                           facts_.not_after_unix += kLife / 2;
                           return answer_;
                         },
                         [this] { ++renewed_; }, [this] { return fraction_; },
                         [this](const std::string& line) { said_.push_back(line); }},
        clock_);
  }
  StillClock clock_;
  CertificateFacts facts_{"sha", {}, {}, kFrom, kFrom + kLife, false, ""};
  absl::Status answer_;
  double fraction_ = 0;
  int tries_ = 0;
  int renewed_ = 0;
  std::vector<std::string> said_;
};

TEST_F(RenewerTest, RenewsBetweenThreeFifthsAndTwoThirdsOfTheLifeAndConnectsAnew) {
  for (const auto& [fraction, part] : {std::pair(0.0, 0.60), std::pair(1.0, 0.6667)}) {
    facts_ = {"sha", {}, {}, kFrom, kFrom + kLife, false, ""};
    tries_ = renewed_ = 0;
    fraction_ = fraction;
    const auto renewer = Make();
    const auto due = kFrom + static_cast<std::int64_t>(kLife * part);
    EXPECT_NEAR(static_cast<double>(renewer->Step(kFrom)), static_cast<double>(due - kFrom), 100);
    renewer->Step(due - 100);
    EXPECT_EQ(tries_, 0);
    renewer->Step(due + 100);
    EXPECT_EQ(tries_, 1);
    EXPECT_EQ(renewed_, 1);
    EXPECT_GT(renewer->Step(due + 101), 86'400) << "the new one is young";
    EXPECT_EQ(tries_, 1);
  }
}

TEST_F(RenewerTest, TriesAgainWithGrowingPausesWellWithinWhatIsLeft) {
  answer_ = absl::UnavailableError("nobody listens");
  const auto renewer = Make();
  std::int64_t now = kFrom + kLife * 2 / 3 + 1;
  std::vector<std::int64_t> pauses;
  while (now < facts_.not_after_unix) {
    pauses.push_back(renewer->Step(now));
    EXPECT_EQ(tries_, static_cast<int>(pauses.size()));
    renewer->Step(now + pauses.back() - 1);
    EXPECT_EQ(tries_, static_cast<int>(pauses.size())) << "not before its pause is over";
    now += pauses.back();
  }
  EXPECT_EQ(pauses.front(), 30);
  EXPECT_EQ(pauses[3], 240);
  EXPECT_EQ(pauses[20], 3600);
  EXPECT_LE(pauses.back(), 60) << "near its end often";
  EXPECT_EQ(renewed_, 0);
  answer_ = absl::OkStatus();
  facts_.not_after_unix = now + 100;
  renewer->Step(now + 2);
  EXPECT_EQ(renewed_, 1);
}

TEST_F(RenewerTest, AnExpiredCertificateIsNotTriedAndSaidOnce) {
  const auto renewer = Make();
  const std::int64_t now = facts_.not_after_unix + 1;
  for (int minute = 0; minute < 50; ++minute) renewer->Step(now + minute * 60);
  EXPECT_EQ(tries_, 0);
  ASSERT_EQ(said_.size(), 1u);
  EXPECT_NE(said_[0].find("belayctl token create"), std::string::npos) << said_[0];
}

// The wall clock is years ahead for a minute, and then it is corrected.
TEST_F(RenewerTest, AClockThatWasAheadForAMinuteDoesNotPutOffARenewal) {
  const std::int64_t ahead = kFrom + 10 * 365 * std::int64_t{86'400};
  const std::int64_t due = kFrom + kLife * 2 / 3 + 1;
  {
    const auto renewer = Make();
    renewer->Step(ahead);  // then it looks expired
    ASSERT_EQ(said_.size(), 1u);
    EXPECT_LE(renewer->Step(kFrom), kLife);
    renewer->Step(due);
    EXPECT_EQ(tries_, 1);
    EXPECT_EQ(renewed_, 1);
  }
  facts_ = {"sha", {}, {}, kFrom, kFrom + kLife, false, ""};
  answer_ = absl::UnavailableError("nobody listens");
  const auto renewer = Make();
  renewer->Step(due + kLife / 4);  // within the life, and the attempt fails
  ASSERT_EQ(tries_, 2);
  answer_ = absl::OkStatus();
  renewer->Step(due);
  EXPECT_EQ(tries_, 3);
  EXPECT_EQ(renewed_, 2);
}

TEST_F(RenewerTest, StopsWhileItWaits) {
  const auto renewer = Make();
  renewer->Start();
  renewer->Stop();
  EXPECT_EQ(renewed_, 0);
}

// At every call that changes the disk the power is cut: there is the old pair or the new one.
TEST(RenewedIdentity, APowerCutLeavesTheOldPairOrTheNewOne) {
  const KeyPair ca = *MakeCa("test", kFrom);
  IssueRequest request;
  request.identity = NodeIdentity{"c", "n"};
  request.now_unix = kFrom;
  request.valid_seconds = kLife;
  const KeyPair old_pair = *Issue(ca, request);
  const KeyPair new_pair = *Issue(ca, request);
  const std::string old_sha = ReadCertificate(old_pair.certificate_pem)->sha256;
  int kept_old = 0;
  int kept_new = 0;
  std::mt19937 random(7);
  for (const bool forget : {false, true}) {
    bool ended = false;
    for (int at = 0; !ended; ++at) {
      for (const auto cut :
           {SimDisk::Cut::Kill, SimDisk::Cut::Lose, SimDisk::Cut::Keep, SimDisk::Cut::Torn}) {
        SimDisk disk;
        disk.PutDirectory("/s");
        disk.PutDirectory("/s/identity");
        const IdentityFiles enrolled = IdentityIn("/s");
        ASSERT_TRUE(WriteDurably(disk, enrolled.key, old_pair.private_key_pem, 0600).ok());
        ASSERT_TRUE(WriteDurably(disk, enrolled.certificate, old_pair.certificate_pem, 0644).ok());
        ASSERT_TRUE(!forget || KeepRenewed(disk, "/s", new_pair).ok());
        disk.CrashAt(at, true);
        try {
          EXPECT_TRUE(
              (forget ? ForgetRenewed(disk, "/s") : KeepRenewed(disk, "/s", new_pair)).ok());
          ended = true;
        } catch (const Crash&) {
          disk.Apply(cut, random);
        }
        disk.Disarm();
        const absl::StatusOr<KeyPair> used = CurrentPair(disk, "/s");
        ASSERT_TRUE(used.ok()) << at << used.status();
        ASSERT_TRUE(CheckKeyPair(*used, ca.certificate_pem, kFrom).ok()) << at;
        ++(CurrentCertificate(disk, "/s")->sha256 == old_sha ? kept_old : kept_new);
        ASSERT_TRUE(KeepRenewed(disk, "/s", new_pair).ok()) << "again, over what was left";
      }
    }
  }
  EXPECT_GT(kept_old, 0);
  EXPECT_GT(kept_new, 0);
}

}  // namespace
}  // namespace belay
