#include "tests/support/standin/pod_directory.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/standin/posix.h"

namespace belay::standin {

PodDirectory::PodDirectory(std::string directory) : directory_(std::move(directory)) {}

absl::StatusOr<PodSpec> PodDirectory::Read(const std::string& name) const {
  const std::string path = absl::StrCat(directory_, "/", name);
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return absl::NotFoundError("it is gone");
  if (!S_ISREG(status.st_mode)) return absl::InvalidArgumentError("it is not a regular file");
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  return ParsePod(*text);
}

void PodDirectory::Relist() {
  std::vector<std::string> names;
  if (DIR* open = opendir(directory_.c_str()); open != nullptr) {
    while (const dirent* entry = readdir(open))
      if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    closedir(open);
  }
  std::sort(names.begin(), names.end());
  pods_.clear();
  pod_of_file_.clear();
  for (const std::string& name : names) {
    absl::StatusOr<PodSpec> pod = Read(name);
    if (!pod.ok()) {
      Log(absl::StrCat("can't process config file ", name, ": ", pod.status().message()));
      continue;
    }
    pod_of_file_[name] = pod->name;
    pods_.insert_or_assign(pod->name, *pod);
  }
}

void PodDirectory::FileChanged(const std::string& name) {
  absl::StatusOr<PodSpec> pod = Read(name);
  if (!pod.ok()) {
    Log(absl::StrCat("can't process config file ", name, ": ", pod.status().message()));
    return;
  }
  pod_of_file_[name] = pod->name;
  pods_.insert_or_assign(pod->name, *pod);
}

void PodDirectory::FileGone(const std::string& name) {
  const auto file = pod_of_file_.find(name);
  if (file == pod_of_file_.end()) return;
  pods_.erase(file->second);
  pod_of_file_.erase(file);
}

}  // namespace belay::standin
