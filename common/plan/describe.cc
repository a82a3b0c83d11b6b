#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/plan/compile.h"
#include "common/plan/config_path.h"

namespace belay {
namespace {

template <class FlagEdit>
std::string Where(const FlagEdit& edit) {
  return edit.container().empty()
             ? edit.manifest()
             : absl::StrCat(edit.manifest(), " (container ", edit.container(), ")");
}

template <class ConfigEdit>
std::string Document(const ConfigEdit& edit) {
  return edit.kind().empty() ? edit.file() : absl::StrCat(edit.file(), " (", edit.kind(), ")");
}

std::string DescribeMerge(const v1::MergeListFlag& edit) {
  std::string text;
  if (!edit.add().empty()) text = absl::StrCat("add ", absl::StrJoin(edit.add(), ","), " to");
  if (!edit.remove().empty()) {
    absl::StrAppend(&text, text.empty() ? "" : " and ", "remove ",
                    absl::StrJoin(edit.remove(), ","), " from");
  }
  return absl::StrCat(text, " --", edit.flag(), " in ", Where(edit));
}

}  // namespace

std::string Describe(const v1::Edit& edit) {
  switch (edit.kind_case()) {
    case v1::Edit::kSetFlag:
      return absl::StrCat("set --", edit.set_flag().flag(), "=", edit.set_flag().value(), " in ",
                          Where(edit.set_flag()));
    case v1::Edit::kUnsetFlag:
      return absl::StrCat("unset --", edit.unset_flag().flag(), " in ", Where(edit.unset_flag()));
    case v1::Edit::kMergeListFlag:
      return DescribeMerge(edit.merge_list_flag());
    case v1::Edit::kMountPath: {
      const v1::MountPath& mount = edit.mount_path();
      return absl::StrCat("mount ", mount.host_path(),
                          mount.mount_path() == mount.host_path() ? "" : " at ",
                          mount.mount_path() == mount.host_path() ? "" : mount.mount_path(),
                          mount.read_only() ? " read-only" : "", " in ", Where(mount));
    }
    case v1::Edit::kPutFile: {
      const v1::PutFile& file = edit.put_file();
      return absl::StrFormat("put %s (%d bytes, mode %04o, owner %s)", file.path(),
                             file.content().size(), file.mode(),
                             file.owner().empty() ? "0:0" : file.owner());
    }
    case v1::Edit::kUnmountPath: {
      const v1::UnmountPath& mount = edit.unmount_path();
      return absl::StrCat("unmount ", mount.mount_path(),
                          mount.mount_path().empty() || mount.name().empty() ? "" : " of ",
                          mount.name().empty() ? "" : "the volume ", mount.name(), " in ",
                          Where(mount));
    }
    case v1::Edit::kSetConfigKey: {
      const v1::SetConfigKey& set = edit.set_config_key();
      return absl::StrCat("set ", ConfigPathText(set.path()), "=", set.value_json(), " in ",
                          Document(set));
    }
    case v1::Edit::kUnsetConfigKey:
      return absl::StrCat("unset ", ConfigPathText(edit.unset_config_key().path()), " in ",
                          Document(edit.unset_config_key()));
    case v1::Edit::kRemoveFile:
      return absl::StrCat("remove ", edit.remove_file().path());
    case v1::Edit::kSetMode:
      return absl::StrFormat("set mode %04o of %s", edit.set_mode().mode(), edit.set_mode().path());
    case v1::Edit::kSetOwner:
      return absl::StrCat("set owner ", edit.set_owner().owner(), " of ", edit.set_owner().path());
    case v1::Edit::kRestartService:
      return absl::StrCat("restart ", edit.restart_service().service());
    case v1::Edit::KIND_NOT_SET:
      return "an edit of an unknown kind";
  }
  return "";
}

}  // namespace belay
