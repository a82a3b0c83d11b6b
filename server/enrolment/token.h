// The text of a join token: "<16 hex id>.<64 hex secret>".  The id finds it, the secret proves it.
#pragma once
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace belay {

struct JoinToken {
  std::string id;
  std::string secret;
};

JoinToken RandomJoinToken();
std::string TokenText(const JoinToken& token);
// Strict: lower case, exact lengths.  INVALID_ARGUMENT; the message never repeats the text.
absl::StatusOr<JoinToken> ParseToken(std::string_view text);

}  // namespace belay
