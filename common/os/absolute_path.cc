#include "common/os/absolute_path.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"

namespace belay {

std::string AbsolutePath(const std::string& path) {
  if (path.empty()) return path;
  std::string whole = path;
  if (path[0] != '/') {
    char* const here = get_current_dir_name();
    whole = absl::StrCat(here == nullptr ? "" : here, "/", path);
    std::free(here);
  }
  std::string normal = std::filesystem::path(whole).lexically_normal().string();
  // A slash at the end means a directory to the caller, and is no part of its name.
  while (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal;
}

}  // namespace belay
