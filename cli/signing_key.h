// The key of --key: a file, with a passphrase or without, or one in a PKCS#11 token.
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "cli/session.h"
#include "common/crypto/ed25519.h"

namespace belay {

struct SigningKey {
  std::string key;              // a path, or "pkcs11:..."
  std::string passphrase_file;  // empty: asked on the terminal where one is needed
};

absl::StatusOr<std::unique_ptr<Ed25519Signer>> OpenSigningKey(const SigningKey& which);

// Prints it with the next command to type.
int FailKey(Session& session, const absl::Status& status);

}  // namespace belay
