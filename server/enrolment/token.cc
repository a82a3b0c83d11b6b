#include "server/enrolment/token.h"

#include "absl/strings/str_cat.h"
#include "common/crypto/x509.h"

namespace belay {
namespace {

constexpr std::size_t kIdBytes = 8;
constexpr std::size_t kSecretBytes = 32;

bool IsLowerHex(std::string_view text) {
  for (const char c : text) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

}  // namespace

JoinToken RandomJoinToken() { return {RandomToken(kIdBytes), RandomToken(kSecretBytes)}; }

std::string TokenText(const JoinToken& token) { return absl::StrCat(token.id, ".", token.secret); }

absl::StatusOr<JoinToken> ParseToken(std::string_view text) {
  constexpr std::size_t kDot = 2 * kIdBytes;
  constexpr std::size_t kLength = kDot + 1 + 2 * kSecretBytes;
  if (text.size() != kLength || text[kDot] != '.' || !IsLowerHex(text.substr(0, kDot)) ||
      !IsLowerHex(text.substr(kDot + 1))) {
    return absl::InvalidArgumentError(
        "the join token is not 16 and 64 hex digits with a dot between");
  }
  return JoinToken{std::string(text.substr(0, kDot)), std::string(text.substr(kDot + 1))};
}

}  // namespace belay
