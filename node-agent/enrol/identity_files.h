// What the agent proves itself with, on disk.  Enrolment writes key.pem and cert.pem; a renewal
// writes its key and its certificate into one file, renewed.pem, which counts from the moment it
// has its name: a power cut leaves the old pair or the new one, and never a key of the one with the
// certificate of the other.
#pragma once
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/crypto/x509.h"
#include "common/os/file_system.h"

namespace belay {

struct IdentityFiles {
  std::string directory, key, certificate, ca;
};
IdentityFiles IdentityIn(const std::string& state_dir);  // where enrolment puts it
// What is to be used now: the renewed pair, where there is one.
IdentityFiles CurrentIdentity(const FileSystem& files, const std::string& state_dir);
absl::StatusOr<KeyPair> CurrentPair(const FileSystem& files, const std::string& state_dir);
absl::StatusOr<CertificateFacts> CurrentCertificate(const FileSystem& files,
                                                    const std::string& state_dir);

absl::Status KeepRenewed(FileSystem& files, const std::string& state_dir, const KeyPair& pair);
// After an enrolment: its pair counts again.
absl::Status ForgetRenewed(FileSystem& files, const std::string& state_dir);

// Durable when it returns ok: the old or the new content, whenever the power is cut.  The directory
// must exist.
absl::Status WriteDurably(FileSystem& files, const std::string& path, const std::string& bytes,
                          std::uint32_t mode);

}  // namespace belay
