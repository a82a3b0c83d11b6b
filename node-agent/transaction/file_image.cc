#include "node-agent/transaction/file_image.h"

#include <array>
#include <map>

#include "common/base/digest.h"

namespace belay {
namespace {

// A security module labels each file when it is made, whether or not an image names a label.
constexpr std::array<const char*, 2> kLabels = {"security.selinux", "security.SMACK64"};

bool SameAttributes(FileAttributes a, FileAttributes b) {
  for (const char* const label : kLabels) {
    if (a.xattrs.contains(label) && b.xattrs.contains(label)) continue;
    a.xattrs.erase(label);
    b.xattrs.erase(label);
  }
  return a == b;
}

}  // namespace

v1::FileImage ImageOf(const std::string& bytes, const FileAttributes& attributes) {
  v1::FileImage image;
  image.set_exists(true);
  image.set_digest(Sha256Hex(bytes));
  image.set_mode(attributes.mode);
  image.set_uid(attributes.uid);
  image.set_gid(attributes.gid);
  for (const auto& [name, value] : attributes.xattrs) (*image.mutable_xattrs())[name] = value;
  return image;
}

v1::FileImage AbsentImage() { return v1::FileImage(); }

FileAttributes AttributesOf(const v1::FileImage& image) {
  FileAttributes attributes;
  attributes.mode = image.mode();
  attributes.uid = image.uid();
  attributes.gid = image.gid();
  attributes.xattrs.insert(image.xattrs().begin(), image.xattrs().end());
  return attributes;
}

bool SameImage(const v1::FileImage& a, const v1::FileImage& b) {
  if (a.exists() != b.exists()) return false;
  if (!a.exists()) return true;
  return a.digest() == b.digest() && SameAttributes(AttributesOf(a), AttributesOf(b));
}

absl::StatusOr<v1::FileImage> ReadImage(const FileSystem& fs, const std::string& path) {
  const absl::StatusOr<FileContent> content = fs.Read(path);
  if (absl::IsNotFound(content.status())) return AbsentImage();
  if (!content.ok()) return content.status();
  return ImageOf(content->bytes, content->attributes);
}

}  // namespace belay
