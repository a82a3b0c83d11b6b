#include "common/os/absolute_path.h"

#include <unistd.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace belay {

std::string AbsolutePath(const std::string& path) {
  if (path.empty() || path[0] == '/') return path;
  char* const here = get_current_dir_name();
  std::string out = absl::StrCat(here == nullptr ? "" : here, "/", path);
  std::free(here);
  return out;
}

}  // namespace belay
