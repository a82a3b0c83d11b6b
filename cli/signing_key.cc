#include "cli/signing_key.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/files.h"
#include "cli/passphrase.h"
#include "common/base/safe_text.h"
#include "common/base/status_macros.h"
#include "common/pkcs11/pkcs11_signer.h"

namespace belay {

absl::StatusOr<std::unique_ptr<Ed25519Signer>> OpenSigningKey(const SigningKey& which) {
  if (IsPkcs11Uri(which.key)) {
    const auto ask = [&which](const std::string& token) {
      return Passphrase(which.passphrase_file, "PIN of token " + SafeLine(token), false);
    };
    return Pkcs11Signer::Open(which.key, ask);
  }
  ASSIGN_OR_RETURN(const std::string pem, ReadUserFile(which.key));
  if (!IsEncryptedKeyPem(pem)) {
    ASSIGN_OR_RETURN(Ed25519PrivateKey key, Ed25519PrivateKey::FromPem(pem));
    return std::make_unique<Ed25519PrivateKey>(std::move(key));
  }
  ASSIGN_OR_RETURN(
      const std::string passphrase,
      Passphrase(which.passphrase_file, "Passphrase of " + SafeLine(which.key), false));
  ASSIGN_OR_RETURN(Ed25519PrivateKey key, Ed25519PrivateKey::FromEncryptedPem(pem, passphrase));
  return std::make_unique<Ed25519PrivateKey>(std::move(key));
}

int FailKey(Session& session, const absl::Status& status) {
  const bool none = absl::IsNotFound(status);
  return Fail(session, status,
              none ? "belayctl key generate --out BASE" : "belayctl plan sign --help");
}

}  // namespace belay
