// A file's whole identity for a transaction: existence, content by digest, and every attribute that
// publishing must keep.  Pure values; the bytes themselves are in the image store.
#pragma once
#include <string>

#include "absl/status/statusor.h"
#include "belay/v1/journal.pb.h"
#include "common/os/file_system.h"

namespace belay {

v1::FileImage ImageOf(const std::string& bytes, const FileAttributes& attributes);
v1::FileImage AbsentImage();
FileAttributes AttributesOf(const v1::FileImage& image);
bool SameImage(const v1::FileImage& a, const v1::FileImage& b);

// What is at `path` now; absent is an image too.  Errors as FileSystem::Read, but never NOT_FOUND.
absl::StatusOr<v1::FileImage> ReadImage(const FileSystem& fs, const std::string& path);

}  // namespace belay
