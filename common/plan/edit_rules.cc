#include "common/plan/edit_rules.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/ids.h"
#include "common/plan/config_path.h"
#include "common/plan/gated.h"
#include "common/plan/json_value.h"

namespace belay {
namespace {

constexpr char kNameRule[] =
    "must be 1 to 63 lower-case letters, digits, '-' and '.', beginning and ending with a letter "
    "or digit";

class EditChecker {
 public:
  EditChecker(EditScope scope, std::vector<BrokenRule>& broken) : scope_(scope), broken_(broken) {}

  void Check(const v1::Edit& edit, const std::string& path) {
    const std::string inner =
        path.empty() ? EditKind(edit) : absl::StrCat(path, ".", EditKind(edit));
    switch (edit.kind_case()) {
      case v1::Edit::kSetFlag:
        return Check(edit.set_flag(), inner);
      case v1::Edit::kUnsetFlag:
        return Check(edit.unset_flag(), inner);
      case v1::Edit::kMergeListFlag:
        return Check(edit.merge_list_flag(), inner);
      case v1::Edit::kMountPath:
        return Check(edit.mount_path(), inner);
      case v1::Edit::kUnmountPath:
        return Check(edit.unmount_path(), inner);
      case v1::Edit::kSetConfigKey:
        return Check(edit.set_config_key(), inner);
      case v1::Edit::kUnsetConfigKey:
        return Check(edit.unset_config_key(), inner);
      case v1::Edit::kPutFile:
        return Check(edit.put_file(), inner);
      case v1::Edit::kRemoveFile:
        return Check(edit.remove_file(), inner);
      case v1::Edit::kSetMode:
        return Check(edit.set_mode(), inner);
      case v1::Edit::kSetOwner:
        return Check(edit.set_owner(), inner);
      case v1::Edit::kRestartService:
        return Check(edit.restart_service(), inner);
      case v1::Edit::KIND_NOT_SET:
        return Add(path, "is of no kind that this version knows");
    }
  }

