#include "node-agent/change/attribute_edits.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"

namespace belay {
namespace {

constexpr std::uint32_t kPermissionBits = 07777;
constexpr const char* kAccessAcl = "system.posix_acl_access";

absl::Status Contradiction(const std::string& path, const char* what) {
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": ", what, " in one step; leave one of the two out of the plan"));
}

template <class Edit>
absl::Status Add(const std::string& path, const char* twice, const Edit& edit, const Edit** slot) {
  if (*slot != nullptr) return Contradiction(path, twice);
  *slot = &edit;
  return absl::OkStatus();
}

absl::Status SetOwnerOf(const std::string& path, const std::string& owner, FileVersion* file) {
  const std::vector<std::string> parts = absl::StrSplit(owner, ':');
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  // The highest number means "leave as it is" to chown(2).
  const bool good = parts.size() == 2 && absl::SimpleAtoi(parts[0], &uid) &&
                    absl::SimpleAtoi(parts[1], &gid) && uid != UINT32_MAX && gid != UINT32_MAX;
  if (!good) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": owner \"", owner, "\" is not \"uid:gid\" in numbers; correct the plan"));
  }
  file->attributes.uid = uid;
  file->attributes.gid = gid;
  return absl::OkStatus();
}

// An access ACL holds the mode as well; beside it the plan's mode would not be what it says.
void SetModeOf(std::uint32_t mode, FileVersion* file) {
  file->attributes.mode = mode & kPermissionBits;
  file->attributes.xattrs.erase(kAccessAcl);
}

}  // namespace

absl::Status AddFileEdit(const v1::Edit& edit, FileEdits* edits) {
  std::string path;
  if (edit.has_put_file()) {
    path = edit.put_file().path();
    RETURN_IF_ERROR(Add(path, "written twice", edit.put_file(), &edits->put));
  } else if (edit.has_remove_file()) {
    path = edit.remove_file().path();
    RETURN_IF_ERROR(Add(path, "removed twice", edit.remove_file(), &edits->remove));
  } else if (edit.has_set_mode()) {
    path = edit.set_mode().path();
    RETURN_IF_ERROR(Add(path, "given a mode twice", edit.set_mode(), &edits->mode));
  } else if (edit.has_set_owner()) {
    path = edit.set_owner().path();
    RETURN_IF_ERROR(Add(path, "given an owner twice", edit.set_owner(), &edits->owner));
  }
  const bool attributes = edits->mode != nullptr || edits->owner != nullptr;
  if (edits->remove != nullptr && edits->put != nullptr) {
    return Contradiction(path, "written and removed");
  }
  if (edits->remove != nullptr && attributes) {
    return Contradiction(path, "removed and given a mode or an owner");
  }
  if (edits->put != nullptr && attributes) {
    return Contradiction(path, "written by putFile, which sets mode and owner, and given others");
  }
  return absl::OkStatus();
}

absl::StatusOr<FileVersion> ApplyFileEdits(const std::string& path, const FileEdits& edits,
                                           FileVersion file) {
  if (edits.remove != nullptr) return FileVersion{};
  if (edits.put != nullptr) {
    file.exists = true;
    file.bytes = edits.put->content();
    SetModeOf(edits.put->mode(), &file);
    const std::string& owner = edits.put->owner();
    RETURN_IF_ERROR(SetOwnerOf(path, owner.empty() ? "0:0" : owner, &file));
    return file;
  }
  if (!file.exists && (edits.mode != nullptr || edits.owner != nullptr)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path,
                     " is not there, so it has no mode and no owner to change; create it with "
                     "putFile or leave the edit out"));
  }
  // Said only where it differs: an ACL whose mask is this mode is left alone.
  if (edits.mode != nullptr && file.attributes.mode != (edits.mode->mode() & kPermissionBits)) {
    SetModeOf(edits.mode->mode(), &file);
  }
  if (edits.owner != nullptr) RETURN_IF_ERROR(SetOwnerOf(path, edits.owner->owner(), &file));
  return file;
}

}  // namespace belay
