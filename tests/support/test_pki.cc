#include "tests/support/test_pki.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "absl/status/statusor.h"
#include "common/crypto/openssl.h"

namespace belay {
namespace {

template <class T>
T Must(absl::StatusOr<T> result) {
  if (!result.ok()) {
    std::fprintf(stderr, "test_pki: %s\n", result.status().ToString().c_str());
    std::abort();
  }
  return *std::move(result);
}

void MustBe(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "test_pki: %s failed\n", what);
  std::abort();
}

void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  MustBe(file.good(), "writing a file");
}

void AddNames(X509* x, const Forgery& forgery) {
  const openssl::NamesPtr names(GENERAL_NAMES_new());
  const auto add = [&names](int type, const std::string& text) {
    GENERAL_NAME* name = GENERAL_NAME_new();
    ASN1_IA5STRING* string = ASN1_IA5STRING_new();
    ASN1_STRING_set(string, text.data(), static_cast<int>(text.size()));
    GENERAL_NAME_set0_value(name, type, string);
    sk_GENERAL_NAME_push(names.get(), name);
  };
  for (const std::string& uri : forgery.uris) add(GEN_URI, uri);
  for (const std::string& dns : forgery.dns_names) add(GEN_DNS, dns);
  if (sk_GENERAL_NAME_num(names.get()) == 0) return;
  MustBe(X509_add1_ext_i2d(x, NID_subject_alt_name, names.get(), 0, 0) == 1, "adding names");
}

}  // namespace

TestPki::TestPki() : ca_(Must(MakeCa("test-ca", Now()))) {
  RequireTls13();
  std::string pattern = (std::filesystem::temp_directory_path() / "belay-pki-XXXXXX").string();
  MustBe(mkdtemp(pattern.data()) != nullptr, "mkdtemp");
  directory_ = pattern;
  WriteFile(directory_ + "/ca.pem", ca_.certificate_pem);
}

TestPki::~TestPki() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::int64_t TestPki::Now() { return std::time(nullptr); }
std::string TestPki::ca_hash() const { return Must(CaHash(ca_.certificate_pem)); }

TlsFiles TestPki::Write(const KeyPair& pair) {
  const std::string stem = directory_ + "/" + std::to_string(++written_);
  WriteFile(stem + ".key", pair.private_key_pem);
  WriteFile(stem + ".pem", pair.certificate_pem);
  return {stem + ".key", stem + ".pem", directory_ + "/ca.pem"};
}

TlsFiles TestPki::IssueTo(const Identity& identity) {
  IssueRequest request;
  request.identity = identity;
  request.now_unix = Now();
  request.valid_seconds = 86400;
  if (std::holds_alternative<CoordinatorIdentity>(identity)) {
    request.dns_names = {kServerName, "localhost"};
  }
  return Write(Must(Issue(ca_, request)));
}

TlsFiles TestPki::Server() { return IssueTo(CoordinatorIdentity{}); }
TlsFiles TestPki::Node(const std::string& cluster, const std::string& node) {
  return IssueTo(NodeIdentity{cluster, node});
}
TlsFiles TestPki::Operator(const std::string& name) { return IssueTo(OperatorIdentity{name}); }

KeyPair Forge(const KeyPair& ca, const Forgery& forgery) {
  const openssl::X509Ptr issuer = Must(openssl::ReadOneCertificate(ca.certificate_pem));
  const openssl::PkeyPtr ca_key = Must(openssl::ReadPrivateKey(ca.private_key_pem));
  KeyPair pair{Must(GenerateP256KeyPem()), ""};
  const openssl::PkeyPtr key = Must(openssl::ReadPrivateKey(pair.private_key_pem));
  const openssl::X509Ptr certificate(X509_new());
  X509* x = certificate.get();
  const std::int64_t from =
      forgery.not_before_unix == 0 ? TestPki::Now() - 60 : forgery.not_before_unix;
  const std::int64_t to =
      forgery.not_after_unix == 0 ? TestPki::Now() + 86400 : forgery.not_after_unix;
  MustBe(X509_set_version(x, X509_VERSION_3) == 1 && X509_set_pubkey(x, key.get()) == 1 &&
             X509_set_issuer_name(x, X509_get_subject_name(issuer.get())) == 1 &&
             ASN1_INTEGER_set(X509_get_serialNumber(x), 7) == 1 &&
             X509_NAME_add_entry_by_NID(
                 X509_get_subject_name(x), NID_commonName, MBSTRING_UTF8,
                 reinterpret_cast<const unsigned char*>(forgery.common_name.data()),
                 static_cast<int>(forgery.common_name.size()), -1, 0) == 1 &&
             ASN1_TIME_set(X509_getm_notBefore(x), from) != nullptr &&
             ASN1_TIME_set(X509_getm_notAfter(x), to) != nullptr,
         "forging a certificate");
  const openssl::ExtensionPtr purposes(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_ext_key_usage, forgery.purposes));
  MustBe(purposes != nullptr && X509_add_ext(x, purposes.get(), -1) == 1, "adding purposes");
  AddNames(x, forgery);
  MustBe(X509_sign(x, ca_key.get(), EVP_sha256()) > 0, "signing");
  pair.certificate_pem = Must(openssl::CertificateToPem(x));
  return pair;
}

}  // namespace belay
