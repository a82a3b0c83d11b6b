#include "node-agent/health/managed_files.h"

#include "absl/strings/str_cat.h"
#include "node-agent/transaction/file_image.h"

namespace belay {

ManagedFiles CheckManagedFiles(const FileSystem& files, const v1::Prepared& prepared,
                               GateDirection direction) {
  using Kind = ManagedFiles::Kind;
  const bool forward = direction == GateDirection::Forward;
  for (const v1::FileChange& change : prepared.changes()) {
    const auto image = ReadImage(files, change.path());
    if (!image.ok()) {
      // A link, a directory or a device in the file's place is somebody's doing, not bad luck.
      const bool foreign = image.status().code() == absl::StatusCode::kFailedPrecondition;
      return {foreign ? Kind::Foreign : Kind::Unreadable, change.path(),
              std::string(image.status().message())};
    }
    const v1::FileImage& expected = forward ? change.after() : change.before();
    const v1::FileImage& other = forward ? change.before() : change.after();
    if (SameImage(*image, expected)) continue;
    if (SameImage(*image, other)) {
      return {Kind::OtherImage, change.path(),
              absl::StrCat(change.path(), " was changed back to the ", forward ? "old" : "new",
                           " content by somebody else")};
    }
    return {Kind::Foreign, change.path(),
            absl::StrCat(change.path(),
                         " was changed by somebody else: it holds neither what it "
                         "held before the edit nor what the edit made of it")};
  }
  return {};
}

}  // namespace belay
