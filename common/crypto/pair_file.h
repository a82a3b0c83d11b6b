// A certificate and its key in one file, so that both change by one rename: the certificate first.
#pragma once
#include <string>

#include "absl/status/statusor.h"
#include "common/crypto/x509.h"

namespace belay {

std::string JoinPair(const KeyPair& pair);
// INVALID_ARGUMENT when there is not exactly one key, behind a certificate.
absl::StatusOr<KeyPair> SplitPair(const std::string& bytes);

}  // namespace belay
