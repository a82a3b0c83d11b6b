// Revocation, expiry and tokens as the coordinator judges them, without a connection.
#include "server/driver/access.h"

#include <gtest/gtest.h>

#include "common/os/clock.h"
#include "server/store/sqlite_token_store.h"

namespace belay {
namespace {

constexpr std::int64_t kNow = 1'790'000'000;
constexpr std::int64_t kFar = kNow + 86'400;

struct SetClock final : Clock {
  std::int64_t BootNowNs() const override { return 0; }
  std::int64_t WallNowUnixMs() const override { return now_unix * 1000; }
  std::string BootId() const override { return ""; }
  std::int64_t now_unix = kNow;
};

class AccessTest : public testing::Test {
 protected:
  AccessTest() {
    v1::OperatorRoles ada;
    ada.set_name("ada");
    ada.add_roles(v1::ROLE_ADMIN);
    EXPECT_TRUE(store_->SetOperator(ada, Certificate("ada", "listed", kNow - 100)).ok());
  }
  static store::OperatorCertificateRow Certificate(const std::string& name, const std::string& sha,
                                                   std::int64_t issued) {
    return {sha, name, "pem", issued, kFar};
  }
  static Caller Ada(const std::string& sha, std::int64_t not_before = kNow - 400,
                    std::int64_t not_after = kFar) {
    return {OperatorIdentity{"ada"}, sha, not_before, not_after};
  }
  absl::Status Judge(const Caller& caller) { return access_.Judge(caller, kListNodes).status(); }
  absl::Status Revoke(const std::string& sha, const std::string& person,
                      const std::string& reason = "stolen") {
    v1::RevokeCertificateRequest request;
    request.set_sha256(sha);
    request.set_operator_(person);
    request.set_reason(reason);
    return access_.RevokeCertificate(request, "eva").status();
  }

