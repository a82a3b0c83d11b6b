#include "common/crypto/pair_file.h"

#include "absl/strings/str_cat.h"

namespace belay {
namespace {
constexpr char kKeyBegins[] = "-----BEGIN PRIVATE KEY-----";
}  // namespace

std::string JoinPair(const KeyPair& pair) {
  return absl::StrCat(pair.certificate_pem, pair.private_key_pem);
}

absl::StatusOr<KeyPair> SplitPair(const std::string& bytes) {
  const std::size_t key = bytes.find(kKeyBegins);
  if (key == std::string::npos || key == 0 ||
      bytes.find(kKeyBegins, key + 1) != std::string::npos) {
    return absl::InvalidArgumentError("the file is not a certificate with its key behind it");
  }
  return KeyPair{bytes.substr(key), bytes.substr(0, key)};
}

}  // namespace belay
