#include "node-agent/manifest/edit.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/manifest/check_bytes.h"
#include "node-agent/manifest/flag_edit.h"
#include "node-agent/manifest/locate.h"
#include "node-agent/manifest/mount_edit.h"
#include "node-agent/manifest/programs.h"
#include "node-agent/manifest/unmount_edit.h"
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
    case v1::Edit::kRestartService:
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

absl::StatusOr<std::vector<Splice>> SplicesOf(std::string_view bytes, EditPlace place,
                                              const v1::Edit& edit) {
  switch (edit.kind_case()) {
    case v1::Edit::kSetFlag:
      RETURN_IF_ERROR(LocateCommand(place));
      return SetFlagSplices(bytes, place, edit.set_flag());
    case v1::Edit::kUnsetFlag:
      RETURN_IF_ERROR(LocateCommand(place));
      return UnsetFlagSplices(bytes, place, edit.unset_flag());
    case v1::Edit::kMergeListFlag:
      RETURN_IF_ERROR(LocateCommand(place));
      return MergeListFlagSplices(bytes, place, edit.merge_list_flag());
    case v1::Edit::kMountPath:
      return MountPathSplices(bytes, place, edit.mount_path());
    case v1::Edit::kUnmountPath:
      return UnmountPathSplices(bytes, place, edit.unmount_path());
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
  return absl::InvalidArgumentError("not an edit of a manifest");
}

// The file as two parsers read it.
struct Reading {
  std::string bytes;
  std::vector<ManifestNode> documents;  // libyaml's: places
  std::vector<Model> models;            // libfyaml's: values only
};

absl::StatusOr<Reading> Read(std::string bytes) {
  Reading reading;
  ASSIGN_OR_RETURN(reading.documents, ParseDocuments(bytes));
  ASSIGN_OR_RETURN(reading.models, ReadModels(bytes));
  if (!SameValues(reading.documents, reading.models)) {
    return RefuseAtLine(1,
                        "two YAML parsers (libyaml, libfyaml) read different values from this "
                        "file; write it in a simpler form");
  }
  reading.bytes = std::move(bytes);
  return reading;
}

// Nothing when the edit is already so; that is a claim which is checked like any other.
// Otherwise the places of `before` are given up: a big file need not be held twice.
absl::StatusOr<std::optional<Reading>> ApplyOne(Reading& before, const std::string& manifest,
                                                const Address& address, const v1::Edit& edit) {
  ASSIGN_OR_RETURN(const EditPlace place, Locate(before.documents, manifest, address.container));
  ASSIGN_OR_RETURN(const std::vector<Splice> splices, SplicesOf(before.bytes, place, edit));
  if (splices.empty()) {
    RETURN_IF_ERROR(VerifyEdit(before.models, before.models, manifest, edit));
    return std::optional<Reading>();
  }
  ASSIGN_OR_RETURN(std::string result, ApplySplices(before.bytes, splices));
  std::vector<ManifestNode>().swap(before.documents);
  ASSIGN_OR_RETURN(Reading after, Read(std::move(result)));
  RETURN_IF_ERROR(VerifyEdit(before.models, after.models, manifest, edit));
  RETURN_IF_ERROR(VerifyBytes(before.bytes, after.bytes, splices));
  return std::optional<Reading>(std::move(after));
}

}  // namespace

absl::StatusOr<EditOutcome> ApplyEdits(std::string_view bytes, const std::string& manifest,
                                       const std::vector<v1::Edit>& edits) {
  EditOutcome outcome;
  outcome.bytes = std::string(bytes);
  std::optional<Reading> reading;
  for (const v1::Edit& edit : edits) {
    ASSIGN_OR_RETURN(const Address address, AddressOf(edit));
    if (address.manifest != manifest) {
      return absl::InvalidArgumentError(absl::StrCat(
          address.what, ": is an edit of '", address.manifest, "', not of '", manifest, "'"));
    }
    const auto unchanged = [&](const absl::Status& why) {
      return WithContext(why, absl::StrCat("cannot edit the manifest of ", manifest, " (",
                                           address.what, "), it is unchanged"));
    };
    if (!reading.has_value()) {
      absl::StatusOr<Reading> first = Read(outcome.bytes);
      if (!first.ok()) return unchanged(first.status());
      reading = *std::move(first);
    }
    absl::StatusOr<std::optional<Reading>> next = ApplyOne(*reading, manifest, address, edit);
    if (!next.ok()) return unchanged(next.status());
    if (next->has_value()) reading = *std::move(*next);
    const std::string flag = NormalFlagName(address.flag);
    std::vector<std::string>& touched = outcome.touched_flags;
    if (!flag.empty() && std::find(touched.begin(), touched.end(), flag) == touched.end()) {
      touched.push_back(flag);
    }
  }
  if (reading.has_value()) outcome.bytes = std::move(reading->bytes);
  outcome.changed = outcome.bytes != bytes;
  return outcome;
}

}  // namespace belay
