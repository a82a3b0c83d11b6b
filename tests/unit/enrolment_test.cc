#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "common/base/digest.h"
#include "common/crypto/x509.h"
#include "server/enrolment/enroller.h"
#include "server/enrolment/token.h"
#include "tests/support/memory_token_store.h"

namespace belay {
namespace {

constexpr std::int64_t kNow = 1'790'000'000;
using Code = absl::StatusCode;

class Enrolment : public ::testing::Test {
 protected:
  std::string Token() { return enroller_.CreateToken({"c", "n"}, "ana", 3600, kNow)->text; }
  TokenRow& OnlyRow() { return store_.tokens.begin()->second; }
  std::string Sha(const std::string& pem) { return ReadCertificate(pem)->sha256; }

  MemoryTokenStore store_;
  const KeyPair ca_ = *MakeCa("test", kNow);
  Enroller enroller_{store_, ca_};
  const std::string key_ = *GenerateP256KeyPem();
  const std::string csr_ = *MakeCsrPem(key_);
};

TEST_F(Enrolment, GivesTheTokensNodeACertificateForThirtyDays) {
  const auto enrolled = enroller_.Enrol(Token(), csr_, kNow, kNow);
  ASSERT_TRUE(enrolled.ok()) << enrolled.status();
  EXPECT_EQ(enrolled->node, (NodeId{"c", "n"}));
  EXPECT_TRUE(CheckKeyPair({key_, enrolled->certificate_pem}, enrolled->ca_pem, kNow).ok());
  const auto facts = ReadCertificate(enrolled->certificate_pem);
  EXPECT_EQ(facts->uris, std::vector<std::string>{"spiffe://belay/cluster/c/node/n"});
  EXPECT_EQ(facts->not_after_unix, kNow + 30 * 86400);
}

TEST_F(Enrolment, RenewsForANewKeyAndKeepsWhatItGives) {
  const std::string fresh = *MakeCsrPem(*GenerateP256KeyPem());
  const auto pem = enroller_.Renew({"c", "n"}, fresh, kNow, kNow);
  ASSERT_TRUE(pem.ok()) << pem.status();
  const auto facts = ReadCertificate(*pem);
  EXPECT_EQ(facts->uris, std::vector<std::string>{"spiffe://belay/cluster/c/node/n"});
  ASSERT_EQ(store_.certificates.size(), 1u);
  EXPECT_EQ(store_.certificates[0].sha256, facts->sha256);
  EXPECT_EQ(store_.certificates[0].issued_unix, kNow);
  EXPECT_EQ(enroller_.Renew({"c", "n"}, fresh, kNow, kNow).status().code(),
            Code::kFailedPrecondition)
      << "the same key";
  EXPECT_EQ(enroller_.Renew({"c", "n"}, "no request", kNow, kNow).status().code(),
            Code::kInvalidArgument);
  EXPECT_EQ(enroller_.Renew({"c", "n"}, csr_, kNow + 301, kNow).status().code(),
            Code::kFailedPrecondition)
      << "clocks";
  store_.broken = absl::UnavailableError("disk");
  EXPECT_FALSE(enroller_.Renew({"c", "n"}, csr_, kNow, kNow).ok())
      << "what is not kept is not given";
}

TEST_F(Enrolment, RenewsOneNodeTwelveTimesAnHourAtMost) {
  for (int i = 0; i < kMaxRenewalsAnHour; ++i) {
    ASSERT_TRUE(enroller_.Renew({"c", "n"}, *MakeCsrPem(*GenerateP256KeyPem()), kNow, kNow).ok());
  }
  EXPECT_EQ(enroller_.Renew({"c", "n"}, csr_, kNow, kNow).status().code(),
            Code::kResourceExhausted);
  EXPECT_TRUE(enroller_.Renew({"c", "m"}, csr_, kNow, kNow).ok()) << "another node";
  EXPECT_TRUE(enroller_.Renew({"c", "n"}, csr_, kNow + 3600, kNow + 3600).ok());
}

TEST_F(Enrolment, ARevokedTokenIsWrongInTheSameWordsAndNotConfirmed) {
  const std::string token = Token();
  const auto enrolled = enroller_.Enrol(token, csr_, kNow, kNow);
  ASSERT_TRUE(enrolled.ok());
  OnlyRow().revoked = true;
  const auto unknown = enroller_.Enrol("0", csr_, kNow, kNow).status();
  EXPECT_EQ(enroller_.Enrol(token, csr_, kNow, kNow).status(), unknown);
  EXPECT_EQ(enroller_.Confirm(token, Sha(enrolled->certificate_pem), kNow), unknown);
  EXPECT_TRUE(store_.certificates.empty());
}

TEST_F(Enrolment, NeverStoresTheSecret) {
  const std::string text = Token();
  const std::string secret = ParseToken(text)->secret;
  EXPECT_EQ(OnlyRow().secret_sha256, Sha256Hex(secret));
  EXPECT_EQ(OnlyRow().id.find(secret), std::string::npos);
  EXPECT_EQ(OnlyRow().created_by, "ana");
}

TEST_F(Enrolment, AnswersTheSameKeyWithTheSameCertificateUntilConfirmed) {
  const std::string token = Token();
  const auto first = enroller_.Enrol(token, csr_, kNow, kNow);
  const auto again = enroller_.Enrol(token, *MakeCsrPem(key_), kNow + 10, kNow + 10);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->certificate_pem, first->certificate_pem);
  EXPECT_TRUE(store_.certificates.empty()) << "not known before it is confirmed";
}

TEST_F(Enrolment, RefusesAnotherKeyAfterTheFirst) {
  const std::string token = Token();
  ASSERT_TRUE(enroller_.Enrol(token, csr_, kNow, kNow).ok());
  const auto other = enroller_.Enrol(token, *MakeCsrPem(*GenerateP256KeyPem()), kNow, kNow);
  EXPECT_EQ(other.status().code(), Code::kFailedPrecondition);
  EXPECT_TRUE(enroller_.Enrol(token, csr_, kNow, kNow).ok()) << "the first key is not shut out";
}

TEST_F(Enrolment, SpendsTheTokenWithConfirmAndOnlyOnce) {
  const std::string token = Token();
  const auto enrolled = enroller_.Enrol(token, csr_, kNow, kNow);
  const std::string sha = Sha(enrolled->certificate_pem);
  ASSERT_TRUE(enroller_.Confirm(token, sha, kNow).ok());
  EXPECT_TRUE(OnlyRow().spent);
  ASSERT_EQ(store_.certificates.size(), 1u);
  EXPECT_EQ(store_.certificates[0].sha256, sha);
  EXPECT_EQ(store_.certificates[0].node, "n");
  EXPECT_EQ(enroller_.Enrol(token, csr_, kNow, kNow).status().code(), Code::kPermissionDenied);
  EXPECT_TRUE(enroller_.Confirm(token, sha, kNow).ok()) << "the first answer may have been lost";
  EXPECT_EQ(store_.certificates.size(), 1u);
}

TEST_F(Enrolment, ConfirmsNothingButTheCertificateItIssued) {
  const std::string token = Token();
  EXPECT_EQ(enroller_.Confirm(token, std::string(64, '0'), kNow).code(), Code::kPermissionDenied);
  const auto enrolled = enroller_.Enrol(token, csr_, kNow, kNow);
  EXPECT_EQ(enroller_.Confirm(token, std::string(64, '0'), kNow).code(), Code::kPermissionDenied);
  EXPECT_EQ(enroller_.Confirm(token, "", kNow).code(), Code::kPermissionDenied);
  EXPECT_FALSE(OnlyRow().spent);
  EXPECT_TRUE(enroller_.Confirm(token, Sha(enrolled->certificate_pem), kNow + 7200).ok())
      << "expiry ends enrolling, not confirming";
}

TEST_F(Enrolment, SaysTheSameOfEveryTokenItDoesNotAccept) {
  const std::string expired = Token();
  const std::string spent = enroller_.CreateToken({"c", "m"}, "ana", 9000, kNow)->text;
  const auto enrolled = enroller_.Enrol(spent, csr_, kNow, kNow);
  ASSERT_TRUE(enroller_.Confirm(spent, Sha(enrolled->certificate_pem), kNow).ok());
  const std::string good = enroller_.CreateToken({"c", "k"}, "ana", 9000, kNow)->text;
  std::string wrong_secret = good;
  wrong_secret.back() = wrong_secret.back() == '0' ? '1' : '0';
  const std::string unknown = TokenText(RandomJoinToken());
  const std::int64_t later = kNow + 3600;
  const absl::Status said = enroller_.Enrol(unknown, csr_, later, later).status();
  EXPECT_EQ(said.code(), Code::kPermissionDenied);
  for (const std::string& token : {expired, spent, wrong_secret, std::string(), std::string("a.b"),
                                   good + "0", std::string(16, '0') + "." + std::string(64, 'A')}) {
    EXPECT_EQ(enroller_.Enrol(token, csr_, later, later).status(), said) << token;
  }
  EXPECT_TRUE(enroller_.Enrol(good, csr_, later, later).ok());
}

TEST_F(Enrolment, ExpiresTheSecondItSays) {
  const std::string token = Token();
  EXPECT_TRUE(enroller_.Enrol(token, csr_, kNow + 3599, kNow + 3599).ok());
  EXPECT_FALSE(enroller_.Enrol(token, csr_, kNow + 3600, kNow + 3600).ok());
}

TEST_F(Enrolment, NamesTheClockThatIsWrongAndKeepsTheToken) {
  const std::string token = Token();
  const absl::Status behind = enroller_.Enrol(token, csr_, kNow - 301, kNow).status();
  EXPECT_EQ(behind.code(), Code::kFailedPrecondition);
  EXPECT_NE(behind.message().find("301 seconds behind"), absl::string_view::npos) << behind;
  const absl::Status ahead = enroller_.Enrol(token, csr_, kNow + 4000, kNow).status();
  EXPECT_NE(ahead.message().find("4000 seconds ahead"), absl::string_view::npos) << ahead;
  for (const std::int64_t odd : {std::numeric_limits<std::int64_t>::min(),
                                 std::numeric_limits<std::int64_t>::max(), std::int64_t{0}}) {
    EXPECT_EQ(enroller_.Enrol(token, csr_, odd, kNow).status().code(), Code::kFailedPrecondition);
  }
  EXPECT_TRUE(OnlyRow().public_key_sha256.empty());
  EXPECT_TRUE(enroller_.Enrol(token, csr_, kNow - 300, kNow).ok());
}

TEST_F(Enrolment, TellsTheClockOnlyToHoldersOfAToken) {
  EXPECT_EQ(enroller_.Enrol(TokenText(RandomJoinToken()), csr_, 0, kNow).status().code(),
            Code::kPermissionDenied);
}

TEST_F(Enrolment, BoundsGuessingForEverybodyTogether) {
  const std::string token = Token();
  for (std::size_t i = 0; i < kMaxFailures; ++i) {
    EXPECT_EQ(enroller_.Enrol(TokenText(RandomJoinToken()), csr_, kNow, kNow).status().code(),
              Code::kPermissionDenied);
  }
  EXPECT_EQ(enroller_.Enrol(token, csr_, kNow, kNow).status().code(), Code::kResourceExhausted);
  EXPECT_EQ(enroller_.Confirm(token, "", kNow).code(), Code::kResourceExhausted);
  EXPECT_EQ(enroller_.Enrol(token, csr_, kNow + 59, kNow + 59).status().code(),
            Code::kResourceExhausted)
      << "being turned away must not be counted, or the door would stay shut";
  EXPECT_TRUE(enroller_.Enrol(token, csr_, kNow + 60, kNow + 60).ok());
}

TEST_F(Enrolment, OpensAgainWhenTheClockIsSetBack) {
  for (std::size_t i = 0; i < kMaxFailures; ++i) {
    EXPECT_FALSE(enroller_.Enrol("x", csr_, kNow + 9999, kNow + 9999).ok());
  }
  EXPECT_TRUE(enroller_.Enrol(Token(), csr_, kNow, kNow).ok());
}

TEST_F(Enrolment, DoesNotHandOutACertificateItCouldNotRecord) {
  const std::string token = Token();
  store_.broken = absl::UnavailableError("disk");
  const auto enrolled = enroller_.Enrol(token, csr_, kNow, kNow);
  EXPECT_EQ(enrolled.status().code(), Code::kUnavailable) << "and not 'unknown token'";
  store_.broken = absl::OkStatus();
  EXPECT_TRUE(enroller_.Enrol(token, csr_, kNow, kNow).ok());
}

TEST_F(Enrolment, RefusesRequestsThatAreNotP256AndKeepsTheToken) {
  const std::string token = Token();
  EXPECT_EQ(enroller_.Enrol(token, "not a request", kNow, kNow).status().code(),
            Code::kInvalidArgument);
  EXPECT_TRUE(OnlyRow().public_key_sha256.empty());
}

TEST_F(Enrolment, MakesTokensForGoodNamesAndTimesOnly) {
  EXPECT_EQ(enroller_.CreateToken({"C", "n"}, "ana", 0, kNow).status().code(),
            Code::kInvalidArgument);
  EXPECT_EQ(enroller_.CreateToken({"c", "n/../m"}, "ana", 0, kNow).status().code(),
            Code::kInvalidArgument);
  EXPECT_FALSE(enroller_.CreateToken({"c", "n"}, "ana", -1, kNow).ok());
  EXPECT_FALSE(enroller_.CreateToken({"c", "n"}, "ana", kMaxTokenSeconds + 1, kNow).ok());
  EXPECT_EQ(enroller_.CreateToken({"c", "n"}, "ana", 0, kNow)->expires_unix, kNow + 86400);
}

TEST(TokenTextTest, IsReadBackAndNothingElseIs) {
  const JoinToken token = RandomJoinToken();
  const std::string text = TokenText(token);
  EXPECT_EQ(text.size(), 16u + 1 + 64);
  const auto again = ParseToken(text);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->id, token.id);
  EXPECT_EQ(again->secret, token.secret);
  std::string upper = text;
  upper[3] = 'A';
  std::string no_dot = text;
  no_dot[16] = '0';
  for (const std::string& bad :
       {std::string(), upper, no_dot, text + "\n", " " + text, text.substr(1), text + text}) {
    const absl::Status status = ParseToken(bad).status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument);
    EXPECT_EQ(status.message().find(token.secret), absl::string_view::npos) << "it is a secret";
  }
}

}  // namespace
}  // namespace belay
