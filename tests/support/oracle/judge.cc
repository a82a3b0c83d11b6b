#include "tests/support/oracle/judge.h"

#include "absl/strings/str_cat.h"
#include "tests/support/oracle/judge_bytes.h"
#include "tests/support/oracle/judge_flag.h"
#include "tests/support/oracle/judge_mount.h"
#include "tests/support/oracle/pod_place.h"
#include "tests/support/oracle/second_opinion.h"
#include "tests/support/oracle/strict_json.h"

namespace belay::oracle {

std::string NameOf(const v1::Edit& edit) {
  if (edit.has_set_flag()) return "set";
  if (edit.has_unset_flag()) return "unset";
  if (edit.has_merge_list_flag()) return "merge";
  if (edit.has_mount_path()) return "mount";
  if (edit.has_unmount_path()) return "unmount";
  return "other";
}

std::string JudgeEdit(std::string_view before, std::string_view after, const std::string& manifest,
                      const v1::Edit& edit) {
  const std::string container = ContainerOf(edit);
  const PodPlace old_place = FindPlace(before, manifest, container);
  if (!old_place.problem.empty())
    return absl::StrCat("this had to be refused: ", old_place.problem);
  const PodPlace new_place = FindPlace(after, manifest, container);
  if (!new_place.problem.empty()) return absl::StrCat("the result: ", new_place.problem);
  const std::string ends = JudgeEnds(before, after);
  if (!ends.empty()) return ends;
  const std::string second = SecondOpinion(before, after);
  if (!second.empty()) return second;
  if (IsStrictJson(before) && !IsStrictJson(after)) return "the result is not JSON any more";
  if (old_place.others.size() != new_place.others.size()) return "documents came or went";
  for (size_t i = 0; i < old_place.others.size(); ++i) {
    if (!Same(*old_place.others[i], *new_place.others[i])) return "another document changed";
  }
  if (edit.has_mount_path())
    return JudgeMount(before, after, old_place, new_place, edit.mount_path());
  if (edit.has_unmount_path())
    return JudgeUnmount(before, after, old_place, new_place, edit.unmount_path());
  return JudgeFlag(before, after, old_place, new_place, edit);
}

}  // namespace belay::oracle
