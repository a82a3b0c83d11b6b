#include "common/os/extended_attributes.h"

#include <sys/xattr.h>

#include <cerrno>
#include <cstddef>

#include "common/base/status_macros.h"
#include "common/os/errno_status.h"

namespace belay {
namespace {

constexpr const char* kAccessAcl = "system.posix_acl_access";

bool ComputedByKernel(const std::string& name) {
  return name == "security.ima" || name == "security.evm";
}

// The names, each ended by a NUL.  Grows between the two calls are tried again a few times.
absl::StatusOr<std::string> Names(int fd, const std::string& path) {
  for (int attempt = 0; attempt < 8; ++attempt) {
    const ssize_t size = flistxattr(fd, nullptr, 0);
    if (size < 0 && errno == ENOTSUP) return std::string();
    if (size < 0) return ErrnoStatus("list extended attributes of", path, errno);
    std::string names(static_cast<std::size_t>(size), '\0');
    if (size == 0) return names;
    const ssize_t got = flistxattr(fd, names.data(), names.size());
    if (got >= 0) {
      names.resize(static_cast<std::size_t>(got));
      return names;
    }
    if (errno != ERANGE) return ErrnoStatus("list extended attributes of", path, errno);
  }
  return ErrnoStatus("list extended attributes of", path, ERANGE);
}

absl::StatusOr<std::string> Value(int fd, const std::string& path, const std::string& name) {
  const std::string doing = "read the extended attribute " + name + " of";
  for (int attempt = 0; attempt < 8; ++attempt) {
    const ssize_t size = fgetxattr(fd, name.c_str(), nullptr, 0);
    if (size < 0) return ErrnoStatus(doing, path, errno);
    std::string value(static_cast<std::size_t>(size), '\0');
    if (size == 0) return value;
    const ssize_t got = fgetxattr(fd, name.c_str(), value.data(), value.size());
    if (got >= 0) {
      value.resize(static_cast<std::size_t>(got));
      return value;
    }
    if (errno != ERANGE) return ErrnoStatus(doing, path, errno);
  }
  return ErrnoStatus(doing, path, ERANGE);
}

}  // namespace

absl::StatusOr<std::map<std::string, std::string>> ReadExtendedAttributes(int fd,
                                                                          const std::string& path) {
  std::map<std::string, std::string> found;
  ASSIGN_OR_RETURN(const std::string names, Names(fd, path));
  for (std::size_t at = 0; at < names.size();) {
    const std::string name(names.c_str() + at);
    at += name.size() + 1;
    if (name.empty() || ComputedByKernel(name)) continue;
    ASSIGN_OR_RETURN(found[name], Value(fd, path, name));
  }
  return found;
}

absl::Status WriteExtendedAttributes(int fd, const std::string& path,
                                     const std::map<std::string, std::string>& wanted) {
  ASSIGN_OR_RETURN(const auto present, ReadExtendedAttributes(fd, path));
  if (present.count(kAccessAcl) != 0 && wanted.count(kAccessAcl) == 0 &&
      fremovexattr(fd, kAccessAcl) != 0) {
    return ErrnoStatus("remove the inherited ACL of", path, errno);
  }
  for (const auto& [name, value] : wanted) {
    const auto same = present.find(name);
    if (same != present.end() && same->second == value) continue;
    if (fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) != 0) {
      return ErrnoStatus("set the extended attribute " + name + " of", path, errno);
    }
  }
  return absl::OkStatus();
}

}  // namespace belay
