#include "node-agent/driver/local_files.h"

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace belay {

absl::Status MakeDirectories(FileSystem& files, const std::string& directory) {
  const absl::Status listed = files.List(directory).status();
  if (!absl::IsNotFound(listed)) return listed;
  RETURN_IF_ERROR(MakeDirectories(files, ParentDirectory(directory)));
  RETURN_IF_ERROR(files.MakeDirectory(directory, 0700));
  return files.Sync(ParentDirectory(directory));
}

absl::StatusOr<AgentConfig> LoadConfig(const FileSystem& files, const std::string& path) {
  const absl::StatusOr<FileContent> content = files.Read(path);
  if (absl::IsNotFound(content.status())) {
    return absl::NotFoundError(
        absl::StrCat(path, " is not there; enrol this node first: belay-agent enrol --help"));
  }
  RETURN_IF_ERROR(content.status());
  return ParseAgentConfig(content->bytes, path);
}

absl::StatusOr<Trust> LoadTrust(const FileSystem& files, const TrustConfig& config) {
  Trust trust;
  trust.signatures = config.signatures;
  trust.roles = config.role_signatures;
  for (const TrustedKeyFile& file : config.keys) {
    const absl::StatusOr<FileContent> content = files.Read(file.file);
    RETURN_IF_ERROR(WithContext(content.status(), absl::StrCat("trusted key ", file.file)));
    absl::StatusOr<Ed25519PublicKey> key = Ed25519PublicKey::FromPem(content->bytes);
    RETURN_IF_ERROR(WithContext(key.status(), absl::StrCat("trusted key ", file.file)));
    trust.keys.push_back({*std::move(key), file.role, file.not_before_unix, file.not_after_unix});
  }
  if (std::string why = WhyUnusable(trust); !why.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("trusted_keys and required_signatures of agent.yaml: ", why));
  }
  return trust;
}

}  // namespace belay
