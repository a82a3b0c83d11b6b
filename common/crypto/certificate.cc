#include <openssl/err.h>

#include <ctime>

#include "absl/strings/str_cat.h"
#include "common/base/digest.h"
#include "common/base/status_macros.h"
#include "common/base/time_text.h"
#include "common/crypto/openssl.h"
#include "common/crypto/x509.h"

namespace belay {
namespace {

absl::StatusOr<std::int64_t> ToUnix(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
    ERR_clear_error();
    return absl::InvalidArgumentError("the certificate has a date that cannot be read");
  }
  return static_cast<std::int64_t>(timegm(&parts));
}

std::string Text(const ASN1_STRING* string) {  // by length: a NUL inside must not cut it short
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
                     static_cast<std::size_t>(ASN1_STRING_length(string)));
}

absl::StatusOr<std::string> DerSha256(X509* certificate) {
  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate, &der);
  if (length <= 0) return openssl::Error("encode a certificate");
  std::string digest = Sha256Hex(
      std::string_view(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length)));
  OPENSSL_free(der);
  return digest;
}

absl::StatusOr<CertificateFacts> Facts(X509* certificate) {
  CertificateFacts facts;
  ASSIGN_OR_RETURN(facts.sha256, DerSha256(certificate));
  ASSIGN_OR_RETURN(facts.not_before_unix, ToUnix(X509_get0_notBefore(certificate)));
  ASSIGN_OR_RETURN(facts.not_after_unix, ToUnix(X509_get0_notAfter(certificate)));
  facts.is_ca = X509_check_ca(certificate) == 1;
  ASSIGN_OR_RETURN(facts.key_sha256, openssl::KeySha256(X509_get_X509_PUBKEY(certificate)));
  int critical = -1;
  const openssl::NamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, nullptr)));
  if (names == nullptr && critical != -1) {  // -1: there is none; else: twice, or not readable
    ERR_clear_error();
    return absl::InvalidArgumentError("the certificate's subject alternative names cannot be read");
  }
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int type = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type);
    if (type == GEN_URI) facts.uris.push_back(Text(static_cast<const ASN1_STRING*>(value)));
    if (type == GEN_DNS) facts.dns_names.push_back(Text(static_cast<const ASN1_STRING*>(value)));
  }
  return facts;
}

std::vector<X509*> Borrow(const std::vector<openssl::X509Ptr>& owned) {
  std::vector<X509*> borrowed;
  borrowed.reserve(owned.size());
  for (const openssl::X509Ptr& certificate : owned) borrowed.push_back(certificate.get());
  return borrowed;
}

}  // namespace

absl::StatusOr<CertificateFacts> ReadCertificate(std::string_view pem) {
  ASSIGN_OR_RETURN(const std::vector<openssl::X509Ptr> chain, openssl::ReadCertificates(pem));
  return Facts(chain.front().get());
}

absl::Status CheckKeyPair(const KeyPair& pair, std::string_view ca_pem, std::int64_t now_unix) {
  ASSIGN_OR_RETURN(const openssl::PkeyPtr key, openssl::ReadPrivateKey(pair.private_key_pem));
  ASSIGN_OR_RETURN(const std::vector<openssl::X509Ptr> chain,
                   openssl::ReadCertificates(pair.certificate_pem));
  ASSIGN_OR_RETURN(const std::vector<openssl::X509Ptr> roots, openssl::ReadCertificates(ca_pem));
  RETURN_IF_ERROR(openssl::RequireP256(key.get(), "the private key"));
  X509* leaf = chain.front().get();
  if (X509_check_private_key(leaf, key.get()) != 1) {
    ERR_clear_error();
    return absl::FailedPreconditionError("the private key does not belong to the certificate");
  }
  ASSIGN_OR_RETURN(const CertificateFacts facts, Facts(leaf));
  if (now_unix < facts.not_before_unix || now_unix > facts.not_after_unix) {
    return absl::FailedPreconditionError(
        absl::StrCat("the certificate is valid from ", FormatUnixSeconds(facts.not_before_unix),
                     " to ", FormatUnixSeconds(facts.not_after_unix), ", and now it is ",
                     FormatUnixSeconds(now_unix), "; renew it, or set this machine's clock"));
  }
  const std::vector<X509*> trusted = Borrow(roots);
  const std::vector<X509*> presented = Borrow(chain);
  return WithContext(
      openssl::VerifyChain(
          {.leaf = leaf, .roots = trusted, .intermediates = presented, .now_unix = now_unix}),
      "the certificate is not vouched for by the CA");
}

absl::StatusOr<std::string> CaHash(std::string_view ca_pem) {
  ASSIGN_OR_RETURN(const openssl::X509Ptr ca, openssl::ReadOneCertificate(ca_pem));
  if (X509_check_ca(ca.get()) != 1) {
    return absl::InvalidArgumentError("the certificate is not a CA's");
  }
  ASSIGN_OR_RETURN(const std::string digest, openssl::KeySha256(X509_get_X509_PUBKEY(ca.get())));
  return absl::StrCat("sha256:", digest);
}

}  // namespace belay
