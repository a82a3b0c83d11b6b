#include "node-agent/manifest/edit.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/manifest/argv_view.h"
#include "node-agent/manifest/flag_edit.h"
#include "node-agent/manifest/locate.h"
#include "node-agent/manifest/mount_edit.h"
#include "node-agent/manifest/verify.h"

namespace belay {
namespace {

struct Address {
  std::string what;  // "setFlag profiling"
  std::string manifest;
  std::string container;
  std::string flag;  // empty for mountPath
};

absl::StatusOr<Address> AddressOf(const v1::Edit& edit) {
  switch (edit.kind_case()) {
    case v1::Edit::kSetFlag: {
      const v1::SetFlag& e = edit.set_flag();
      return Address{"setFlag " + e.flag(), e.manifest(), e.container(), e.flag()};
    }
    case v1::Edit::kUnsetFlag: {
      const v1::UnsetFlag& e = edit.unset_flag();
      return Address{"unsetFlag " + e.flag(), e.manifest(), e.container(), e.flag()};
    }
    case v1::Edit::kMergeListFlag: {
      const v1::MergeListFlag& e = edit.merge_list_flag();
      return Address{"mergeListFlag " + e.flag(), e.manifest(), e.container(), e.flag()};
    }
    case v1::Edit::kMountPath: {
      const v1::MountPath& e = edit.mount_path();
      return Address{"mountPath " + e.host_path(), e.manifest(), e.container(), ""};
    }
    case v1::Edit::kPutFile:
    case v1::Edit::kSetConfigKey:
    case v1::Edit::kUnsetConfigKey:
    case v1::Edit::kRemoveFile:
    case v1::Edit::kSetMode:
    case v1::Edit::kSetOwner:
      return absl::InvalidArgumentError("an edit of a file is not an edit of a pod manifest");
    case v1::Edit::kUnmountPath: {
      const v1::UnmountPath& e = edit.unmount_path();
      return Address{"unmountPath " + (e.mount_path().empty() ? e.name() : e.mount_path()),
                     e.manifest(), e.container(), ""};
    }
    case v1::Edit::KIND_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError(
      "an edit of a kind this agent does not know; upgrade the agent");
}

absl::StatusOr<std::vector<Splice>> SplicesOf(std::string_view bytes, const EditPlace& place,
                                              const v1::Edit& edit) {
  switch (edit.kind_case()) {
    case v1::Edit::kSetFlag:
      return SetFlagSplices(bytes, place, edit.set_flag());
    case v1::Edit::kUnsetFlag:
      return UnsetFlagSplices(bytes, place, edit.unset_flag());
    case v1::Edit::kMergeListFlag:
      return MergeListFlagSplices(bytes, place, edit.merge_list_flag());
    case v1::Edit::kMountPath:
      return MountPathSplices(bytes, place, edit.mount_path());
    case v1::Edit::kUnmountPath:
      return absl::UnimplementedError(
          "this version cannot take mounts out; take it out by hand, or leave the edit out");
    case v1::Edit::kPutFile:
    case v1::Edit::kSetConfigKey:
    case v1::Edit::kUnsetConfigKey:
    case v1::Edit::kRemoveFile:
    case v1::Edit::kSetMode:
    case v1::Edit::kSetOwner:
    case v1::Edit::KIND_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("not an edit of a manifest");
}

absl::StatusOr<std::string> ApplyOne(const std::string& bytes, const std::string& manifest,
                                     const Address& address, const v1::Edit& edit) {
  ASSIGN_OR_RETURN(const ManifestNode before, ParseDocument(bytes));
  ASSIGN_OR_RETURN(const EditPlace place, Locate(before, manifest, address.container));
  ASSIGN_OR_RETURN(const std::vector<Splice> splices, SplicesOf(bytes, place, edit));
  std::string result = bytes;
  if (!splices.empty()) {
    ASSIGN_OR_RETURN(result, ApplySplices(bytes, splices));
  }
  // Also without splices: "already so" is a claim that is checked like any other.
  ASSIGN_OR_RETURN(const ManifestNode after, ParseDocument(result));
  RETURN_IF_ERROR(VerifyEdit(before, after, manifest, edit));
  RETURN_IF_ERROR(VerifyBytes(bytes, result, splices));
  return result;
}

}  // namespace

absl::StatusOr<EditOutcome> ApplyEdits(std::string_view bytes, const std::string& manifest,
                                       const std::vector<v1::Edit>& edits) {
  EditOutcome outcome;
  outcome.bytes = std::string(bytes);
  for (const v1::Edit& edit : edits) {
    ASSIGN_OR_RETURN(const Address address, AddressOf(edit));
    if (address.manifest != manifest) {
      return absl::InvalidArgumentError(absl::StrCat(
          address.what, ": is an edit of '", address.manifest, "', not of '", manifest, "'"));
    }
    absl::StatusOr<std::string> next = ApplyOne(outcome.bytes, manifest, address, edit);
    if (!next.ok()) {
      return WithContext(next.status(), absl::StrCat("cannot edit the manifest of ", manifest, " (",
                                                     address.what, "), it is unchanged"));
    }
    outcome.bytes = *std::move(next);
    const std::string flag = NormalFlagName(address.flag);
    std::vector<std::string>& touched = outcome.touched_flags;
    if (!flag.empty() && std::find(touched.begin(), touched.end(), flag) == touched.end()) {
      touched.push_back(flag);
    }
  }
  outcome.changed = outcome.bytes != bytes;
  return outcome;
}

}  // namespace belay
