#include "common/plan/rules.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/ids.h"
#include "common/plan/gated.h"

namespace belay {
namespace {

constexpr std::size_t kMaxPlanBytes = 1024 * 1024;  // well below the 4 MiB of one gRPC message
constexpr int kMaxSteps = 100;
constexpr int kMaxEdits = 200;
constexpr std::uint32_t kHourMs = 3600 * 1000;
constexpr char kNameRule[] =
    "must be 1 to 63 lower-case letters, digits, '-' and '.', beginning and ending with a letter "
    "or "
    "digit";

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  });
}

class Checker {
 public:
  std::vector<BrokenRule> broken;

  void Add(std::string path, std::string message) {
    broken.push_back({std::move(path), std::move(message)});
  }

  void Name(const std::string& path, const std::string& name) {
    if (!IsValidName(name)) Add(path, absl::StrCat("'", name, "' is not a name: it ", kNameRule));
  }

  void Path(const std::string& path, const std::string& value) {
    if (!absl::StartsWith(value, "/")) {
      Add(path, absl::StrCat("'", value, "' must be an absolute path, beginning with '/'"));
      return;
    }
    if (value == "/") {
      Add(path, "the root directory is not allowed here");
      return;
    }
    if (HasControl(value) || value.size() > 1024) {
      Add(path, "a path must not hold control characters and has at most 1024 bytes");
      return;
    }
    for (absl::string_view part : absl::StrSplit(absl::string_view(value).substr(1), '/')) {
      if (part.empty() || part == "." || part == "..") {
        Add(path, absl::StrCat("'", value,
                               "' must be written without '..', '.', '//' and a '/' at the end"));
        return;
      }
    }
  }

  void Manifest(const std::string& path, const std::string& manifest,
                const std::string& container) {
    if (absl::StrContains(manifest, '/') || absl::EndsWith(manifest, ".yaml") ||
        absl::EndsWith(manifest, ".yml")) {
      Add(absl::StrCat(path, ".manifest"),
          absl::StrCat("'", manifest, "': write the manifest's name without directory and ending, ",
                       "such as ", std::string(kGatedComponents[0].manifest)));
    } else if (FindGated(manifest) == nullptr) {
      Add(absl::StrCat(path, ".manifest"),
          absl::StrCat("'", manifest, "' has no gate in this version, and nothing is changed that ",
                       "cannot be proved healthy: only ", GatedManifestsText(), " can be edited"));
    }
    if (!container.empty()) Name(absl::StrCat(path, ".container"), container);
  }

  void Flag(const std::string& path, const std::string& flag) {
    if (absl::StartsWith(flag, "-")) {
      Add(path, absl::StrCat("write the flag without dashes: ",
                             flag.substr(std::min(flag.find_first_not_of('-'), flag.size()))));
      return;
    }
    if (absl::StrContains(flag, '=')) {
      Add(path, absl::StrCat("'", flag, "' holds a '=': write the value in `value`"));
      return;
    }
    // One spelling only: kube-apiserver also reads '_' as '-', and a second spelling would be a
    // second flag to us.
    const bool good = !flag.empty() && flag.size() <= 128 && flag.front() != '-' &&
                      flag.back() != '-' && std::all_of(flag.begin(), flag.end(), [](char c) {
                        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                      });
    if (!good) {
      Add(path, absl::StrCat("'", flag,
                             "' is not a flag: lower-case letters, digits and '-' between them"));
    }
  }

  void Check(const v1::SetFlag& edit, const std::string& path) {
    Manifest(path, edit.manifest(), edit.container());
    Flag(absl::StrCat(path, ".flag"), edit.flag());
    if (HasControl(edit.value())) {
      Add(absl::StrCat(path, ".value"), "must be one line without control characters");
    }
  }

  void Check(const v1::UnsetFlag& edit, const std::string& path) {
    Manifest(path, edit.manifest(), edit.container());
    Flag(absl::StrCat(path, ".flag"), edit.flag());
  }

  template <class List>
  void Items(const List& items, const std::string& path, std::set<std::string>& seen) {
    for (int i = 0; i < items.size(); ++i) {
      const std::string item_path = absl::StrCat(path, "[", i, "]");
      if (items[i].empty() || HasControl(items[i]) || absl::StrContains(items[i], ',')) {
        Add(item_path, absl::StrCat("'", items[i],
                                    "' must be one entry of the list: not empty, without commas ",
                                    "and control characters"));
      } else if (!seen.insert(items[i]).second) {
        Add(item_path, absl::StrCat("'", items[i], "' is named twice in add and remove"));
      }
    }
  }

