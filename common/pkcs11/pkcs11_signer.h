// An Ed25519 key that never leaves its token: smart card, HSM, or SoftHSM.  Named by an RFC 7512
// URI, found through p11-kit's registered modules or the one that the URI names (module-path).
// One thread at a time; calls block for as long as the token takes.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/crypto/ed25519.h"

namespace belay {

bool IsPkcs11Uri(const std::string& text);

class Pkcs11Signer final : public Ed25519Signer {
 public:
  // For the token that is named; asked only where the token wants a login and the URI has no
  // pin-source (a file).  A pin-value is refused: everybody sees arguments.
  using AskPin = std::function<absl::StatusOr<std::string>(const std::string& token)>;

  // NOT_FOUND: no such token or key; INVALID_ARGUMENT: the URI, or several keys fit it;
  // PERMISSION_DENIED: the PIN.  A wrong PIN is tried once only: tokens lock themselves.
  static absl::StatusOr<std::unique_ptr<Pkcs11Signer>> Open(const std::string& uri,
                                                            const AskPin& ask_pin);
  ~Pkcs11Signer() override;
  Pkcs11Signer(const Pkcs11Signer&) = delete;
  Pkcs11Signer& operator=(const Pkcs11Signer&) = delete;

  Ed25519PublicKey Public() const override;
  absl::StatusOr<std::string> TrySign(std::string_view message) const override;

 private:
  Pkcs11Signer();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace belay
