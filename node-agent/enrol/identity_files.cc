#include "node-agent/enrol/identity_files.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/crypto/pair_file.h"

namespace belay {
namespace {
std::string RenewedIn(const std::string& state_dir) {
  return absl::StrCat(state_dir, "/identity/renewed.pem");
}
}  // namespace

IdentityFiles IdentityIn(const std::string& state_dir) {
  const std::string directory = absl::StrCat(state_dir, "/identity");
  return {directory, directory + "/key.pem", directory + "/cert.pem", directory + "/ca.pem"};
}

IdentityFiles CurrentIdentity(const FileSystem& files, const std::string& state_dir) {
  IdentityFiles identity = IdentityIn(state_dir);
  const std::string renewed = RenewedIn(state_dir);
  // One that cannot be read is used as well, and its error shown, rather than an older one.
  if (!absl::IsNotFound(files.Read(renewed).status()))
    identity.key = identity.certificate = renewed;
  return identity;
}

absl::StatusOr<KeyPair> CurrentPair(const FileSystem& files, const std::string& state_dir) {
  const IdentityFiles identity = CurrentIdentity(files, state_dir);
  ASSIGN_OR_RETURN(const FileContent certificate, files.Read(identity.certificate));
  if (identity.key == identity.certificate) return SplitPair(certificate.bytes);
  ASSIGN_OR_RETURN(const FileContent key, files.Read(identity.key));
  return KeyPair{key.bytes, certificate.bytes};
}

absl::StatusOr<CertificateFacts> CurrentCertificate(const FileSystem& files,
                                                    const std::string& state_dir) {
  ASSIGN_OR_RETURN(const KeyPair pair, CurrentPair(files, state_dir));
  return ReadCertificate(pair.certificate_pem);
}

absl::Status KeepRenewed(FileSystem& files, const std::string& state_dir, const KeyPair& pair) {
  return WriteDurably(files, RenewedIn(state_dir), JoinPair(pair), 0600);
}

absl::Status ForgetRenewed(FileSystem& files, const std::string& state_dir) {
  const absl::Status removed = files.Remove(RenewedIn(state_dir));
  if (absl::IsNotFound(removed)) return absl::OkStatus();
  RETURN_IF_ERROR(removed);
  return files.Sync(IdentityIn(state_dir).directory);
}

absl::Status WriteDurably(FileSystem& files, const std::string& path, const std::string& bytes,
                          std::uint32_t mode) {
  const std::string directory = ParentDirectory(path);
  const std::string temporary =
      absl::StrCat(directory == "/" ? "" : directory, "/.", BaseName(path), ".belay-new");
  const absl::Status removed = files.Remove(temporary);  // of a life that was cut off here
  if (!removed.ok() && !absl::IsNotFound(removed)) return removed;
  FileAttributes attributes;
  attributes.mode = mode;
  attributes.uid = geteuid();
  attributes.gid = getegid();
  RETURN_IF_ERROR(files.Create(temporary, bytes, attributes));
  RETURN_IF_ERROR(files.Sync(temporary));
  RETURN_IF_ERROR(files.Rename(temporary, path));
  return files.Sync(directory);
}

}  // namespace belay
