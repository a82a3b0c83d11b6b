#include "common/plan/gated.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace belay {
namespace {

void AddOnce(std::vector<std::string>& list, const std::string& item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
}

std::string Joined(const std::vector<std::string_view>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool last = i + 1 == words.size();
    absl::StrAppend(&text, i == 0 ? "" : last ? " and " : ", ", std::string(words[i]));
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
    case v1::Edit::kRestartService:
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

std::string RestartedService(const v1::Step& step) {
  for (const v1::Edit& edit : step.edits()) {
    if (edit.has_restart_service()) return edit.restart_service().service();
  }
  return "";
}

bool StartsSomething(const v1::Step& step) {
  return !TouchedManifests(step).empty() || !RestartedService(step).empty();
}

std::vector<std::string> DefaultProbes(const v1::Step& step) {
  std::vector<std::string> probes;
  if (!RestartedService(step).empty()) {
    probes = {std::string(kKubeletProbe), std::string(kGatedComponents[0].probe)};
  }
  for (const std::string& manifest : TouchedManifests(step)) {
    const GatedComponent* const gated = FindGated(manifest);
    if (gated == nullptr) continue;
    AddOnce(probes, std::string(gated->probe));
    if (manifest == "etcd") AddOnce(probes, std::string(kGatedComponents[0].probe));
  }
  return probes;
}

std::string GatedManifestsText() {
  std::vector<std::string_view> words;
  for (const GatedComponent& each : kGatedComponents) words.push_back(each.manifest);
  return Joined(words);
}

std::string ProbesText() {
  std::vector<std::string_view> words;
  for (const GatedComponent& each : kGatedComponents) words.push_back(each.probe);
  words.push_back(kKubeletProbe);
  return Joined(words);
}

}  // namespace belay
