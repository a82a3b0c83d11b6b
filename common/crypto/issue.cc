#include <openssl/err.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"
#include "common/base/time_text.h"
#include "common/crypto/openssl.h"
#include "common/crypto/x509.h"

namespace belay {
namespace {

constexpr std::int64_t kCaSeconds = 3650LL * 86400;
constexpr int kSerialBits = 127;  // positive, and within RFC 5280's 20 octets

absl::Status SetSerial(X509* certificate) {
  const openssl::BnPtr number(BN_new());
  if (number == nullptr ||
      BN_rand(number.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) != 1 ||
      BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) == nullptr) {
    return openssl::Error("make a serial number");
  }
  return absl::OkStatus();
}

absl::Status SetCommonName(X509* certificate, std::string_view name) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  if (X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(name.data()),
                                 static_cast<int>(name.size()), -1, 0) != 1) {
    return openssl::Error(absl::StrCat("name a certificate '", openssl::Absl(name), "'"));
  }
  return absl::OkStatus();
}

absl::Status SetValidity(X509* certificate, std::int64_t from, std::int64_t to) {
  if (ASN1_TIME_set(X509_getm_notBefore(certificate), from) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(certificate), to) == nullptr) {
    return openssl::Error("set a certificate's dates");
  }
  return absl::OkStatus();
}

// `value` is OpenSSL's configuration language: only ever a constant of ours.
absl::Status AddExtension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const openssl::ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  if (extension == nullptr || X509_add_ext(certificate, extension.get(), -1) != 1) {
    return openssl::Error(absl::StrCat("add the extension ", OBJ_nid2sn(nid)));
  }
  return absl::OkStatus();
}

absl::Status AddName(GENERAL_NAMES* names, int type, std::string_view text) {
  openssl::NamePtr name(GENERAL_NAME_new());
  if (name == nullptr) return openssl::Error("name");
  if (type == GEN_IPADD) {
    ASN1_OCTET_STRING* address = a2i_IPADDRESS(std::string(text).c_str());
    if (address == nullptr) {
      ERR_clear_error();
      return absl::InvalidArgumentError(
          absl::StrCat("'", openssl::Absl(text), "' is not an IP address"));
    }
    GENERAL_NAME_set0_value(name.get(), GEN_IPADD, address);
  } else {
    ASN1_IA5STRING* string = ASN1_IA5STRING_new();
    if (string == nullptr ||
        ASN1_STRING_set(string, text.data(), static_cast<int>(text.size())) != 1) {
      ASN1_IA5STRING_free(string);
      return openssl::Error("name");
    }
    GENERAL_NAME_set0_value(name.get(), type, string);
  }
  if (sk_GENERAL_NAME_push(names, name.get()) <= 0) return openssl::Error("name");
  static_cast<void>(name.release());  // owned by `names` now
  return absl::OkStatus();
}

absl::Status AddNames(X509* certificate, const IssueRequest& request) {
  const openssl::NamesPtr names(GENERAL_NAMES_new());
  if (names == nullptr) return openssl::Error("name");
  RETURN_IF_ERROR(AddName(names.get(), GEN_URI, IdentityUri(request.identity)));
  for (const std::string& dns : request.dns_names) {
    if (!IsValidName(dns)) {
      return absl::InvalidArgumentError(absl::StrCat("'", dns, "' is not a DNS name"));
    }
    RETURN_IF_ERROR(AddName(names.get(), GEN_DNS, dns));
  }
  for (const std::string& ip : request.ip_addresses) {
    RETURN_IF_ERROR(AddName(names.get(), GEN_IPADD, ip));
  }
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) != 1) {
    return openssl::Error("add the subject alternative names");
  }
  return absl::OkStatus();
}

std::string CommonName(const Identity& identity) {  // for people; nothing reads it
  if (const auto* node = std::get_if<NodeIdentity>(&identity)) return node->node;
  if (const auto* person = std::get_if<OperatorIdentity>(&identity)) return person->name;
  return "belay-coordinator";
}

