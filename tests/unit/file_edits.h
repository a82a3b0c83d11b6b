// Short ways to write edits of files in tests.
#pragma once
#include <cstdint>
#include <string>

#include "belay/v1/plan.pb.h"

namespace belay {

inline v1::Edit PutEdit(const std::string& path, const std::string& content, std::uint32_t mode,
                        const std::string& owner = "0:0") {
  v1::Edit edit;
  edit.mutable_put_file()->set_path(path);
  edit.mutable_put_file()->set_content(content);
  edit.mutable_put_file()->set_mode(mode);
  edit.mutable_put_file()->set_owner(owner);
  return edit;
}
inline v1::Edit RemoveEdit(const std::string& path) {
  v1::Edit edit;
  edit.mutable_remove_file()->set_path(path);
  return edit;
}
inline v1::Edit ModeEdit(const std::string& path, std::uint32_t mode) {
  v1::Edit edit;
  edit.mutable_set_mode()->set_path(path);
  edit.mutable_set_mode()->set_mode(mode);
  return edit;
}
inline v1::Edit OwnerEdit(const std::string& path, const std::string& owner) {
  v1::Edit edit;
  edit.mutable_set_owner()->set_path(path);
  edit.mutable_set_owner()->set_owner(owner);
  return edit;
}

}  // namespace belay
