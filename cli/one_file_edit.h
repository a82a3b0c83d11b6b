// `belayctl edit` without its command line: edits of one file that nobody named in a plan.  The
// edits are all of a static pod's manifest, or all of a config file; together they are one edit.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "belay/v1/plan.pb.h"
#include "common/os/file_system.h"
#include "node-agent/manifest/edit.h"

namespace belay {

// Which of the two editors all of these edits are for; INVALID_ARGUMENT when there is not one.
enum class EditedFile { Manifest, Config };
absl::StatusOr<EditedFile> EditorOf(const std::vector<v1::Edit>& edits);

// The container that edits without one are about: the only one, else the one named like the file
// or, where that is the only pod of the file, like the pod.  FAILED_PRECONDITION with the names of
// all when that is not certain.  Pure.
absl::StatusOr<std::string> ContainerOf(std::string_view bytes, std::string_view file_name);

// Pure.  `container` is used where an edit names none; empty: ContainerOf.  Errors as of ApplyEdits
// and ApplyConfigEdits, whatever they are: nothing is edited then.
absl::StatusOr<EditOutcome> EditOneFile(std::string_view bytes, std::string_view file_name,
                                        const std::string& container, std::vector<v1::Edit> edits);

// Replaces `path`, whose content was `before`, by `bytes` in one rename that is durable when it
// returns ok; owner, mode, ACLs and xattrs stay.  ABORTED when somebody else has written the file
// since it was read; nothing is changed by any failure.
absl::Status ReplaceContent(FileSystem& files, const std::string& path, const FileContent& before,
                            const std::string& bytes, const std::string& temporary_suffix);

}  // namespace belay
