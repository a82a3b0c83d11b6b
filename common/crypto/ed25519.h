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
  bool Verify(std::string_view message, std::string_view signature) const;
  const std::string& id() const { return id_; }  // lower-case hex SHA-256 of the 32 raw bytes
  std::string ToPem() const;

 private:
  friend class Ed25519PrivateKey;
  std::string raw_;
  std::string id_;
};

class Ed25519PrivateKey {
 public:
  static absl::StatusOr<Ed25519PrivateKey> Generate();
  static absl::StatusOr<Ed25519PrivateKey> FromPem(std::string_view pem);
  Ed25519PrivateKey(Ed25519PrivateKey&&) noexcept;
  Ed25519PrivateKey& operator=(Ed25519PrivateKey&&) noexcept;
  ~Ed25519PrivateKey();  // wipes
  std::string Sign(std::string_view message) const;
  Ed25519PublicKey Public() const;
  std::string ToPem() const;

 private:
  Ed25519PrivateKey();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace belay
