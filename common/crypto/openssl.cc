#include "common/crypto/openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/digest.h"
#include "common/base/status_macros.h"

namespace belay::openssl {
namespace {

constexpr std::size_t kMaxPemBytes = std::size_t{64} * 1024;

// Without it OpenSSL asks on the terminal for the passphrase of an encrypted key.
int NoPassphrase(char*, int, int, void*) { return -1; }

absl::Status NotPem(absl::string_view label, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("expected a PEM '", label, "': ", why));
}

// How many blocks there are, all of that label and with nothing between them.
absl::StatusOr<int> CountBlocks(std::string_view text, absl::string_view label) {
  const absl::string_view pem = Absl(text);
  if (pem.size() > kMaxPemBytes) return NotPem(label, "more than 64 KiB");
  const std::string begin = absl::StrCat("-----BEGIN ", label, "-----");
  const std::string end = absl::StrCat("-----END ", label, "-----");
  int blocks = 0;
  absl::string_view rest = absl::StripAsciiWhitespace(pem);
  while (!rest.empty()) {
    if (!absl::StartsWith(rest, begin)) return NotPem(label, "something else is there");
    const std::size_t close = rest.find(end);
    if (close == absl::string_view::npos) return NotPem(label, "the block does not end");
    if (rest.substr(begin.size(), close - begin.size()).find("-----") != absl::string_view::npos) {
      return NotPem(label, "a block inside of a block");
    }
    rest = absl::StripLeadingAsciiWhitespace(rest.substr(close + end.size()));
    ++blocks;
  }
  if (blocks == 0) return NotPem(label, "nothing is there");
  return blocks;
}

absl::Status RequireOneBlock(std::string_view pem, absl::string_view label) {
  ASSIGN_OR_RETURN(const int blocks, CountBlocks(pem, label));
  if (blocks != 1) return NotPem(label, "more than one");
  return absl::OkStatus();
}

BioPtr Reader(std::string_view pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

template <class Write>
absl::StatusOr<std::string> ToPem(std::string_view what, Write write) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || write(bio.get()) != 1) return Error(what);
  std::string pem;
  std::array<char, 4096> chunk{};
  for (int n = 0; (n = BIO_read(bio.get(), chunk.data(), static_cast<int>(chunk.size()))) > 0;) {
    pem.append(chunk.data(), static_cast<std::size_t>(n));
  }
  OPENSSL_cleanse(chunk.data(), chunk.size());
  return pem;
}

}  // namespace

absl::Status Error(std::string_view what) {
  const unsigned long code = ERR_get_error();
  std::array<char, 256> text{};
  if (code != 0) ERR_error_string_n(code, text.data(), text.size());
  ERR_clear_error();
  return absl::InternalError(
      absl::StrCat(Absl(what), ": ", code == 0 ? "OpenSSL gave no reason" : text.data()));
}

absl::StatusOr<PkeyPtr> ReadPrivateKey(std::string_view pem) {
  // EC keys also come in their older form; everything else is PKCS#8.
  if (absl::StartsWith(absl::StripLeadingAsciiWhitespace(Absl(pem)), "-----BEGIN EC")) {
    RETURN_IF_ERROR(RequireOneBlock(pem, "EC PRIVATE KEY"));
  } else {
    RETURN_IF_ERROR(RequireOneBlock(pem, "PRIVATE KEY"));
  }
  const BioPtr bio = Reader(pem);
  PkeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr) return NotPem("PRIVATE KEY", Error("read").message());
  return key;
}

absl::StatusOr<PkeyPtr> ReadEncryptedPrivateKey(std::string_view pem,
                                                const std::string& passphrase) {
  RETURN_IF_ERROR(RequireOneBlock(pem, "ENCRYPTED PRIVATE KEY"));
  const BioPtr bio = Reader(pem);
  const EncryptedKeyPtr encrypted(PEM_read_bio_PKCS8(bio.get(), nullptr, NoPassphrase, nullptr));
  if (encrypted == nullptr) return NotPem("ENCRYPTED PRIVATE KEY", Error("read").message());
  const Pkcs8Ptr plain(
      PKCS8_decrypt(encrypted.get(), passphrase.data(), static_cast<int>(passphrase.size())));
  if (plain == nullptr) {
    ERR_clear_error();
    return absl::PermissionDeniedError("the passphrase does not open this key");
  }
  PkeyPtr key(EVP_PKCS82PKEY(plain.get()));
  if (key == nullptr) return NotPem("ENCRYPTED PRIVATE KEY", Error("read").message());
  return key;
}

