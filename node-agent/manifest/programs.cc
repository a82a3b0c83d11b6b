#include "node-agent/manifest/programs.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"

namespace belay {
namespace {

constexpr std::array<std::string_view, 7> kShells = {"sh",  "bash", "ash",    "dash",
                                                     "zsh", "ksh",  "busybox"};
constexpr std::array<std::string_view, 24> kWrappers = {
    "go-runner", "kube-log-runner", "log-runner", "flock",   "tini",
    "dumb-init", "catatonit",       "env",        "nice",    "ionice",
    "chrt",      "taskset",         "timeout",    "setpriv", "su-exec",
    "gosu",      "nsenter",         "unshare",    "chroot",  "numactl",
    "stdbuf",    "prlimit",         "nohup",      "setsid"};
constexpr std::array<std::string_view, 11> kPrograms = {
    "kube-apiserver", "kube-controller-manager",  "kube-scheduler", "kube-proxy", "kubelet",
    "etcd",           "cloud-controller-manager", "hyperkube",      "kube-vip",   "haproxy",
    "openshift"};

// Their images have no entry point: the program is the image's CMD, which `args` replaces.
constexpr std::array<std::string_view, 2> kRunByImageCommand = {"etcd", "haproxy"};
constexpr std::array<std::string_view, 25> kContainerKeys{"args",
                                                          "command",
                                                          "env",
                                                          "envFrom",
                                                          "image",
                                                          "imagePullPolicy",
                                                          "lifecycle",
                                                          "livenessProbe",
                                                          "name",
                                                          "ports",
                                                          "readinessProbe",
                                                          "resizePolicy",
                                                          "resources",
                                                          "restartPolicy",
                                                          "restartPolicyRules",
                                                          "securityContext",
                                                          "startupProbe",
                                                          "stdin",
                                                          "stdinOnce",
                                                          "terminationMessagePath",
                                                          "terminationMessagePolicy",
                                                          "tty",
                                                          "volumeDevices",
                                                          "volumeMounts",
                                                          "workingDir"};

template <typename Table>
bool Holds(const Table& table, std::string_view word) {
  return std::find(table.begin(), table.end(), BaseName(word)) != table.end();
}

}  // namespace

std::string_view BaseName(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

bool IsShell(std::string_view word) { return Holds(kShells, word); }
bool IsScriptOption(std::string_view word) {
  return word.size() >= 2 && word.front() == '-' && word.back() == 'c' &&
         word.substr(1).find_first_not_of("abefhklmnptuvxBCHPc") == std::string_view::npos;
}
bool IsWrapper(std::string_view word) { return Holds(kWrappers, word); }
bool IsKnownProgram(std::string_view word) { return Holds(kPrograms, word); }

bool IsContainerKey(std::string_view key) {
  return std::find(kContainerKeys.begin(), kContainerKeys.end(), key) != kContainerKeys.end();
}

bool IsRunByImageCommand(std::string_view image) {
  const std::string_view name = BaseName(image.substr(0, image.find('@')));
  return Holds(kRunByImageCommand, name.substr(0, name.find(':')));
}

bool IsNamedProgram(std::string_view word, const std::vector<std::string>& names) {
  const std::string base(BaseName(word));
  if (base == "hyperkube") return true;
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return base == name || absl::StrCat("kube-", base) == name ||
           base == absl::StrCat("kube-", name);
  });
}

bool IsFlagWord(std::string_view word) {
  return word.size() >= 2 && word[0] == '-' && !(word[1] >= '0' && word[1] <= '9');
}

std::string NormalFlagName(std::string_view name) {
  std::string normal(name);
  std::replace(normal.begin(), normal.end(), '_', '-');
  return normal;
}

}  // namespace belay
