#include "tests/support/standin/apiserver_files.h"

#include <yaml-cpp/yaml.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/support/standin/posix.h"

namespace belay::standin {
namespace {

absl::StatusOr<std::string> Read(const std::string& path, const ContainerView& view) {
  const std::string real = view.Resolve(path);
  const absl::Status missing =
      absl::NotFoundError(absl::StrCat("open ", path, ": no such file or directory"));
  if (real.empty()) return missing;
  absl::StatusOr<std::string> content = ReadFile(real);
  if (!content.ok()) return missing;
  return content;
}

absl::Status CheckAuditPolicy(const std::string& path, const ContainerView& view) {
  constexpr char kLoading[] = "loading audit policy file: ";
  const absl::StatusOr<std::string> content = Read(path, view);
  if (!content.ok())
    return absl::NotFoundError(absl::StrCat(kLoading, "failed to read file path \"", path,
                                            "\": ", content.status().message()));
  YAML::Node policy;
  try {
    policy = YAML::Load(*content);
    if (!policy.IsMap() || policy["kind"].as<std::string>("") != "Policy" ||
        !policy["apiVersion"].as<std::string>("").starts_with("audit.k8s.io/"))
      return absl::InvalidArgumentError(
          absl::StrCat(kLoading, "failed decoding: couldn't get version/kind: from file ", path));
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat(kLoading, "failed decoding: ", error.what(), ": from file ", path));
  }
  const YAML::Node rules = policy["rules"];
  if (!rules.IsDefined() || !rules.IsSequence() || rules.size() == 0)
    return absl::InvalidArgumentError(
        absl::StrCat(kLoading, "loaded illegal policy with 0 rules from file ", path));
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckFiles(const Flags& flags, const ContainerView& view) {
  for (const char* name :
       {"client-ca-file", "tls-cert-file", "tls-private-key-file", "etcd-cafile", "etcd-certfile",
        "etcd-keyfile", "requestheader-client-ca-file", "service-account-key-file",
        "service-account-signing-key-file", "kubelet-certificate-authority", "token-auth-file",
        "egress-selector-config-file", "admission-control-config-file"}) {
    const auto given = flags.find(name);
    if (given == flags.end() || given->second.empty()) continue;
    for (const std::string& path : std::vector<std::string>(absl::StrSplit(given->second, ',')))
      if (const auto content = Read(path, view); !content.ok()) return content.status();
  }
  if (const auto given = flags.find("encryption-provider-config"); given != flags.end()) {
    if (const auto content = Read(given->second, view); !content.ok())
      return absl::NotFoundError(
          absl::StrCat("error opening encryption provider configuration file \"", given->second,
                       "\": ", content.status().message()));
  }
  if (const auto given = flags.find("audit-policy-file"); given != flags.end())
    return CheckAuditPolicy(given->second, view);
  return absl::OkStatus();
}

}  // namespace belay::standin
