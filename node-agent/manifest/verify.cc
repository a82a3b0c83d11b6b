#include "node-agent/manifest/verify.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/manifest/verify_parts.h"

namespace belay {
namespace {

// Names of an edit and the keys it may change.
struct Scope {
  std::string container;
  std::vector<std::string> container_keys;
  std::vector<std::string> spec_keys;
};

absl::StatusOr<Scope> ScopeOf(const v1::Edit& edit) {
  switch (edit.kind_case()) {
    case v1::Edit::kSetFlag:
      return Scope{edit.set_flag().container(), {"command", "args"}, {}};
    case v1::Edit::kUnsetFlag:
      return Scope{edit.unset_flag().container(), {"command", "args"}, {}};
    case v1::Edit::kMergeListFlag:
      return Scope{edit.merge_list_flag().container(), {"command", "args"}, {}};
    case v1::Edit::kMountPath:
      return Scope{edit.mount_path().container(), {"volumeMounts"}, {"volumes"}};
    case v1::Edit::kUnmountPath:
      return Scope{edit.unmount_path().container(), {"volumeMounts"}, {"volumes"}};
    case v1::Edit::kPutFile:
    case v1::Edit::kSetConfigKey:
    case v1::Edit::kUnsetConfigKey:
    case v1::Edit::kRemoveFile:
    case v1::Edit::kSetMode:
    case v1::Edit::kSetOwner:
    case v1::Edit::kRestartService:
    case v1::Edit::KIND_NOT_SET:
      break;
  }
  return WrongResult("it is no edit of a manifest");
}

const Model* Child(const Model& map, const char* key) { return map.Find(key); }

bool HasContainer(const Model& document, const std::string& name) {
  const Model* const spec = Child(document, "spec");
  const Model* const containers = spec == nullptr ? nullptr : Child(*spec, "containers");
  if (containers == nullptr) return false;
  return std::any_of(containers->list.begin(), containers->list.end(), [&](const Model& c) {
    const Model* const given = Child(c, "name");
    return given != nullptr && given->text == name;
  });
}

// Maps are compared in the order of their keys in the file; the editor never moves one.
bool SameMapsExcept(const Model& before, const Model& after, const std::vector<Exemption>& exempt) {
  const std::vector<std::string>* keys = nullptr;
  for (const Exemption& one : exempt) {
    if (one.before != &before) continue;
    if (one.after != &after) return false;
    keys = &one.keys;
  }
  const auto is_free = [&](const Model::Entry& entry) {
    return keys != nullptr && std::find(keys->begin(), keys->end(), entry.key) != keys->end();
  };
  auto a = before.map.begin();
  auto b = after.map.begin();
  while (true) {
    while (a != before.map.end() && is_free(*a)) ++a;
    while (b != after.map.end() && is_free(*b)) ++b;
    if (a == before.map.end() || b == after.map.end()) break;
    if (a->key != b->key || !SameExcept(a->value, b->value, exempt)) return false;
    ++a;
    ++b;
  }
  return a == before.map.end() && b == after.map.end();
}

}  // namespace

absl::Status WrongResult(std::string_view what) {
  return absl::FailedPreconditionError(absl::StrCat(
      "line 1: the edit was checked and ", std::string(what),
      "; this manifest has a form that cannot be edited with certainty, edit it by hand"));
}

bool SameExcept(const Model& before, const Model& after, const std::vector<Exemption>& exempt) {
  if (before.kind != after.kind || before.text != after.text ||
      before.list.size() != after.list.size())
    return false;
  for (size_t i = 0; i < before.list.size(); ++i)
    if (!SameExcept(before.list[i], after.list[i], exempt)) return false;
  return SameMapsExcept(before, after, exempt);
}

JudgedPlace FindJudgedPlace(const std::vector<Model>& documents, const std::string& manifest,
                            const std::string& container) {
  JudgedPlace place;
  place.name = container.empty() ? manifest : container;
  std::vector<const Model*> pods;
  for (const Model& document : documents) {
    const Model* const kind = Child(document, "kind");
    if (kind != nullptr && kind->text == "Pod") pods.push_back(&document);
  }
  if (pods.size() > 1)
    std::erase_if(pods, [&](const Model* pod) { return !HasContainer(*pod, place.name); });
  if (pods.size() != 1) return place;
  const Model* const spec = Child(*pods.front(), "spec");
  const Model* const containers = spec == nullptr ? nullptr : Child(*spec, "containers");
  if (containers == nullptr) return place;
  for (const Model& one : containers->list) {
    const Model* const given = Child(one, "name");
    const bool named = given != nullptr && given->text == place.name;
    if (!named) continue;
    place.spec = spec;
    place.container = &one;
    return place;
  }
  return place;
}

absl::Status VerifyEdit(const std::vector<Model>& before, const std::vector<Model>& after,
                        const std::string& manifest, const v1::Edit& edit) {
  ASSIGN_OR_RETURN(const Scope scope, ScopeOf(edit));
  const JudgedPlace a = FindJudgedPlace(before, manifest, scope.container);
  const JudgedPlace b = FindJudgedPlace(after, manifest, scope.container);
  if (a.container == nullptr || b.container == nullptr || a.name != b.name ||
      before.size() != after.size()) {
    return WrongResult("the container would be gone");
  }
  const std::vector<Exemption> exempt = {{a.container, b.container, scope.container_keys},
                                         {a.spec, b.spec, scope.spec_keys}};
  for (size_t i = 0; i < before.size(); ++i) {
    if (!SameExcept(before[i], after[i], exempt))
      return WrongResult("something else would change as well");
  }
  if (edit.has_mount_path()) return JudgeMountPath(a, b, edit.mount_path());
  if (edit.has_unmount_path()) return JudgeUnmountPath(a, b, edit.unmount_path());
  return JudgeCommandLine(a, b, manifest, edit);
}

absl::Status VerifyBytes(std::string_view before, std::string_view after,
                         const std::vector<Splice>& splices) {
  std::multimap<std::pair<size_t, size_t>, const Splice*> by_place;
  for (const Splice& splice : splices)
    by_place.emplace(std::pair(splice.begin, splice.end), &splice);
  size_t in_before = 0;
  size_t in_after = 0;
  for (const auto& [place, splice] : by_place) {
    if (place.first < in_before) return WrongResult("two changes of bytes would overlap");
    const std::string_view kept = before.substr(in_before, place.first - in_before);
    if (after.substr(in_after, kept.size()) != kept ||
        after.substr(in_after + kept.size(), splice->text.size()) != splice->text) {
      return WrongResult("bytes outside of it would change");
    }
    in_before = splice->end;
    in_after += kept.size() + splice->text.size();
  }
  if (after.substr(in_after) != before.substr(in_before)) {
    return WrongResult("bytes outside of it would change");
  }
  return absl::OkStatus();
}

}  // namespace belay
