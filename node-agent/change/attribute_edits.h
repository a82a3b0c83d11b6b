// What putFile, removeFile, setMode and setOwner make of one file.  Pure functions on values.
#pragma once
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "belay/v1/plan.pb.h"
#include "node-agent/change/change.h"

namespace belay {

// The edits of one step that are about one path, each kind at most once; nullptr where there is
// none.
struct FileEdits {
  const v1::PutFile* put = nullptr;
  const v1::RemoveFile* remove = nullptr;
  const v1::SetMode* mode = nullptr;
  const v1::SetOwner* owner = nullptr;
};

// INVALID_ARGUMENT when `edit` and one that is there already cannot both be meant.
absl::Status AddFileEdit(const v1::Edit& edit, FileEdits* edits);

// `path` is for messages.  FAILED_PRECONDITION: the file is not there and none is put.
absl::StatusOr<FileVersion> ApplyFileEdits(const std::string& path, const FileEdits& edits,
                                           FileVersion file);

}  // namespace belay
