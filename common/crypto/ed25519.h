// Ed25519 keys (RFC 8032) and their PEM files (PKCS#8 private, SubjectPublicKeyInfo public).
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace belay {

class Ed25519PublicKey {
 public:
  static absl::StatusOr<Ed25519PublicKey> FromPem(std::string_view pem);
  static absl::StatusOr<Ed25519PublicKey> FromRaw(std::string_view raw);  // its 32 bytes
  bool Verify(std::string_view message, std::string_view signature) const;
  const std::string& id() const { return id_; }  // lower-case hex SHA-256 of the 32 raw bytes
  std::string ToPem() const;

 private:
  friend class Ed25519PrivateKey;
  std::string raw_;
  std::string id_;
};

// What can sign: a key in memory, or one that never leaves its token (common/pkcs11).
class Ed25519Signer {
 public:
  Ed25519Signer() = default;
  Ed25519Signer(const Ed25519Signer&) = default;
  Ed25519Signer& operator=(const Ed25519Signer&) = default;
  virtual ~Ed25519Signer() = default;
  virtual Ed25519PublicKey Public() const = 0;
  virtual absl::StatusOr<std::string> TrySign(std::string_view message) const = 0;
};

// Is this PEM a key that needs a passphrase?
bool IsEncryptedKeyPem(std::string_view pem);

class Ed25519PrivateKey final : public Ed25519Signer {
 public:
  static absl::StatusOr<Ed25519PrivateKey> Generate();
  static absl::StatusOr<Ed25519PrivateKey> FromPem(std::string_view pem);
  // PERMISSION_DENIED: not with this passphrase.
  static absl::StatusOr<Ed25519PrivateKey> FromEncryptedPem(std::string_view pem,
                                                            const std::string& passphrase);
  Ed25519PrivateKey(Ed25519PrivateKey&&) noexcept;
  Ed25519PrivateKey& operator=(Ed25519PrivateKey&&) noexcept;
  ~Ed25519PrivateKey() override;  // wipes
  std::string Sign(std::string_view message) const;
  absl::StatusOr<std::string> TrySign(std::string_view message) const override;
  Ed25519PublicKey Public() const override;
  std::string ToPem() const;
  // AES-256 under a key that scrypt makes of the passphrase (16 MiB, tens of milliseconds).
  absl::StatusOr<std::string> ToEncryptedPem(const std::string& passphrase) const;

 private:
  Ed25519PrivateKey();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace belay