absl::StatusOr<PkeyPtr> ReadPublicKey(std::string_view pem) {
  RETURN_IF_ERROR(RequireOneBlock(pem, "PUBLIC KEY"));
  const BioPtr bio = Reader(pem);
  PkeyPtr key(PEM_read_bio_PUBKEY(bio.get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr) return NotPem("PUBLIC KEY", Error("read").message());
  return key;
}

absl::StatusOr<RequestPtr> ReadRequest(std::string_view pem) {
  RETURN_IF_ERROR(RequireOneBlock(pem, "CERTIFICATE REQUEST"));
  const BioPtr bio = Reader(pem);
  RequestPtr request(PEM_read_bio_X509_REQ(bio.get(), nullptr, NoPassphrase, nullptr));
  if (request == nullptr) return NotPem("CERTIFICATE REQUEST", Error("read").message());
  return request;
}

absl::StatusOr<std::vector<X509Ptr>> ReadCertificates(std::string_view pem) {
  ASSIGN_OR_RETURN(const int blocks, CountBlocks(pem, "CERTIFICATE"));
  const BioPtr bio = Reader(pem);
  std::vector<X509Ptr> certificates;
  for (int i = 0; i < blocks; ++i) {
    X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr));
    if (certificate == nullptr) return NotPem("CERTIFICATE", Error("read").message());
    certificates.push_back(std::move(certificate));
  }
  return certificates;
}

absl::StatusOr<X509Ptr> ReadOneCertificate(std::string_view pem) {
  RETURN_IF_ERROR(RequireOneBlock(pem, "CERTIFICATE"));
  ASSIGN_OR_RETURN(std::vector<X509Ptr> certificates, ReadCertificates(pem));
  return std::move(certificates.front());
}

absl::Status RequireP256(const EVP_PKEY* key, std::string_view whose) {
  std::array<char, 64> group{};
  std::size_t length = 0;
  if (key == nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
      EVP_PKEY_get_group_name(key, group.data(), group.size(), &length) != 1 ||
      std::string_view(group.data(), length) != "prime256v1") {
    ERR_clear_error();
    return absl::InvalidArgumentError(
        absl::StrCat(Absl(whose), " has a key that is not ECDSA P-256, the only kind Belay uses"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> PrivateKeyToPem(const EVP_PKEY* key) {
  return ToPem("write a private key", [key](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
}
absl::StatusOr<std::string> EncryptedPrivateKeyToPem(const EVP_PKEY* key,
                                                     const std::string& passphrase) {
  // As much as OpenSSL reads back without being told: 128 * r * N bytes, 16 MiB.
  constexpr std::uint64_t kCost = 1 << 14;
  constexpr std::uint64_t kBlock = 8;
  const Pkcs8Ptr plain(EVP_PKEY2PKCS8(key));
  X509_ALGOR* const how =
      PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), nullptr, 0, nullptr, kCost, kBlock, 1);
  // Takes `how` over when it succeeds.
  const EncryptedKeyPtr encrypted(plain == nullptr || how == nullptr
                                      ? nullptr
                                      : PKCS8_set0_pbe(passphrase.data(),
                                                       static_cast<int>(passphrase.size()),
                                                       plain.get(), how));
  if (encrypted == nullptr) {
    X509_ALGOR_free(how);
    return Error("encrypt a private key");
  }
  return ToPem("write a private key",
               [&encrypted](BIO* bio) { return PEM_write_bio_PKCS8(bio, encrypted.get()); });
}
absl::StatusOr<std::string> PublicKeyToPem(const EVP_PKEY* key) {
  return ToPem("write a public key", [key](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key); });
}
absl::StatusOr<std::string> RequestToPem(const X509_REQ* request) {
  return ToPem("write a certificate request",
               [request](BIO* bio) { return PEM_write_bio_X509_REQ(bio, request); });
}
absl::StatusOr<std::string> CertificateToPem(const X509* certificate) {
  return ToPem("write a certificate",
               [certificate](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

absl::StatusOr<std::string> KeySha256(X509_PUBKEY* key) {
  unsigned char* der = nullptr;
  const int length = i2d_X509_PUBKEY(key, &der);
  if (length <= 0) return Error("encode a public key");
  std::string digest = Sha256Hex(
      std::string_view(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length)));
  OPENSSL_free(der);
  return digest;
}

absl::Status VerifyChain(const ChainCheck& check) {
  const StorePtr store(X509_STORE_new());
  const StoreContextPtr context(X509_STORE_CTX_new());
  const Owned<STACK_OF(X509), [](STACK_OF(X509) * s) { sk_X509_free(s); }> untrusted(
      sk_X509_new_null());
  if (store == nullptr || context == nullptr || untrusted == nullptr) return Error("verify");
  for (X509* root : check.roots) {
    if (X509_STORE_add_cert(store.get(), root) != 1) return Error("trust a CA certificate");
  }
  for (X509* certificate : check.intermediates) {
    if (sk_X509_push(untrusted.get(), certificate) <= 0) return Error("verify");
  }
  if (X509_STORE_CTX_init(context.get(), store.get(), check.leaf, untrusted.get()) != 1) {
    return Error("verify");
  }
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(param, check.now_unix);
  if (X509_VERIFY_PARAM_set_purpose(param, check.purpose) != 1) return Error("verify");
  if (X509_verify_cert(context.get()) == 1) return absl::OkStatus();
  ERR_clear_error();
  return absl::FailedPreconditionError(
      X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())));
}

}  // namespace belay::openssl