  void Check(const v1::MergeListFlag& edit, const std::string& path) {
    Manifest(path, edit.manifest(), edit.container());
    Flag(absl::StrCat(path, ".flag"), edit.flag());
    if (edit.add().empty() && edit.remove().empty()) {
      Add(path, "neither adds nor removes anything: give add, remove or both");
    }
    std::set<std::string> seen;
    Items(edit.add(), absl::StrCat(path, ".add"), seen);
    Items(edit.remove(), absl::StrCat(path, ".remove"), seen);
  }

  void Check(const v1::MountPath& edit, const std::string& path) {
    Manifest(path, edit.manifest(), edit.container());
    Path(absl::StrCat(path, ".hostPath"), edit.host_path());
    if (edit.mount_path() != edit.host_path()) {
      Path(absl::StrCat(path, ".mountPath"), edit.mount_path());
    }
    if (!IsValidName(edit.name()) || absl::StrContains(edit.name(), '.')) {
      Add(absl::StrCat(path, ".name"),
          absl::StrCat("'", edit.name(), "' is not a volume's name: it ", kNameRule,
                       ", and has no '.'"));
    }
    static constexpr const char* kTypes[] = {"DirectoryOrCreate", "Directory", "File",
                                             "FileOrCreate"};
    if (std::find(std::begin(kTypes), std::end(kTypes), edit.type()) == std::end(kTypes)) {
      Add(absl::StrCat(path, ".type"),
          absl::StrCat("'", edit.type(), "' must be one of ", absl::StrJoin(kTypes, ", ")));
    }
  }

  void Check(const v1::PutFile& edit, const std::string& path) {
    Path(absl::StrCat(path, ".path"), edit.path());
    std::vector<std::string> parts = absl::StrSplit(edit.path(), '/');
    if (!parts.empty()) parts.pop_back();
    // Kubelet runs every file there that has no leading dot, whatever its ending.
    if (std::find(parts.begin(), parts.end(), "manifests") != parts.end() ||
        absl::EndsWith(edit.path(), "/manifests")) {
      Add(absl::StrCat(path, ".path"),
          absl::StrCat(
              "'", edit.path(), "' is in a directory of static-pod manifests, where kubelet ",
              "runs every file as a pod: use setFlag, unsetFlag, mergeListFlag or mountPath"));
    }
    if (edit.mode() == 0 || edit.mode() > 0777) {
      Add(absl::StrCat(path, ".mode"),
          "must be permission bits between \"0001\" and \"0777\", without setuid, setgid and "
          "sticky");
    }
    if (!edit.owner().empty()) {
      const std::vector<absl::string_view> ids = absl::StrSplit(edit.owner(), ':');
      std::uint32_t id = 0;
      const bool good = ids.size() == 2 && absl::SimpleAtoi(ids[0], &id) &&
                        absl::StrCat(id) == ids[0] && absl::SimpleAtoi(ids[1], &id) &&
                        absl::StrCat(id) == ids[1];
      if (!good) {
        Add(absl::StrCat(path, ".owner"),
            absl::StrCat("'", edit.owner(), "' must be numbers uid:gid, such as \"0:0\""));
      }
    }
  }

  void Check(const v1::Edit& edit, const std::string& path) {
    const std::string inner = absl::StrCat(path, ".", EditKind(edit));
    switch (edit.kind_case()) {
      case v1::Edit::kSetFlag:
        return Check(edit.set_flag(), inner);
      case v1::Edit::kUnsetFlag:
        return Check(edit.unset_flag(), inner);
      case v1::Edit::kMergeListFlag:
        return Check(edit.merge_list_flag(), inner);
      case v1::Edit::kMountPath:
        return Check(edit.mount_path(), inner);
      case v1::Edit::kPutFile:
        return Check(edit.put_file(), inner);
      case v1::Edit::kUnmountPath:
      case v1::Edit::kSetConfigKey:
      case v1::Edit::kUnsetConfigKey:
      case v1::Edit::kRemoveFile:
      case v1::Edit::kSetMode:
      case v1::Edit::kSetOwner:
      case v1::Edit::KIND_NOT_SET:
        return Add(path, "is of no kind that this version knows");
    }
  }

  void Between(const std::string& path, std::uint32_t ms, std::uint32_t low, std::uint32_t high) {
    if (ms < low || ms > high) {
      Add(path, absl::StrCat("must be between ", low, "ms and ", high / 1000, "s"));
    }
  }

