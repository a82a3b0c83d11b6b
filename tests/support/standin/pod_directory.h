// What a static-pod directory says is to run, with kubelet's habits: every file whose name does not
// begin with a dot is a pod whatever its ending, the last name wins among files of the same pod, a
// change of one file counts at once, and only a whole listing notices that a file cannot be read.
#pragma once
#include <map>
#include <string>

#include "tests/support/standin/pod_spec.h"

namespace belay::standin {

class PodDirectory {
 public:
  explicit PodDirectory(std::string directory);

  void Relist();
  void FileChanged(
      const std::string& name);            // created, moved in, written, or its attributes changed
  void FileGone(const std::string& name);  // deleted or moved away

  const std::map<std::string, PodSpec>& pods() const { return pods_; }  // by namespace/name

 private:
  absl::StatusOr<PodSpec> Read(const std::string& name) const;

  const std::string directory_;
  std::map<std::string, PodSpec> pods_;
  std::map<std::string, std::string> pod_of_file_;
};

}  // namespace belay::standin
