#include "common/crypto/ed25519.h"

#include <openssl/err.h>

#include <array>
#include <cstdlib>
#include <utility>

#include "common/base/digest.h"
#include "common/base/status_macros.h"
#include "common/crypto/openssl.h"

namespace belay {
namespace {

constexpr std::size_t kRawBytes = 32;
constexpr std::size_t kSignatureBytes = 64;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

absl::StatusOr<std::string> RawPublicKey(const EVP_PKEY* key) {
  std::array<unsigned char, kRawBytes> raw{};
  std::size_t length = raw.size();
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519 ||
      EVP_PKEY_get_raw_public_key(key, raw.data(), &length) != 1 || length != kRawBytes) {
    ERR_clear_error();
    return absl::InvalidArgumentError("the key is not an Ed25519 key");
  }
  return std::string(reinterpret_cast<const char*>(raw.data()), raw.size());
}

// Only for keys that were checked when they were made: then nothing but a lack of memory is left.
[[noreturn]] void Impossible() { std::abort(); }

}  // namespace

absl::StatusOr<Ed25519PublicKey> Ed25519PublicKey::FromPem(std::string_view pem) {
  ASSIGN_OR_RETURN(const openssl::PkeyPtr key, openssl::ReadPublicKey(pem));
  Ed25519PublicKey result;
  ASSIGN_OR_RETURN(result.raw_, RawPublicKey(key.get()));
  result.id_ = Sha256Hex(result.raw_);
  return result;
}

absl::StatusOr<Ed25519PublicKey> Ed25519PublicKey::FromRaw(std::string_view raw) {
  if (raw.size() != kRawBytes) {
    return absl::InvalidArgumentError("an Ed25519 public key has 32 bytes");
  }
  Ed25519PublicKey result;
  result.raw_ = std::string(raw);
  result.id_ = Sha256Hex(result.raw_);
  return result;
}

bool Ed25519PublicKey::Verify(std::string_view message, std::string_view signature) const {
  if (raw_.size() != kRawBytes || signature.size() != kSignatureBytes) return false;
  const openssl::PkeyPtr key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(raw_), raw_.size()));
  const openssl::DigestContextPtr context(EVP_MD_CTX_new());
  const bool valid =
      key != nullptr && context != nullptr &&
      EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
      EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(message),
                       message.size()) == 1;
  ERR_clear_error();
  return valid;
}

std::string Ed25519PublicKey::ToPem() const {
  const openssl::PkeyPtr key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(raw_), raw_.size()));
  if (key == nullptr) Impossible();
  absl::StatusOr<std::string> pem = openssl::PublicKeyToPem(key.get());
  if (!pem.ok()) Impossible();
  return *std::move(pem);
}

struct Ed25519PrivateKey::Impl {
  openssl::PkeyPtr key;  // OpenSSL wipes the secret when it frees it
};

Ed25519PrivateKey::Ed25519PrivateKey() : impl_(std::make_unique<Impl>()) {}
Ed25519PrivateKey::Ed25519PrivateKey(Ed25519PrivateKey&&) noexcept = default;
Ed25519PrivateKey& Ed25519PrivateKey::operator=(Ed25519PrivateKey&&) noexcept = default;
Ed25519PrivateKey::~Ed25519PrivateKey() = default;

absl::StatusOr<Ed25519PrivateKey> Ed25519PrivateKey::Generate() {
  Ed25519PrivateKey result;
  result.impl_->key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (result.impl_->key == nullptr) return openssl::Error("generate an Ed25519 key");
  return result;
}

absl::StatusOr<Ed25519PrivateKey> Ed25519PrivateKey::FromPem(std::string_view pem) {
  Ed25519PrivateKey result;
  ASSIGN_OR_RETURN(result.impl_->key, openssl::ReadPrivateKey(pem));
  RETURN_IF_ERROR(RawPublicKey(result.impl_->key.get()).status());
  return result;
}

absl::StatusOr<Ed25519PrivateKey> Ed25519PrivateKey::FromEncryptedPem(
    std::string_view pem, const std::string& passphrase) {
  Ed25519PrivateKey result;
  ASSIGN_OR_RETURN(result.impl_->key, openssl::ReadEncryptedPrivateKey(pem, passphrase));
  RETURN_IF_ERROR(RawPublicKey(result.impl_->key.get()).status());
  return result;
}

absl::StatusOr<std::string> Ed25519PrivateKey::ToEncryptedPem(const std::string& passphrase) const {
  return openssl::EncryptedPrivateKeyToPem(impl_->key.get(), passphrase);
}

absl::StatusOr<std::string> Ed25519PrivateKey::TrySign(std::string_view message) const {
  return Sign(message);
}

bool IsEncryptedKeyPem(std::string_view pem) {
  return pem.find("-----BEGIN ENCRYPTED PRIVATE KEY-----") != std::string_view::npos;
}

std::string Ed25519PrivateKey::Sign(std::string_view message) const {
  const openssl::DigestContextPtr context(EVP_MD_CTX_new());
  std::array<unsigned char, kSignatureBytes> signature{};
  std::size_t length = signature.size();
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, impl_->key.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &length, Bytes(message), message.size()) !=
          1 ||
      length != kSignatureBytes) {
    Impossible();
  }
  return std::string(reinterpret_cast<const char*>(signature.data()), signature.size());
}

Ed25519PublicKey Ed25519PrivateKey::Public() const {
  absl::StatusOr<std::string> raw = RawPublicKey(impl_->key.get());
  if (!raw.ok()) Impossible();
  Ed25519PublicKey result;
  result.raw_ = *std::move(raw);
  result.id_ = Sha256Hex(result.raw_);
  return result;
}

std::string Ed25519PrivateKey::ToPem() const {
  absl::StatusOr<std::string> pem = openssl::PrivateKeyToPem(impl_->key.get());
  if (!pem.ok()) Impossible();
  return *std::move(pem);
}

}  // namespace belay
