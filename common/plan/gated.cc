#include "common/plan/gated.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace belay {
namespace {

void AddOnce(std::vector<std::string>& list, const std::string& item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
}

template <class Member>
std::string Joined(Member member) {
  std::string text;
  for (std::size_t i = 0; i < kGatedComponents.size(); ++i) {
    const bool last = i + 1 == kGatedComponents.size();
    absl::StrAppend(&text,
                    i == 0 ? ""
                    : last ? " and "
                           : ", ",
                    std::string(kGatedComponents[i].*member));
  }
  return text;
}

}  // namespace

std::string ManifestOf(const v1::Edit& edit) {
  switch (edit.kind_case()) {
    case v1::Edit::kSetFlag:
      return edit.set_flag().manifest();
    case v1::Edit::kUnsetFlag:
      return edit.unset_flag().manifest();
    case v1::Edit::kMergeListFlag:
      return edit.merge_list_flag().manifest();
    case v1::Edit::kMountPath:
      return edit.mount_path().manifest();
    case v1::Edit::kUnmountPath:
      return edit.unmount_path().manifest();
    case v1::Edit::kPutFile:
    case v1::Edit::kSetConfigKey:
    case v1::Edit::kUnsetConfigKey:
    case v1::Edit::kRemoveFile:
    case v1::Edit::kSetMode:
    case v1::Edit::kSetOwner:
    case v1::Edit::KIND_NOT_SET:
      return "";
  }
  return "";
}

std::vector<std::string> TouchedManifests(const v1::Step& step) {
  std::vector<std::string> manifests;
  for (const v1::Edit& edit : step.edits()) {
    const std::string manifest = ManifestOf(edit);
    if (!manifest.empty()) AddOnce(manifests, manifest);
  }
  return manifests;
}

std::vector<std::string> DefaultProbes(const v1::Step& step) {
  std::vector<std::string> probes;
  for (const std::string& manifest : TouchedManifests(step)) {
    const GatedComponent* const gated = FindGated(manifest);
    if (gated == nullptr) continue;
    AddOnce(probes, std::string(gated->probe));
    if (manifest == "etcd") AddOnce(probes, std::string(kGatedComponents[0].probe));
  }
  return probes;
}

std::string GatedManifestsText() { return Joined(&GatedComponent::manifest); }
std::string ProbesText() { return Joined(&GatedComponent::probe); }

}  // namespace belay
