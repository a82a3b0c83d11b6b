#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "common/plan/compile.h"
#include "common/plan/sign.h"

namespace belay {
namespace {

constexpr std::int64_t kNow = 1'795'000'000;

v1::RemediationPlan SmallPlan() {
  v1::RemediationPlan plan;
  plan.set_name("p");
  plan.set_not_before_unix(kNow);
  plan.set_not_after_unix(kNow + 10);
  v1::Step& step = *plan.add_steps();
  step.set_name("s");
  v1::SetFlag& edit = *step.add_edits()->mutable_set_flag();
  edit.set_manifest("kube-apiserver");
  edit.set_flag("profiling");
  edit.set_value("false");
  step.mutable_gate()->set_deadline_ms(60000);
  return plan;
}

struct Signed {
  v1::SignedPlan plan;
  Trust trusted;
};

Signed Sign(const v1::RemediationPlan& plan) {
  absl::StatusOr<Ed25519PrivateKey> key = Ed25519PrivateKey::Generate();
  EXPECT_TRUE(key.ok());
  return {SignPlan(plan, *key), {.keys = {{key->Public()}}}};
}

TEST(PlanSign, ATrustedSignatureGivesThePlanBack) {
  const Signed s = Sign(SmallPlan());
  const absl::StatusOr<v1::RemediationPlan> plan = VerifyPlan(s.plan, s.trusted, kNow);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(CanonicalBytes(*plan), CanonicalBytes(SmallPlan()));
}

TEST(PlanSign, CanonicalBytesAreTheseBytes) {
  // Written by hand from the encoding rules: field number << 3 | wire type, length, content.
  const std::string expected = absl::HexStringToBytes(
      "0a0170"                            // name = "p"
      "18c08df6d706"                      // not_before_unix = 1795000000
      "20ca8df6d706"                      // not_after_unix = 1795000010
      "2a2f"                              // steps, 47 bytes
      "0a0173"                            //   name = "s"
      "1a24"                              //   edits, 36 bytes
      "0a22"                              //     set_flag, 34 bytes
      "0a0e6b7562652d617069736572766572"  // manifest = "kube-apiserver"
      "1a0970726f66696c696e67"            // flag = "profiling"
      "220566616c7365"                    // value = "false"
      "220408e0d403");                    //   gate, 4 bytes: deadline_ms = 60000
  EXPECT_EQ(absl::BytesToHexString(CanonicalBytes(SmallPlan())), absl::BytesToHexString(expected));
  v1::SignedPlan plan;
  plan.set_plan(CanonicalBytes(SmallPlan()));
  EXPECT_EQ(PlanDigest(plan), "88297dbd9eaff95c7ecab6eca0c5e131d30932c7e597cebb6415cf175ea12ca8");
}

TEST(PlanSign, AnyFlippedBitOfThePlanIsRefused) {
  const Signed s = Sign(SmallPlan());
  for (std::size_t bit = 0; bit < s.plan.plan().size() * 8; ++bit) {
    v1::SignedPlan bent = s.plan;
    std::string& bytes = *bent.mutable_plan();
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(VerifyPlan(bent, s.trusted, kNow).status().code(), absl::StatusCode::kUnauthenticated)
        << "bit " << bit;
  }
}

TEST(PlanSign, AnyFlippedBitOfTheSignatureIsRefused) {
  const Signed s = Sign(SmallPlan());
  ASSERT_EQ(s.plan.signatures(0).signature().size(), 64u);
  for (std::size_t bit = 0; bit < 64 * 8; ++bit) {
    v1::SignedPlan bent = s.plan;
    std::string& bytes = *bent.mutable_signatures(0)->mutable_signature();
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(VerifyPlan(bent, s.trusted, kNow).status().code(), absl::StatusCode::kUnauthenticated)
        << "bit " << bit;
  }
}

TEST(PlanSign, AnUnknownKeyIsRefusedAndBothSidesAreNamed) {
  const Signed mine = Sign(SmallPlan());
  const Signed other = Sign(SmallPlan());
  const absl::Status status = VerifyPlan(mine.plan, other.trusted, kNow).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_TRUE(absl::StrContains(status.message(), mine.trusted.keys[0].key.id()));
  EXPECT_TRUE(absl::StrContains(status.message(), other.trusted.keys[0].key.id()));
  EXPECT_EQ(VerifyPlan(mine.plan, {}, kNow).status().code(), absl::StatusCode::kUnauthenticated);
}

TEST(PlanSign, ASignatureThatNamesAnotherKeyIsRefused) {
  Signed s = Sign(SmallPlan());
  s.plan.mutable_signatures(0)->set_key_id(Sign(SmallPlan()).trusted.keys[0].key.id());
  EXPECT_FALSE(VerifyPlan(s.plan, s.trusted, kNow).ok());
}

TEST(PlanSign, NoSignatureIsRefusedWhateverTheBytesAre) {
  v1::SignedPlan plan;
  plan.set_plan("not a plan");
  const Signed s = Sign(SmallPlan());
  EXPECT_EQ(VerifyPlan(plan, s.trusted, kNow).status().code(), absl::StatusCode::kUnauthenticated);
}

TEST(PlanSign, ASignatureOverTheBareBytesIsNoSignatureOverAPlan) {
  absl::StatusOr<Ed25519PrivateKey> key = Ed25519PrivateKey::Generate();
  ASSERT_TRUE(key.ok());
  v1::SignedPlan plan = SignPlan(SmallPlan(), *key);
  plan.mutable_signatures(0)->set_signature(key->Sign(plan.plan()));
  EXPECT_EQ(VerifyPlan(plan, {.keys = {{key->Public()}}}, kNow).status().code(),
            absl::StatusCode::kUnauthenticated);
}

TEST(PlanSign, OneTrustedSignatureAmongOthersIsEnough) {
  Signed s = Sign(SmallPlan());
  *s.plan.add_signatures() = s.plan.signatures(0);
  s.plan.mutable_signatures(0)->set_key_id("\x1b[31mevil");
  EXPECT_TRUE(VerifyPlan(s.plan, s.trusted, kNow).ok());
  s.plan.mutable_signatures()->DeleteSubrange(1, 1);
  const absl::Status status = VerifyPlan(s.plan, s.trusted, kNow).status();
  EXPECT_FALSE(absl::StrContains(status.message(), "\x1b"));
}

TEST(PlanSign, TheWindowIsClosedAtBothEnds) {
  const Signed s = Sign(SmallPlan());
  EXPECT_EQ(VerifyPlan(s.plan, s.trusted, kNow - 1).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(VerifyPlan(s.plan, s.trusted, kNow).ok());
  EXPECT_TRUE(VerifyPlan(s.plan, s.trusted, kNow + 10).ok());
  EXPECT_EQ(VerifyPlan(s.plan, s.trusted, kNow + 11).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(PlanSign, APlanWithoutAWindowIsNeverValid) {
  v1::RemediationPlan plan = SmallPlan();
  plan.clear_not_before_unix();
  plan.clear_not_after_unix();
  const Signed s = Sign(plan);
  EXPECT_EQ(VerifyPlan(s.plan, s.trusted, kNow).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(PlanSign, FillValiditySetsOnlyWhatIsNotSet) {
  v1::RemediationPlan plan;
  FillValidity(plan, kNow, 60);
  EXPECT_EQ(plan.not_before_unix(), kNow);
  EXPECT_EQ(plan.not_after_unix(), kNow + 60);
  FillValidity(plan, kNow + 1000, 60);
  EXPECT_EQ(plan.not_after_unix(), kNow + 60);
  v1::RemediationPlan later;
  later.set_not_before_unix(kNow + 500);
  FillValidity(later, kNow, 60);
  EXPECT_EQ(later.not_after_unix(), kNow + 560);
}

TEST(PlanSign, SignedBytesThatThisVersionDoesNotFullyUnderstandAreRefused) {
  absl::StatusOr<Ed25519PrivateKey> key = Ed25519PrivateKey::Generate();
  ASSERT_TRUE(key.ok());
  v1::RemediationPlan newer = SmallPlan();
  newer.mutable_steps(0)
      ->GetReflection()
      ->MutableUnknownFields(newer.mutable_steps(0))
      ->AddVarint(77, 1);
  const v1::SignedPlan plan = SignPlan(newer, *key);
  EXPECT_EQ(VerifyPlan(plan, {.keys = {{key->Public()}}}, kNow).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(PlanSign, BytesThatAreNoPlanAreNotDecoded) {
  v1::SignedPlan plan;
  plan.set_plan("\xff\xff\xff");
  EXPECT_EQ(DecodeUnverified(plan).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace belay