absl::Status CheckRequest(const IssueRequest& request) {
  RETURN_IF_ERROR(WithContext(ParseIdentityUri(IdentityUri(request.identity)).status(),
                              "issue a certificate: a name in the identity is not valid"));
  if (request.valid_seconds <= 0) {
    return absl::InvalidArgumentError("issue a certificate: it would never be valid");
  }
  const bool coordinator = std::holds_alternative<CoordinatorIdentity>(request.identity);
  if (!coordinator && !(request.dns_names.empty() && request.ip_addresses.empty())) {
    return absl::InvalidArgumentError("only the coordinator's certificate may name hosts");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> IssueFor(const KeyPair& ca, EVP_PKEY* public_key,
                                     const IssueRequest& request) {
  RETURN_IF_ERROR(CheckRequest(request));
  // The CA vouches for itself: this also checks its key and its dates.
  RETURN_IF_ERROR(WithContext(CheckKeyPair(ca, ca.certificate_pem, request.now_unix), "the CA"));
  ASSIGN_OR_RETURN(const CertificateFacts ca_facts, ReadCertificate(ca.certificate_pem));
  if (!ca_facts.is_ca) return absl::FailedPreconditionError("the issuer is not a CA");
  ASSIGN_OR_RETURN(const openssl::X509Ptr issuer, openssl::ReadOneCertificate(ca.certificate_pem));
  ASSIGN_OR_RETURN(const openssl::PkeyPtr ca_key, openssl::ReadPrivateKey(ca.private_key_pem));
  const openssl::X509Ptr certificate(X509_new());
  X509* x = certificate.get();
  if (x == nullptr || X509_set_version(x, X509_VERSION_3) != 1 ||
      X509_set_pubkey(x, public_key) != 1 ||
      X509_set_issuer_name(x, X509_get_subject_name(issuer.get())) != 1) {
    return openssl::Error("issue a certificate");
  }
  RETURN_IF_ERROR(SetSerial(x));
  RETURN_IF_ERROR(SetCommonName(x, CommonName(request.identity)));
  RETURN_IF_ERROR(
      SetValidity(x, request.now_unix - kBeginsEarlySeconds,
                  std::min(request.now_unix + request.valid_seconds, ca_facts.not_after_unix)));
  const bool coordinator = std::holds_alternative<CoordinatorIdentity>(request.identity);
  RETURN_IF_ERROR(AddExtension(x, issuer.get(), NID_basic_constraints, "critical,CA:FALSE"));
  RETURN_IF_ERROR(AddExtension(x, issuer.get(), NID_key_usage, "critical,digitalSignature"));
  RETURN_IF_ERROR(AddExtension(x, issuer.get(), NID_ext_key_usage,
                               coordinator ? "serverAuth,clientAuth" : "clientAuth"));
  RETURN_IF_ERROR(AddExtension(x, issuer.get(), NID_subject_key_identifier, "hash"));
  RETURN_IF_ERROR(AddExtension(x, issuer.get(), NID_authority_key_identifier, "keyid:always"));
  RETURN_IF_ERROR(AddNames(x, request));
  if (X509_sign(x, ca_key.get(), EVP_sha256()) <= 0) return openssl::Error("sign a certificate");
  return openssl::CertificateToPem(x);
}

}  // namespace

absl::StatusOr<KeyPair> MakeCa(std::string_view common_name, std::int64_t now_unix) {
  KeyPair ca;
  ASSIGN_OR_RETURN(ca.private_key_pem, GenerateP256KeyPem());
  ASSIGN_OR_RETURN(const openssl::PkeyPtr key, openssl::ReadPrivateKey(ca.private_key_pem));
  const openssl::X509Ptr certificate(X509_new());
  X509* x = certificate.get();
  if (x == nullptr || X509_set_version(x, X509_VERSION_3) != 1 ||
      X509_set_pubkey(x, key.get()) != 1) {
    return openssl::Error("make a CA");
  }
  RETURN_IF_ERROR(SetSerial(x));
  RETURN_IF_ERROR(SetCommonName(x, common_name));
  if (X509_set_issuer_name(x, X509_get_subject_name(x)) != 1) return openssl::Error("make a CA");
  RETURN_IF_ERROR(SetValidity(x, now_unix - kBeginsEarlySeconds, now_unix + kCaSeconds));
  RETURN_IF_ERROR(AddExtension(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0"));
  RETURN_IF_ERROR(AddExtension(x, x, NID_key_usage, "critical,keyCertSign"));
  RETURN_IF_ERROR(AddExtension(x, x, NID_subject_key_identifier, "hash"));
  if (X509_sign(x, key.get(), EVP_sha256()) <= 0) return openssl::Error("sign the CA certificate");
  ASSIGN_OR_RETURN(ca.certificate_pem, openssl::CertificateToPem(x));
  return ca;
}

absl::StatusOr<std::string> IssueFromCsr(const KeyPair& ca, std::string_view csr_pem,
                                         const IssueRequest& request) {
  RETURN_IF_ERROR(CsrKeySha256(csr_pem).status());  // P-256, and the sender has the key
  ASSIGN_OR_RETURN(const openssl::RequestPtr csr, openssl::ReadRequest(csr_pem));
  return IssueFor(ca, X509_REQ_get0_pubkey(csr.get()), request);
}

absl::StatusOr<KeyPair> Issue(const KeyPair& ca, const IssueRequest& request) {
  KeyPair pair;
  ASSIGN_OR_RETURN(pair.private_key_pem, GenerateP256KeyPem());
  ASSIGN_OR_RETURN(const openssl::PkeyPtr key, openssl::ReadPrivateKey(pair.private_key_pem));
  ASSIGN_OR_RETURN(pair.certificate_pem, IssueFor(ca, key.get(), request));
  return pair;
}

}  // namespace belay
