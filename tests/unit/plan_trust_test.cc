#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "common/plan/sign.h"
#include "common/plan/trust.h"

namespace belay {
namespace {

constexpr std::int64_t kNow = 1'795'000'000;

class PlanTrust : public testing::Test {
 protected:
  PlanTrust() {
    for (int i = 0; i < 3; ++i) keys.push_back(*Ed25519PrivateKey::Generate());
    v1::RemediationPlan plan;
    plan.set_name("p");
    plan.set_not_before_unix(kNow - 100);
    plan.set_not_after_unix(kNow + 100);
    signed_plan = SignPlan(plan, keys[0]);
    trust.keys = {{keys[0].Public(), "ops"}, {keys[1].Public(), "security"}, {keys[2].Public()}};
  }
  absl::Status Verify() const { return VerifyPlan(signed_plan, trust, kNow).status(); }
  void ExpectMissing(const std::string& words) const {
    EXPECT_EQ(Verify().code(), absl::StatusCode::kUnauthenticated);
    EXPECT_TRUE(absl::StrContains(Verify().message(), words)) << Verify();
  }

  std::vector<Ed25519PrivateKey> keys;
  v1::SignedPlan signed_plan;
  Trust trust;
};

TEST_F(PlanTrust, AsManyDifferentKeysAsAreAskedFor) {
  EXPECT_TRUE(Verify().ok());
  trust.signatures = 2;
  ExpectMissing("2 by different trusted keys (there are 1)");
  ASSERT_TRUE(AddSignature(signed_plan, keys[2]).ok());
  EXPECT_TRUE(Verify().ok());
  trust.signatures = 3;
  ExpectMissing("there are 2");
}

TEST_F(PlanTrust, TheSameKeyTwiceCountsOnce) {
  trust.signatures = 2;
  *signed_plan.add_signatures() = signed_plan.signatures(0);
  ExpectMissing("there are 1");
  ASSERT_TRUE(AddSignature(signed_plan, keys[0]).ok());
  EXPECT_EQ(signed_plan.signatures_size(), 1) << "signing again replaces";
}

TEST_F(PlanTrust, AStrangersSignatureCountsForNothing) {
  trust.signatures = 2;
  ASSERT_TRUE(AddSignature(signed_plan, *Ed25519PrivateKey::Generate()).ok());
  ExpectMissing("there are 1");
  ASSERT_TRUE(AddSignature(signed_plan, keys[1]).ok());
  EXPECT_TRUE(Verify().ok());
  std::string& bytes = *signed_plan.mutable_signatures(2)->mutable_signature();
  bytes[5] = static_cast<char>(bytes[5] ^ 1);
  ExpectMissing("there are 1");
}

TEST_F(PlanTrust, EachRoleMustHaveSigned) {
  trust.roles = {{"security", 1}};
  ExpectMissing("1 by keys of role 'security' (there are 0)");
  ASSERT_TRUE(AddSignature(signed_plan, keys[2]).ok());
  ExpectMissing("role 'security'");
  ASSERT_TRUE(AddSignature(signed_plan, keys[1]).ok());
  EXPECT_TRUE(Verify().ok());
  trust.roles = {{"security", 1}, {"ops", 2}};
  ExpectMissing("2 by keys of role 'ops' (there are 1)");
}

TEST_F(PlanTrust, AKeyCountsWithinItsValidityOnly) {
  trust.keys[0].not_after_unix = kNow;
  EXPECT_TRUE(Verify().ok());
  trust.keys[0].not_after_unix = kNow - 1;
  ExpectMissing("of role ops until ");
  trust.keys[0].not_after_unix = 0;
  trust.keys[0].not_before_unix = kNow;
  EXPECT_TRUE(Verify().ok());
  trust.keys[0].not_before_unix = kNow + 1;
  ExpectMissing("of role ops from ");
}

TEST_F(PlanTrust, AMillionSignaturesAreNotLookedAt) {
  for (int i = 0; i < 100; ++i) *signed_plan.add_signatures() = signed_plan.signatures(0);
  EXPECT_EQ(Verify().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(PlanTrust, WhatNoPlanCouldMeetIsFoundBeforehand) {
  EXPECT_EQ(WhyUnusable(trust), "");
  trust.signatures = 4;
  EXPECT_TRUE(absl::StrContains(WhyUnusable(trust), "4 signatures"));
  trust.signatures = 0;
  EXPECT_NE(WhyUnusable(trust), "");
  v1::SignedPlan bare = signed_plan;
  bare.clear_signatures();
  EXPECT_EQ(VerifyPlan(bare, trust, kNow).status().code(), absl::StatusCode::kUnauthenticated)
      << "none asked for is not none needed";
  trust.signatures = 1;
  trust.roles = {{"security", 2}};
  EXPECT_TRUE(absl::StrContains(WhyUnusable(trust), "role 'security'"));
  trust.roles = {};
  trust.keys[1] = {keys[0].Public(), "security"};
  EXPECT_TRUE(absl::StrContains(WhyUnusable(trust), "twice"));
  EXPECT_NE(WhyUnusable(Trust()), "");
}

// A token that gives something else than a signature by its own key.
class Liar final : public Ed25519Signer {
 public:
  Ed25519PublicKey Public() const override { return Ed25519PrivateKey::Generate()->Public(); }
  absl::StatusOr<std::string> TrySign(std::string_view message) const override {
    return Ed25519PrivateKey::Generate()->Sign(message);
  }
};

TEST_F(PlanTrust, WhatASignerGivesIsVerifiedBeforeItIsUsed) {
  EXPECT_FALSE(AddSignature(signed_plan, Liar()).ok());
  EXPECT_EQ(signed_plan.signatures_size(), 1);
}

}  // namespace
}  // namespace belay