 private:
  void Add(std::string path, std::string message) {
    broken_.push_back({std::move(path), std::move(message)});
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
    if (HasControlCharacter(value) || value.size() > 1024) {
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
    if (scope_ == EditScope::OneFile) return;  // the file itself says what there is
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
    if (!container.empty() && !IsValidName(container)) {
      Add(absl::StrCat(path, ".container"), NotAName(container));
    }
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
    const bool any = scope_ == EditScope::OneFile;
    const bool good = !flag.empty() && flag.size() <= 128 && flag.back() != '-' &&
                      std::all_of(flag.begin(), flag.end(), [any](char c) {
                        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                               (any && ((c >= 'A' && c <= 'Z') || c == '_' || c == '.'));
                      });
    if (!good) {
      Add(path, absl::StrCat("'", flag,
                             "' is not a flag: lower-case letters, digits and '-' between them"));
    }
  }

  void Check(const v1::SetFlag& edit, const std::string& path) {
    Manifest(path, edit.manifest(), edit.container());
    Flag(absl::StrCat(path, ".flag"), edit.flag());
    // Of one file the editor judges: it may be able to write such a value.
    if (scope_ == EditScope::Plan && HasControlCharacter(edit.value())) {
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
      if (items[i].empty() || HasControlCharacter(items[i]) || absl::StrContains(items[i], ',')) {
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

  void VolumeName(const std::string& path, const std::string& name) {
    if (IsValidName(name) && !absl::StrContains(name, '.')) return;
    Add(path,
        absl::StrCat("'", name, "' is not a volume's name: it ", kNameRule, ", and has no '.'"));
  }

  void Check(const v1::MountPath& edit, const std::string& path) {
    Manifest(path, edit.manifest(), edit.container());
    Path(absl::StrCat(path, ".hostPath"), edit.host_path());
    if (edit.mount_path() != edit.host_path()) {
      Path(absl::StrCat(path, ".mountPath"), edit.mount_path());
    }
    VolumeName(absl::StrCat(path, ".name"), edit.name());
    static constexpr const char* kTypes[] = {"DirectoryOrCreate", "Directory", "File",
                                             "FileOrCreate"};
    if (std::find(std::begin(kTypes), std::end(kTypes), edit.type()) == std::end(kTypes)) {
      Add(absl::StrCat(path, ".type"),
          absl::StrCat("'", edit.type(), "' must be one of ", absl::StrJoin(kTypes, ", ")));
    }
  }

  // Kubelet runs every file there that has no leading dot, whatever its ending.
  void OutsideOfManifests(const std::string& path, const std::string& file) {
    std::vector<std::string> parts = absl::StrSplit(file, '/');
    parts.pop_back();
    if (std::find(parts.begin(), parts.end(), "manifests") == parts.end() &&
        !absl::EndsWith(file, "/manifests")) {
      return;
    }
    Add(path,
        absl::StrCat("'", file, "' is in a directory of static-pod manifests, where kubelet ",
                     "runs every file as a pod: use setFlag, unsetFlag, mergeListFlag, mountPath ",
                     "or unmountPath"));
  }

  void Mode(const std::string& path, std::uint32_t mode) {
    if (mode != 0 && mode <= 0777) return;
    Add(path,
        "must be permission bits between \"0001\" and \"0777\", without setuid, setgid and "
        "sticky");
  }

  void Owner(const std::string& path, const std::string& owner) {
    const std::vector<absl::string_view> ids = absl::StrSplit(owner, ':');
    std::uint32_t id = 0;
    const auto is_id = [&id](absl::string_view text) {
      // The highest number means "leave as it is" to chown(2).
      return absl::SimpleAtoi(text, &id) && absl::StrCat(id) == text && id != UINT32_MAX;
    };
    if (ids.size() == 2 && is_id(ids[0]) && is_id(ids[1])) return;
    Add(path, absl::StrCat("'", owner, "' must be numbers uid:gid, such as \"0:0\""));
  }

  void Check(const v1::UnmountPath& edit, const std::string& path) {
    Manifest(path, edit.manifest(), edit.container());
    if (edit.name().empty() && edit.mount_path().empty()) {
      Add(path,
          "names neither the volume nor the path it is mounted at: give name, mountPath or "
          "both");
    }
    if (!edit.name().empty()) VolumeName(absl::StrCat(path, ".name"), edit.name());
    if (!edit.mount_path().empty()) Path(absl::StrCat(path, ".mountPath"), edit.mount_path());
  }

  template <class ConfigEdit>
  void Document(const ConfigEdit& edit, const std::string& path) {
    if (scope_ == EditScope::Plan) {
      const std::size_t before = broken_.size();
      Path(absl::StrCat(path, ".file"), edit.file());
      if (broken_.size() == before) OutsideOfManifests(absl::StrCat(path, ".file"), edit.file());
    }
    const std::string& kind = edit.kind();
    const bool word = kind.size() <= 63 && std::all_of(kind.begin(), kind.end(), [](char c) {
                        return absl::ascii_isalnum(static_cast<unsigned char>(c));
                      });
    if (!word) {
      Add(absl::StrCat(path, ".kind"),
          absl::StrCat("'", kind, "' is not the kind of a document, such as KubeletConfiguration"));
    }
    if (const absl::Status status = CheckConfigPath(edit.path()); !status.ok()) {
      Add(absl::StrCat(path, ".path"), std::string(status.message()));
    }
  }

  void Check(const v1::SetConfigKey& edit, const std::string& path) {
    Document(edit, path);
    if (!IsCanonicalJson(edit.value_json())) {
      Add(absl::StrCat(path, ".value"), "is not canonical JSON: sign the plan with this version");
    }
  }

  void Check(const v1::UnsetConfigKey& edit, const std::string& path) {
    Document(edit, path);
    if (!edit.path().empty() && edit.path(edit.path_size() - 1).has_index()) {
      Add(absl::StrCat(path, ".path"),
          "taking an item out by its index would take another one out the next time: select it by "
          "a key ([name=x]) or set the whole list");
    }
  }

  void Check(const v1::PutFile& edit, const std::string& path) {
    Path(absl::StrCat(path, ".path"), edit.path());
    OutsideOfManifests(absl::StrCat(path, ".path"), edit.path());
    Mode(absl::StrCat(path, ".mode"), edit.mode());
    if (!edit.owner().empty()) Owner(absl::StrCat(path, ".owner"), edit.owner());
  }

  void Check(const v1::RemoveFile& edit, const std::string& path) {
    Path(absl::StrCat(path, ".path"), edit.path());
    OutsideOfManifests(absl::StrCat(path, ".path"), edit.path());
  }

  // Of a manifest too: kubelet does not restart a pod for it.
  void Check(const v1::SetMode& edit, const std::string& path) {
    Path(absl::StrCat(path, ".path"), edit.path());
    Mode(absl::StrCat(path, ".mode"), edit.mode());
  }

  void Check(const v1::SetOwner& edit, const std::string& path) {
    Path(absl::StrCat(path, ".path"), edit.path());
    Owner(absl::StrCat(path, ".owner"), edit.owner());
  }

  void Check(const v1::RestartService& edit, const std::string& path) {
    if (scope_ == EditScope::OneFile) {
      Add(path, "changes no file: it has a meaning in a plan only");
    } else if (edit.service() != kKubelet) {
      Add(path, absl::StrCat("'", edit.service(), "' cannot be restarted by a plan: only ",
                             std::string(kKubelet), " can, and static pods start anew when their ",
                             "manifest changes"));
    }
  }

  const EditScope scope_;
  std::vector<BrokenRule>& broken_;
};

}  // namespace

bool HasControlCharacter(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  });
}

std::string NotAName(const std::string& name) {
  return absl::StrCat("'", name, "' is not a name: it ", kNameRule);
}

void CheckEdit(const v1::Edit& edit, const std::string& path, EditScope scope,
               std::vector<BrokenRule>& broken) {
  EditChecker(scope, broken).Check(edit, path);
}

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
    case v1::Edit::kRestartService:
      return "restartService";
    case v1::Edit::KIND_NOT_SET:
      return "";
  }
  return "";
}

}  // namespace belay
