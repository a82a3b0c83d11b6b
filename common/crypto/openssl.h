// OpenSSL's objects as owning pointers, its error queue as absl::Status, and strict PEM.
// Only for .cc files of common/crypto and common/rpc.
//
// Threads: as OpenSSL, values may move between threads.  Private keys are wiped by OpenSSL when
// freed.
#pragma once
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace belay::openssl {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, Deleter<Free>>;

using BioPtr = Owned<BIO, BIO_free_all>;
using BnPtr = Owned<BIGNUM, BN_free>;
using PkeyPtr = Owned<EVP_PKEY, EVP_PKEY_free>;
using PkeyContextPtr = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using DigestContextPtr = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using X509Ptr = Owned<X509, X509_free>;
using RequestPtr = Owned<X509_REQ, X509_REQ_free>;
using ExtensionPtr = Owned<X509_EXTENSION, X509_EXTENSION_free>;
using NamesPtr = Owned<GENERAL_NAMES, GENERAL_NAMES_free>;
using NamePtr = Owned<GENERAL_NAME, GENERAL_NAME_free>;
using Pkcs8Ptr = Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;
using EncryptedKeyPtr = Owned<X509_SIG, X509_SIG_free>;
using StorePtr = Owned<X509_STORE, X509_STORE_free>;
using StoreContextPtr = Owned<X509_STORE_CTX, X509_STORE_CTX_free>;

// Debian's abseil is built as C++14, so its string_view is a type of its own.
inline absl::string_view Absl(std::string_view text) {
  return absl::string_view(text.data(), text.size());
}

// The oldest entry of this thread's queue says what went wrong; the queue is empty afterwards.
absl::Status Error(std::string_view what);

// Reading.  INVALID_ARGUMENT: anything but PEM blocks of the right kind and white space around
// them, more than 64 KiB, or an encrypted key (nobody is asked for a passphrase here).
absl::StatusOr<PkeyPtr> ReadPrivateKey(std::string_view pem);
// PKCS#8 under a passphrase; PERMISSION_DENIED when it is another one.
absl::StatusOr<PkeyPtr> ReadEncryptedPrivateKey(std::string_view pem,
                                                const std::string& passphrase);
absl::StatusOr<PkeyPtr> ReadPublicKey(std::string_view pem);
absl::StatusOr<RequestPtr> ReadRequest(std::string_view pem);
absl::StatusOr<X509Ptr> ReadOneCertificate(std::string_view pem);
absl::StatusOr<std::vector<X509Ptr>> ReadCertificates(std::string_view pem);  // one or more

absl::Status RequireP256(const EVP_PKEY* key, std::string_view whose);

// Writing; these fail only when memory does.
absl::StatusOr<std::string> PrivateKeyToPem(const EVP_PKEY* key);
absl::StatusOr<std::string> EncryptedPrivateKeyToPem(const EVP_PKEY* key,
                                                     const std::string& passphrase);
absl::StatusOr<std::string> PublicKeyToPem(const EVP_PKEY* key);
absl::StatusOr<std::string> RequestToPem(const X509_REQ* request);
absl::StatusOr<std::string> CertificateToPem(const X509* certificate);

// Lower-case hex SHA-256 over a DER SubjectPublicKeyInfo.
absl::StatusOr<std::string> KeySha256(X509_PUBKEY* key);

// The leaf is vouched for by one of the roots, through the intermediates, at that time, for that
// purpose (X509_PURPOSE_SSL_SERVER, ... or X509_PURPOSE_ANY).
struct ChainCheck {
  X509* leaf = nullptr;
  const std::vector<X509*>& roots;
  const std::vector<X509*>& intermediates;
  std::int64_t now_unix = 0;
  int purpose = X509_PURPOSE_ANY;
};
absl::Status VerifyChain(const ChainCheck& check);

}  // namespace belay::openssl
