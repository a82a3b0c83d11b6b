// Short ways to write edits of a manifest in tests.
#pragma once
#include <string>
#include <vector>

#include "belay/v1/plan.pb.h"

namespace belay {

inline v1::Edit SetFlagEdit(const std::string& flag, const std::string& value,
                            const std::string& manifest = "kube-apiserver") {
  v1::Edit edit;
  edit.mutable_set_flag()->set_manifest(manifest);
  edit.mutable_set_flag()->set_flag(flag);
  edit.mutable_set_flag()->set_value(value);
  return edit;
}
inline v1::Edit UnsetFlagEdit(const std::string& flag,
                              const std::string& manifest = "kube-apiserver") {
  v1::Edit edit;
  edit.mutable_unset_flag()->set_manifest(manifest);
  edit.mutable_unset_flag()->set_flag(flag);
  return edit;
}
inline v1::Edit MergeEdit(const std::string& flag, const std::vector<std::string>& add,
                          const std::vector<std::string>& remove = {},
                          const std::string& manifest = "kube-apiserver") {
  v1::Edit edit;
  edit.mutable_merge_list_flag()->set_manifest(manifest);
  edit.mutable_merge_list_flag()->set_flag(flag);
  for (const std::string& element : add) edit.mutable_merge_list_flag()->add_add(element);
  for (const std::string& element : remove) edit.mutable_merge_list_flag()->add_remove(element);
  return edit;
}
inline v1::Edit MountEdit(const std::string& name, const std::string& path, bool read_only,
                          const std::string& manifest = "kube-apiserver") {
  v1::Edit edit;
  edit.mutable_mount_path()->set_manifest(manifest);
  edit.mutable_mount_path()->set_name(name);
  edit.mutable_mount_path()->set_host_path(path);
  edit.mutable_mount_path()->set_mount_path(path);
  edit.mutable_mount_path()->set_type("DirectoryOrCreate");
  edit.mutable_mount_path()->set_read_only(read_only);
  return edit;
}

}  // namespace belay