  void Check(const v1::Gate& gate, const std::string& path,
             const std::vector<std::string>& manifests) {
    Between(absl::StrCat(path, ".deadline"), gate.deadline_ms(), 1000, kHourMs);
    Between(absl::StrCat(path, ".stable"), gate.stable_ms(), 1, kHourMs);
    Between(absl::StrCat(path, ".interval"), gate.interval_ms(), 50, 10000);
    Between(absl::StrCat(path, ".rollbackDeadline"), gate.rollback_deadline_ms(), 1000, kHourMs);
    for (int i = 0; i < gate.probes_size(); ++i) {
      if (FindGatedByProbe(gate.probes(i)) != nullptr) continue;
      Add(absl::StrCat(path, ".probes[", i, "]"),
          absl::StrCat("'", gate.probes(i), "' is not a probe: known are ", ProbesText()));
    }
    for (const std::string& manifest : manifests) {
      const GatedComponent* const gated = FindGated(manifest);
      if (gated == nullptr) continue;  // said at the edit
      const std::string probe(gated->probe);
      if (std::find(gate.probes().begin(), gate.probes().end(), probe) != gate.probes().end()) {
        continue;
      }
      Add(absl::StrCat(path, ".probes"),
          absl::StrCat("a step that changes ", manifest, " must be proved healthy: add ", probe,
                       " or leave probes away"));
    }
  }

  void Check(const v1::Step& step, const std::string& path) {
    Name(absl::StrCat(path, ".name"), step.name());
    for (int i = 0; i < step.controls_size(); ++i) {
      const std::string& control = step.controls(i);
      if (control.empty() || control.size() > 100 || HasControl(control) ||
          absl::StrContains(control, ' ')) {
        Add(absl::StrCat(path, ".controls[", i, "]"),
            "must be a control such as cis-1.11/1.2.16, without spaces");
      }
    }
    if (step.edits().empty()) Add(absl::StrCat(path, ".edits"), "a step needs at least one edit");
    if (step.edits_size() > kMaxEdits) {
      Add(absl::StrCat(path, ".edits"), absl::StrCat("a step has at most ", kMaxEdits, " edits"));
      return;
    }
    for (int i = 0; i < step.edits_size(); ++i) {
      Check(step.edits(i), absl::StrCat(path, ".edits[", i, "]"));
    }
    if (step.has_gate() || TouchesManifest(step)) {
      Check(step.gate(), absl::StrCat(path, ".gate"), TouchedManifests(step));
    }
    for (BrokenRule& rule : FindContradictions(step, path)) broken.push_back(std::move(rule));
  }
};

}  // namespace

std::string EditKind(const v1::Edit& edit) {
  switch (edit.kind_case()) {
    case v1::Edit::kSetFlag:
      return "setFlag";
    case v1::Edit::kUnsetFlag:
      return "unsetFlag";
    case v1::Edit::kMergeListFlag:
      return "mergeListFlag";
    case v1::Edit::kMountPath:
      return "mountPath";
    case v1::Edit::kPutFile:
      return "putFile";
    case v1::Edit::kUnmountPath:
      return "unmountPath";
    case v1::Edit::kSetConfigKey:
      return "setConfigKey";
    case v1::Edit::kUnsetConfigKey:
      return "unsetConfigKey";
    case v1::Edit::kRemoveFile:
      return "removeFile";
    case v1::Edit::kSetMode:
      return "setMode";
    case v1::Edit::kSetOwner:
      return "setOwner";
    case v1::Edit::KIND_NOT_SET:
      return "";
  }
  return "";
}

bool TouchesManifest(const v1::Step& step) {
  return std::any_of(step.edits().begin(), step.edits().end(), [](const v1::Edit& edit) {
    return edit.kind_case() != v1::Edit::kPutFile && edit.kind_case() != v1::Edit::KIND_NOT_SET;
  });
}

std::vector<BrokenRule> FindBrokenRules(const v1::RemediationPlan& plan) {
  Checker check;
  check.Name("metadata.name", plan.name());
  if (plan.not_after_unix() != 0 && plan.not_after_unix() <= plan.not_before_unix()) {
    check.Add("spec.notAfter",
              "the plan would end before it begins: notAfter must be after notBefore");
  }
  if (plan.steps().empty()) check.Add("spec.steps", "a plan needs at least one step");
  if (plan.steps_size() > kMaxSteps) {
    check.Add("spec.steps", absl::StrCat("a plan has at most ", kMaxSteps, " steps"));
    return std::move(check.broken);
  }
  if (plan.ByteSizeLong() > kMaxPlanBytes) {
    check.Add("spec.steps", "the plan is larger than 1 MiB: split it");
    return std::move(check.broken);
  }
  std::set<std::string> names;
  for (int i = 0; i < plan.steps_size(); ++i) {
    const std::string path = absl::StrCat("spec.steps[", i, "]");
    check.Check(plan.steps(i), path);
    if (!names.insert(plan.steps(i).name()).second) {
      check.Add(absl::StrCat(path, ".name"),
                absl::StrCat("an earlier step is also named '", plan.steps(i).name(), "'"));
    }
  }
  return std::move(check.broken);
}

}  // namespace belay
