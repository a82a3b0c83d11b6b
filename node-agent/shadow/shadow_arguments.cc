#include "node-agent/shadow/shadow_arguments.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/os/file_system.h"
#include "node-agent/manifest/pod.h"

namespace belay {
namespace {

constexpr const char* kProgram = "kube-apiserver";

// All of them take a value.
constexpr std::array<const char*, 8> kReplaced = {
    "etcd-servers", "etcd-servers-overrides",   "etcd-cafile",  "etcd-certfile",
    "etcd-keyfile", "endpoint-reconciler-type", "bind-address", "egress-selector-config-file"};

// The name of a flag as the server's own parser has it; empty for what is none.
std::string FlagName(const std::string& element) {
  const std::size_t begin = element.find_first_not_of('-');
  if (begin == 0 || begin > 2 || begin == std::string::npos) return "";
  std::string name = element.substr(begin, element.find('=') - begin);
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

bool IsV6(const std::string& address) { return absl::StrContains(address, ':'); }

bool IsOfThisMachine(const std::string& address) {
  return !address.empty() && address != "0.0.0.0" && address != "::" && address != "::1" &&
         !absl::StartsWith(address, "127.");
}

std::string FolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ShadowArguments(const std::vector<std::string>& argv) {
  const auto program = std::find_if(argv.begin(), argv.end(), [](const std::string& element) {
    return BaseName(element) == kProgram;
  });
  const bool expanded = std::any_of(argv.begin(), argv.end(), [](const std::string& element) {
    return absl::StrContains(element, "$(");
  });
  if (program == argv.end() || expanded) {
    return absl::FailedPreconditionError(
        "its manifest does not show the arguments that the program would get (a shell or a "
        "variable of the pod's stands in between)");
  }
  const std::vector<std::string> given(program, argv.end());
  std::vector<std::string> kept;
  for (std::size_t i = 1; i < given.size(); ++i) {
    const std::string name = FlagName(given[i]);
    if (std::find(kReplaced.begin(), kReplaced.end(), name) == kReplaced.end()) {
      kept.push_back(given[i]);
    } else if (!absl::StrContains(given[i], '=')) {
      ++i;  // its value
    }
  }
  const std::string bind = FlagValue(given, "bind-address").value_or("");
  const bool v6 =
      IsV6(bind.empty() ? FlagValue(given, "service-cluster-ip-range").value_or("") : bind);
  std::vector<std::string> out = {given.front(), absl::StrCat("--etcd-servers=", kShadowEtcd),
                                  "--endpoint-reconciler-type=none"};
  // An address of the machine is none of the private network's.
  if (!bind.empty()) {
    out.push_back(absl::StrCat("--bind-address=", !IsOfThisMachine(bind) ? bind
                                                  : IsV6(bind)           ? "::"
                                                                         : "0.0.0.0"));
  }
  if (!FlagValue(given, "advertise-address")) {
    const bool own = IsOfThisMachine(bind);
    out.push_back(absl::StrCat("--advertise-address=", own ? bind : v6 ? "::1" : "127.0.0.1"));
  }
  out.insert(out.end(), std::make_move_iterator(kept.begin()), std::make_move_iterator(kept.end()));
  return out;
}

ShadowWrites WritesOf(const std::vector<std::string>& argv) {
  ShadowWrites writes;
  writes.folders = {"/tmp", FlagValue(argv, "cert-dir").value_or("/var/run/kubernetes")};
  if (const std::optional<std::string> folder = FlagValue(argv, "log-dir")) {
    writes.folders.push_back(*folder);
  }
  for (const char* flag : {"audit-log-path", "log-file"}) {
    const std::string path = FlagValue(argv, flag).value_or("");
    if (!absl::StartsWith(path, "/")) continue;
    writes.folders.push_back(FolderOf(path));
    writes.logs.push_back(path);
  }
  std::erase_if(writes.folders,
                [](const std::string& path) { return !absl::StartsWith(path, "/"); });
  return writes;
}

}  // namespace belay
