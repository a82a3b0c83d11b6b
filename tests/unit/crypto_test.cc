#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "common/base/digest.h"
#include "common/crypto/ed25519.h"
#include "common/crypto/openssl.h"
#include "common/crypto/x509.h"

namespace belay {
namespace {

constexpr std::int64_t kNow = 1'790'000'000;
constexpr std::int64_t kDay = 86400;

IssueRequest RequestFor(const Identity& identity) {
  IssueRequest request;
  request.identity = identity;
  request.now_unix = kNow;
  request.valid_seconds = 30 * kDay;
  return request;
}

KeyPair Ca() { return *MakeCa("test", kNow); }

TEST(Ed25519, SignsWhatTheOtherHalfVerifies) {
  const auto key = Ed25519PrivateKey::Generate();
  ASSERT_TRUE(key.ok());
  const std::string signature = key->Sign("plan");
  EXPECT_EQ(signature.size(), 64u);
  EXPECT_TRUE(key->Public().Verify("plan", signature));
  EXPECT_FALSE(key->Public().Verify("plan!", signature));
  EXPECT_FALSE(key->Public().Verify("plan", signature.substr(1)));
  EXPECT_FALSE(key->Public().Verify("plan", signature + "x"));
  EXPECT_FALSE(key->Public().Verify("plan", ""));
  std::string flipped = signature;
  flipped[10] = static_cast<char>(flipped[10] ^ 1);
  EXPECT_FALSE(key->Public().Verify("plan", flipped));
  EXPECT_FALSE(Ed25519PrivateKey::Generate()->Public().Verify("plan", signature));
}

TEST(Ed25519, AgreesWithTestVectorOneOfRfc8032) {
  const auto key = Ed25519PrivateKey::FromPem(
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
      "-----END PRIVATE KEY-----\n");
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(absl::BytesToHexString(key->Sign("")),
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
  EXPECT_EQ(key->Public().id(),
            Sha256Hex(absl::HexStringToBytes(
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")));
}

TEST(Ed25519, SurvivesItsPemFiles) {
  const auto key = Ed25519PrivateKey::Generate();
  const auto again = Ed25519PrivateKey::FromPem(key->ToPem());
  ASSERT_TRUE(again.ok()) << again.status();
  const auto half = Ed25519PublicKey::FromPem(key->Public().ToPem());
  ASSERT_TRUE(half.ok()) << half.status();
  EXPECT_TRUE(half->Verify("m", again->Sign("m")));
  EXPECT_EQ(half->id(), key->Public().id());
  EXPECT_EQ(half->id().size(), 64u);
}

TEST(Ed25519, RefusesEverythingElse) {
  const std::string ed = Ed25519PrivateKey::Generate()->ToPem();
  const std::string p256 = *GenerateP256KeyPem();
  const std::string pub = Ed25519PrivateKey::Generate()->Public().ToPem();
  const std::vector<std::string> bad_private = {"",
                                                "x",
                                                p256,
                                                pub,
                                                ed + ed,
                                                ed + "x",
                                                "x" + ed,
                                                ed.substr(0, ed.size() / 2),
                                                std::string(70'000, '\n')};
  for (const std::string& pem : bad_private) {
    EXPECT_EQ(Ed25519PrivateKey::FromPem(pem).status().code(), absl::StatusCode::kInvalidArgument)
        << pem.substr(0, 200);
  }
  for (const std::string& pem : {std::string(), ed, pub + pub, pub + ed}) {
    EXPECT_EQ(Ed25519PublicKey::FromPem(pem).status().code(), absl::StatusCode::kInvalidArgument)
        << pem;
  }
}

TEST(Ed25519, NeverAsksForAPassphrase) {
  const auto pem = Ed25519PrivateKey::FromPem(
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGb\n-----END ENCRYPTED PRIVATE KEY-----\n");
  EXPECT_EQ(pem.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(IdentityUri, IsReadBackAsItWasWritten) {
  const std::vector<Identity> identities = {NodeIdentity{"prod-eu", "cp-1.example"},
                                            OperatorIdentity{"ana"}, CoordinatorIdentity{}};
  for (const Identity& identity : identities) {
    const auto again = ParseIdentityUri(IdentityUri(identity));
    ASSERT_TRUE(again.ok()) << IdentityUri(identity);
    EXPECT_EQ(*again, identity);
  }
}

TEST(IdentityUri, RefusesWhatIsNotExactlyOne) {
  for (const char* uri : {"",
                          "spiffe://belay",
                          "spiffe://belay/",
                          "spiffe://other/coordinator",
                          "spiffe://belay/coordinator/",
                          "spiffe://belay/coordinator?x",
                          "SPIFFE://belay/coordinator",
                          "spiffe://belay/operator/",
                          "spiffe://belay/operator/A",
                          "spiffe://belay/operator/a/b",
                          "spiffe://belay/operator/..",
                          "spiffe://belay/cluster/c/node/",
                          "spiffe://belay/cluster//node/n",
                          "spiffe://belay/cluster/c/node/n/x",
                          "spiffe://belay/cluster/c/n",
                          "spiffe://belay/node/n",
                          "spiffe://belay//cluster/c/node/n",
                          "spiffe://belay/cluster/c%2f/node/n",
                          "spiffe://belay/cluster/c/node/n\n",
                          "https://belay/coordinator"}) {
    EXPECT_FALSE(ParseIdentityUri(uri).ok()) << uri;
  }
}

TEST(Certificate, CarriesOneUriAndNothingOfTheRequest) {
  const KeyPair ca = Ca();
  const std::string key = *GenerateP256KeyPem();
  const auto pem = IssueFromCsr(ca, *MakeCsrPem(key), RequestFor(NodeIdentity{"c", "n"}));
  ASSERT_TRUE(pem.ok()) << pem.status();
  const auto facts = ReadCertificate(*pem);
  ASSERT_TRUE(facts.ok());
  EXPECT_EQ(facts->uris, std::vector<std::string>{"spiffe://belay/cluster/c/node/n"});
  EXPECT_TRUE(facts->dns_names.empty());
  EXPECT_FALSE(facts->is_ca);
  EXPECT_EQ(facts->not_before_unix, kNow - 300);
  EXPECT_EQ(facts->not_after_unix, kNow + 30 * kDay);
  EXPECT_TRUE(CheckKeyPair({key, *pem}, ca.certificate_pem, kNow).ok());
}

TEST(Certificate, HasOnlyThePurposesOfItsRole) {
  const KeyPair ca = Ca();
  const auto flags = [&ca](const Identity& identity) {
    const auto pair = Issue(ca, RequestFor(identity));
    const auto x = openssl::ReadOneCertificate(pair->certificate_pem);
    EXPECT_EQ(X509_get_key_usage(x->get()), static_cast<std::uint32_t>(KU_DIGITAL_SIGNATURE));
    const int at = X509_get_ext_by_NID(x->get(), NID_basic_constraints, -1);
    EXPECT_EQ(X509_EXTENSION_get_critical(X509_get_ext(x->get(), at)), 1);
    EXPECT_EQ(X509_check_ca(x->get()), 0);
    return X509_get_extended_key_usage(x->get());
  };
  EXPECT_EQ(flags(NodeIdentity{"c", "n"}), static_cast<std::uint32_t>(XKU_SSL_CLIENT));
  EXPECT_EQ(flags(OperatorIdentity{"o"}), static_cast<std::uint32_t>(XKU_SSL_CLIENT));
  EXPECT_EQ(flags(CoordinatorIdentity{}),
            static_cast<std::uint32_t>(XKU_SSL_SERVER | XKU_SSL_CLIENT));
}

TEST(Certificate, OfTheCaMaySignLeavesOnly) {
  const KeyPair ca = Ca();
  const auto x = openssl::ReadOneCertificate(ca.certificate_pem);
  ASSERT_TRUE(x.ok());
  EXPECT_EQ(X509_check_ca(x->get()), 1);
  EXPECT_EQ(X509_get_pathlen(x->get()), 0);
  EXPECT_EQ(X509_get_key_usage(x->get()), static_cast<std::uint32_t>(KU_KEY_CERT_SIGN));
  EXPECT_TRUE(ReadCertificate(ca.certificate_pem)->is_ca);
}

TEST(Certificate, SerialsAreRandom) {
  const KeyPair ca = Ca();
  const auto serial = [&ca] {
    const auto pair = Issue(ca, RequestFor(OperatorIdentity{"o"}));
    const auto x = openssl::ReadOneCertificate(pair->certificate_pem);
    const openssl::BnPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(x->get()), nullptr));
    EXPECT_EQ(BN_num_bits(number.get()), 127);
    return Sha256Hex(pair->certificate_pem);
  };
  EXPECT_NE(serial(), serial());
}

TEST(Certificate, IsNotIssuedForBadNamesOrByNonCas) {
  const KeyPair ca = Ca();
  EXPECT_FALSE(Issue(ca, RequestFor(NodeIdentity{"c", "N"})).ok());
  EXPECT_FALSE(Issue(ca, RequestFor(NodeIdentity{"", "n"})).ok());
  EXPECT_FALSE(Issue(ca, RequestFor(OperatorIdentity{"a/b"})).ok());
  IssueRequest host = RequestFor(NodeIdentity{"c", "n"});
  host.dns_names = {"belay-coordinator"};
  EXPECT_FALSE(Issue(ca, host).ok()) << "a node must never be able to pose as the coordinator";
  IssueRequest bad_dns = RequestFor(CoordinatorIdentity{});
  bad_dns.dns_names = {"a,DNS:b"};
  EXPECT_FALSE(Issue(ca, bad_dns).ok());
  IssueRequest bad_ip = RequestFor(CoordinatorIdentity{});
  bad_ip.ip_addresses = {"300.1.1.1"};
  EXPECT_FALSE(Issue(ca, bad_ip).ok());
  IssueRequest no_time = RequestFor(CoordinatorIdentity{});
  no_time.valid_seconds = 0;
  EXPECT_FALSE(Issue(ca, no_time).ok());
  const KeyPair leaf = *Issue(ca, RequestFor(CoordinatorIdentity{}));
  EXPECT_FALSE(Issue(leaf, RequestFor(OperatorIdentity{"o"})).ok());
  EXPECT_FALSE(
      Issue({Ca().private_key_pem, ca.certificate_pem}, RequestFor(OperatorIdentity{"o"})).ok());
}

TEST(Certificate, NeverOutlivesItsCa) {
  const KeyPair ca = Ca();
  IssueRequest request = RequestFor(OperatorIdentity{"o"});
  request.valid_seconds = 20 * 365 * kDay;
  const auto pair = Issue(ca, request);
  ASSERT_TRUE(pair.ok());
  EXPECT_EQ(ReadCertificate(pair->certificate_pem)->not_after_unix,
            ReadCertificate(ca.certificate_pem)->not_after_unix);
}

TEST(KeyPair, IsRefusedWhenAnythingAboutItIsWrong) {
  const KeyPair ca = Ca();
  const KeyPair good = *Issue(ca, RequestFor(NodeIdentity{"c", "n"}));
  EXPECT_TRUE(CheckKeyPair(good, ca.certificate_pem, kNow).ok());
  EXPECT_FALSE(CheckKeyPair(good, Ca().certificate_pem, kNow).ok()) << "another CA";
  EXPECT_FALSE(
      CheckKeyPair({*GenerateP256KeyPem(), good.certificate_pem}, ca.certificate_pem, kNow).ok());
  EXPECT_FALSE(CheckKeyPair(good, ca.certificate_pem, kNow - 301).ok()) << "not yet";
  const absl::Status expired = CheckKeyPair(good, ca.certificate_pem, kNow + 30 * kDay + 1);
  EXPECT_EQ(expired.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(expired.message().find("renew"), absl::string_view::npos) << expired;
  EXPECT_FALSE(CheckKeyPair(good, good.certificate_pem, kNow).ok()) << "a leaf is no CA";
}

TEST(Csr, IsBoundToItsKey) {
  const std::string key = *GenerateP256KeyPem();
  const auto first = CsrKeySha256(*MakeCsrPem(key));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(*first, *CsrKeySha256(*MakeCsrPem(key)));
  EXPECT_NE(*first, *CsrKeySha256(*MakeCsrPem(*GenerateP256KeyPem())));
}

TEST(Csr, IsRefusedWithAnotherKindOfKeyOrSignature) {
  EXPECT_FALSE(MakeCsrPem(Ed25519PrivateKey::Generate()->ToPem()).ok());
  EXPECT_FALSE(CsrKeySha256("").ok());
  EXPECT_FALSE(
      CsrKeySha256("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n")
          .ok());
  const openssl::PkeyPtr rsa(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}));
  const openssl::PkeyPtr ec(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const openssl::RequestPtr request(X509_REQ_new());
  X509_REQ_set_pubkey(request.get(), rsa.get());
  X509_REQ_sign(request.get(), rsa.get(), EVP_sha256());
  EXPECT_FALSE(CsrKeySha256(*openssl::RequestToPem(request.get())).ok()) << "RSA";
  const openssl::PkeyPtr other(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  X509_REQ_set_pubkey(request.get(), ec.get());
  X509_REQ_sign(request.get(), other.get(), EVP_sha256());
  EXPECT_FALSE(CsrKeySha256(*openssl::RequestToPem(request.get())).ok()) << "somebody else's key";
}

TEST(CaHash, IsOfTheKeyAndOfCasOnly) {
  const KeyPair ca = Ca();
  const auto hash = CaHash(ca.certificate_pem);
  ASSERT_TRUE(hash.ok());
  EXPECT_EQ(hash->size(), 7u + 64u);
  EXPECT_EQ(hash->substr(0, 7), "sha256:");
  EXPECT_EQ(*hash, *CaHash("\n" + ca.certificate_pem + "\n"));
  EXPECT_NE(*hash, *CaHash(Ca().certificate_pem));
  EXPECT_FALSE(CaHash(ca.certificate_pem + ca.certificate_pem).ok());
  EXPECT_FALSE(CaHash(Issue(ca, RequestFor(CoordinatorIdentity{}))->certificate_pem).ok());
}

TEST(RandomToken, IsHexOfThatLengthAndNeverTheSame) {
  EXPECT_EQ(RandomToken(8).size(), 16u);
  EXPECT_NE(RandomToken(32), RandomToken(32));
  EXPECT_EQ(RandomToken(64).find_first_not_of("0123456789abcdef"), std::string::npos);
}

}  // namespace
}  // namespace belay
