#include <openssl/rand.h>

#include <cstdlib>

#include "absl/strings/escaping.h"
#include "common/base/status_macros.h"
#include "common/crypto/openssl.h"
#include "common/crypto/x509.h"

namespace belay {

absl::StatusOr<std::string> GenerateP256KeyPem() {
  const openssl::PkeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  if (key == nullptr) return openssl::Error("generate an ECDSA P-256 key");
  return openssl::PrivateKeyToPem(key.get());
}

absl::StatusOr<std::string> MakeCsrPem(std::string_view private_key_pem) {
  ASSIGN_OR_RETURN(const openssl::PkeyPtr key, openssl::ReadPrivateKey(private_key_pem));
  RETURN_IF_ERROR(openssl::RequireP256(key.get(), "the private key"));
  // No subject: the name of a certificate is the issuer's to give.
  const openssl::RequestPtr request(X509_REQ_new());
  if (request == nullptr || X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
      X509_REQ_set_pubkey(request.get(), key.get()) != 1 ||
      X509_REQ_sign(request.get(), key.get(), EVP_sha256()) <= 0) {
    return openssl::Error("make a certificate request");
  }
  return openssl::RequestToPem(request.get());
}

absl::StatusOr<std::string> CsrKeySha256(std::string_view csr_pem) {
  ASSIGN_OR_RETURN(const openssl::RequestPtr request, openssl::ReadRequest(csr_pem));
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  RETURN_IF_ERROR(openssl::RequireP256(key, "the certificate request"));
  if (X509_REQ_verify(request.get(), key) != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("the certificate request is not signed by its own key: ",
                     openssl::Error("verify").message()));
  }
  return openssl::KeySha256(X509_REQ_get_X509_PUBKEY(request.get()));
}

std::string RandomToken(std::size_t bytes) {
  std::string raw(bytes, '\0');
  // A token that is not random is worse than no program.
  if (RAND_bytes(reinterpret_cast<unsigned char*>(raw.data()), static_cast<int>(bytes)) != 1) {
    std::abort();
  }
  std::string hex = absl::BytesToHexString(raw);
  OPENSSL_cleanse(raw.data(), raw.size());
  return hex;
}

}  // namespace belay
