#include "node-agent/audit/component_state.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "node-agent/configfile/kubelet_reading.h"
#include "node-agent/manifest/check_bytes.h"
#include "node-agent/manifest/programs.h"
#include "node-agent/manifest/shell_words.h"
#include "node-agent/manifest/tree.h"

namespace belay {
namespace {

// Is this process the component, and not something that only has its name among its arguments
// ("grep kube-apiserver")?
bool IsComponent(const std::vector<std::string>& argv, const std::string& component) {
  if (argv.empty()) return false;
  if (BaseName(std::string_view(argv[0])) == component) return true;
  if (IsWrapper(argv[0])) return true;
  // An interpreter that runs a file of that name.
  const bool interpreted = argv.size() > 1 && BaseName(std::string_view(argv[1])) == component;
  return interpreted && (IsShell(argv[0]) || argv[0].find("python") != std::string::npos);
}

absl::Status FlagsOf(std::vector<std::string> argv, const std::vector<std::string>& names,
                     bool has_command, std::vector<FlagUse>& uses) {
  argv = WithScriptWords(argv, names);
  std::vector<ArgvItem> items;
  for (std::string& text : argv) items.push_back({std::move(text), true, 1});
  ASSIGN_OR_RETURN(const ArgvView view, ReadArgv(items, names, has_command));
  uses = view.uses;
  return absl::OkStatus();
}

// The container that is the component: called like it, or running a program called like it.
const ContainerFacts* ContainerOf(const PodFacts& pod, const std::string& component) {
  for (const ContainerFacts& container : pod.containers) {
    if (container.name == component) return &container;
  }
  for (const ContainerFacts& container : pod.containers) {
    const std::vector<std::string> argv = WithScriptWords(Argv(container), {component});
    if (!argv.empty() && BaseName(std::string_view(argv[0])) == component) return &container;
  }
  return nullptr;
}

bool MayBeOf(const ManifestFile& file, const std::string& component) {
  const std::string name = file.path.substr(file.path.rfind('/') + 1);
  return name.compare(0, component.size(), component) == 0;
}

}  // namespace

void TakeManifests(const std::string& component, const std::vector<ManifestFile>& files,
                   ComponentState& state) {
  for (const ManifestFile& file : files) {
    const absl::StatusOr<PodFacts> pod =
        file.bytes.ok() ? ReadPod(*file.bytes) : absl::StatusOr<PodFacts>(file.bytes.status());
    if (!pod.ok() && !MayBeOf(file, component)) continue;
    const ContainerFacts* const container = pod.ok() ? ContainerOf(*pod, component) : nullptr;
    if (pod.ok() && container == nullptr) continue;
    if (state.manifest) {
      state.manifest->status = absl::FailedPreconditionError(
          absl::StrCat(state.manifest_path, " and ", file.path, " both describe ", component,
                       "; kubelet may run either"));
      continue;
    }
    state.manifest_path = file.path;
    CommandLine& line = state.manifest.emplace();
    line.where = file.path;
    if (!pod.ok()) {
      line.status = pod.status();
      continue;
    }
    state.container = *container;
    line.status = FlagsOf(Argv(*container), {container->name, component},
                          !container->command.empty(), line.uses);
  }
}

void TakeProcesses(const std::string& component, const std::vector<Process>& processes,
                   ComponentState& state) {
  std::vector<const Process*> own;
  for (const Process& process : processes) {
    if (IsComponent(process.argv, component)) own.push_back(&process);
  }
  if (state.container) {
    const std::vector<std::string> expected = Argv(*state.container);
    std::vector<const Process*> adopted;
    for (const Process* process : own) {
      if (ArgvMatches(expected, process->argv, component)) adopted.push_back(process);
    }
    if (!adopted.empty()) own = std::move(adopted);
  }
  for (const Process* process : own) {
    CommandLine& line = state.running.emplace_back();
    line.where = absl::StrCat("process ", process->pid);
    line.running = true;
    line.status = FlagsOf(process->argv, {component}, true, line.uses);
    if (!state.manifest) state.pod_uid = process->pod_uid;
  }
}

std::optional<KubernetesMinor> VersionByImage(const std::string& component,
                                              const std::vector<ManifestFile>& files) {
  for (const ManifestFile& file : files) {
    if (!file.bytes.ok()) continue;
    for (const absl::string_view line : absl::StrSplit(*file.bytes, '\n')) {
      const std::string name = absl::StrCat("/", component, ":");
      const std::size_t at = line.find(name);
      if (at == absl::string_view::npos || line.find("image:") >= at) continue;
      const absl::string_view tag = line.substr(at + name.size());
      const absl::string_view word = tag.substr(0, tag.find_first_of("\"' @\r#"));
      if (auto version = ParseKubernetesMinor({word.data(), word.size()})) return version;
    }
  }
  return std::nullopt;
}

std::map<std::string, std::uint32_t> ReadAccounts(std::string_view text) {
  std::map<std::string, std::uint32_t> accounts;
  for (const absl::string_view line :
       absl::StrSplit(absl::string_view(text.data(), text.size()), '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ':');
    std::uint32_t number = 0;
    if (fields.size() < 3 || !absl::SimpleAtoi(fields[2], &number)) continue;
    accounts.emplace(std::string(fields[0]), number);
  }
  return accounts;
}

void MergeConfig(ConfigValue& base, const ConfigValue& over) {
  if (base.kind != ConfigValue::Kind::Map || over.kind != ConfigValue::Kind::Map) {
    base = over;
    return;
  }
  for (const ConfigValue::Entry& entry : over.map) {
    if (ConfigValue* const own = base.Find(entry.key)) {
      MergeConfig(*own, entry.value);
    } else {
      base.map.push_back(entry);
    }
  }
}

absl::StatusOr<ConfigValue> ReadComponentConfig(const std::string& path, const std::string& bytes) {
  const auto named = [&path](const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
  };
  if (const absl::Status good = CheckBytes(bytes); !good.ok()) return named(good);
  const absl::StatusOr<std::vector<ConfigValue>> documents = ReadAsKubelet(bytes);
  if (!documents.ok()) return named(documents.status());
  std::optional<ConfigValue> only;
  for (const ConfigValue& document : *documents) {
    if (document.kind == ConfigValue::Kind::Null) continue;
    if (only) return absl::InvalidArgumentError(path + " has more than one document");
    only = document;
  }
  if (!only) return absl::InvalidArgumentError(path + " is empty");
  return *only;
}

}  // namespace belay
