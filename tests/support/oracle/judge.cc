#include "tests/support/oracle/judge.h"

#include "absl/strings/str_cat.h"
#include "tests/support/oracle/judge_bytes.h"
#include "tests/support/oracle/judge_flag.h"
#include "tests/support/oracle/judge_mount.h"
#include "tests/support/oracle/pod_place.h"

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
  const std::string container = ContainerName(edit, manifest);
  const PodPlace old_place = FindPlace(before, manifest, container);
  if (!old_place.problem.empty())
    return absl::StrCat("this had to be refused: ", old_place.problem);
  const PodPlace new_place = FindPlace(after, manifest, container);
  if (!new_place.problem.empty()) return absl::StrCat("the result: ", new_place.problem);
  const std::string ends = JudgeEnds(before, after);
  if (!ends.empty()) return ends;
  if (edit.has_mount_path())
    return JudgeMount(before, after, old_place, new_place, edit.mount_path());
  if (edit.has_unmount_path())
    return JudgeUnmount(before, after, old_place, new_place, edit.unmount_path());
  return JudgeFlag(before, after, old_place, new_place, edit);
}

}  // namespace belay::oracle