  SetClock clock_;
  std::unique_ptr<store::Store> store_ = *store::Store::Open(":memory:");
  Access access_{*store_, clock_};
};

TEST_F(AccessTest, ACertificateEndsWithItsLastSecond) {
  EXPECT_TRUE(Judge(Ada("listed", kNow - 400, kNow)).ok());
  const absl::Status expired = Judge(Ada("listed", kNow - 400, kNow - 1));
  EXPECT_TRUE(absl::IsUnauthenticated(expired));
  EXPECT_NE(expired.message().find("has expired at "), std::string::npos) << expired;
}

TEST_F(AccessTest, OneCertificateIsRevokedAndNoOther) {
  const std::string sha(64, 'a');
  ASSERT_TRUE(Revoke(sha, "").ok());
  const absl::Status refused = Judge(Ada(sha));
  ASSERT_TRUE(absl::IsUnauthenticated(refused)) << refused;
  for (const char* part : {"was revoked at ", "by eva (stolen)", "nothing was done"}) {
    EXPECT_NE(refused.message().find(part), std::string::npos) << refused;
  }
  EXPECT_TRUE(Judge(Ada(std::string(64, 'b'))).ok());
  EXPECT_TRUE(Judge(Ada("")).ok()) << "an empty name is nobody's";
}

TEST_F(AccessTest, OfAnIdentityEverythingIsRevokedThatWasIssuedUntilThen) {
  ASSERT_TRUE(Revoke("", "ada").ok());
  EXPECT_FALSE(Judge(Ada("listed")).ok());
  EXPECT_FALSE(Judge(Ada("never listed", kNow)).ok()) << "the same second";
  EXPECT_TRUE(Judge(Ada("never listed", kNow + 1)).ok());
  v1::OperatorRoles ada = **store_->FindOperator("ada");
  ASSERT_TRUE(store_->SetOperator(ada, Certificate("ada", "new", kNow + 1)).ok());
  EXPECT_TRUE(Judge(Ada("new", kNow - 299)).ok()) << "by when it was issued, not when it begins";
  ASSERT_TRUE(store_->SetOperator(ada, Certificate("ada", "early", kNow)).ok());
  EXPECT_FALSE(Judge(Ada("early", kNow - 300)).ok());
  EXPECT_TRUE(access_.Judge({NodeIdentity{"c", "ada"}, "x", kNow - 400, kFar}, kAgentConnect).ok());
  clock_.now_unix = kNow + 5;
  ASSERT_TRUE(Revoke("", "ada", "again").ok());
  EXPECT_FALSE(Judge(Ada("new", kNow - 299)).ok()) << "the later word counts";
}

TEST_F(AccessTest, OnlyWhoIsThereAndOnlyWithAReasonIsRevoked) {
  EXPECT_TRUE(absl::IsNotFound(Revoke("", "bob")));
  EXPECT_TRUE(absl::IsInvalidArgument(Revoke("", "ada", "")));
  EXPECT_TRUE(absl::IsInvalidArgument(Revoke("", "")));
  EXPECT_TRUE(absl::IsInvalidArgument(Revoke(std::string(64, 'a'), "ada")));
  EXPECT_TRUE(absl::IsInvalidArgument(Revoke("ab", "")));
  EXPECT_TRUE(absl::IsInvalidArgument(Revoke(std::string(64, 'A'), "")));
  EXPECT_TRUE(store_->Revocations()->empty());
}

TEST_F(AccessTest, GoodCertificatesAreListedAndOnRequestAll) {
  v1::OperatorRoles ada = **store_->FindOperator("ada");
  ASSERT_TRUE(store_->SetOperator(ada, Certificate("ada", std::string(64, 'c'), kNow)).ok());
  ASSERT_TRUE(Revoke(std::string(64, 'c'), "").ok());
  ASSERT_EQ(access_.ListCertificates(false)->certificates_size(), 1);
  EXPECT_EQ(access_.ListCertificates(false)->certificates(0).sha256(), "listed");
  const auto all = access_.ListCertificates(true);
  ASSERT_EQ(all->certificates_size(), 2);
  EXPECT_EQ(all->certificates(0).revocation().reason(), "stolen");
  EXPECT_EQ(all->certificates(0).identity(), "spiffe://belay/operator/ada");
  EXPECT_EQ(all->revocations_size(), 1);
  clock_.now_unix = kFar + 1;
  EXPECT_EQ(access_.ListCertificates(false)->certificates_size(), 0) << "expired";
}

TEST(AccessTokens, ARevokedTokenIsBoundAndSpentNoMoreAndWhatWasGivenForItIsRevoked) {
  const std::string path = testing::TempDir() + "/access_tokens.db";
  std::remove(path.c_str());
  auto tokens = *store::SqliteTokenStore::Open(path);
  auto store = *store::Store::Open(path);
  SetClock clock;
  Access access(*store, clock);
  const KeyPair ca = *MakeCa("test", kNow);
  IssueRequest issue;
  issue.identity = NodeIdentity{"c", "n"};
  issue.now_unix = kNow;
  issue.valid_seconds = 1000;
  const std::string pem = Issue(ca, issue)->certificate_pem;
  for (const char* id : {"open", "bound", "spent"}) {
    ASSERT_TRUE(tokens->CreateToken({id, "s", "c", "n", "ada", kFar, "", "", false}).ok());
  }
  ASSERT_TRUE(tokens->BindToken("bound", "key", pem).ok());
  ASSERT_TRUE(tokens->BindToken("spent", "key", pem).ok());
  ASSERT_TRUE(tokens->SpendToken("spent", {"sha", "c", "n", "pem", kNow, kFar}).ok());

  EXPECT_EQ(access.ListTokens(false)->tokens_size(), 2);
  EXPECT_TRUE(absl::IsNotFound(access.RevokeToken("none", "eva").status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(access.RevokeToken("spent", "eva").status()));
  ASSERT_TRUE(access.RevokeToken("open", "eva").ok());
  EXPECT_TRUE(store->Revocations()->empty()) << "nothing was given for it";
  EXPECT_FALSE(tokens->BindToken("open", "key", pem).ok());
  EXPECT_TRUE(tokens->FindToken("open")->revoked);
  ASSERT_TRUE(access.RevokeToken("bound", "eva").ok());
  EXPECT_FALSE(tokens->SpendToken("bound", {"sha2", "c", "n", "pem", kNow, kFar}).ok());
  const CertificateFacts facts = *ReadCertificate(pem);
  EXPECT_FALSE(
      access
          .Judge({NodeIdentity{"c", "n"}, facts.sha256, facts.not_before_unix, kFar}, kAgentConnect)
          .ok())
      << "it was given for the token and would be good in itself";
  EXPECT_EQ(access.RevokeToken("bound", "bob")->revoked_by(), "eva") << "the first word stays";
  EXPECT_EQ(access.ListTokens(false)->tokens_size(), 0);
  EXPECT_EQ(access.ListTokens(true)->tokens_size(), 3);
}

}  // namespace
}  // namespace belay
