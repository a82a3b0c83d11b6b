// What a rollback needs, put beside the files before the first of them changes: a full disk must
// not be able to stop it.  For each file that a step will replace or remove its old content lies
// ready under a dot-name in its own directory; going back is then a rename.
//
// A list of those files is durable in the state directory before the first is made and goes last,
// so that nothing is left behind by a life that was cut.  One thread.
#pragma once
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "belay/v1/journal.pb.h"
#include "common/os/file_system.h"
#include "node-agent/transaction/publisher.h"

namespace belay {

class Staging {
 public:
  // `state` and `publisher` outlive this; the directory exists when Stage is called.
  Staging(FileSystem& state, Publisher& publisher, const std::string& state_dir)
      : state_(state), publisher_(publisher), list_(state_dir + "/staged") {}

  // Durable when it returns ok; otherwise nothing is left of it, as far as that can be done.
  // `before` gives the bytes that a file has now.
  absl::Status Stage(
      const v1::Prepared& prepared,
      const std::function<absl::StatusOr<std::string>(const v1::FileChange&)>& before);

  // Removes all of it; nothing there is ok.  Again after an error, or in the next life.
  absl::Status Clear();

 private:
  absl::Status StageAll(
      const v1::Prepared& prepared,
      const std::function<absl::StatusOr<std::string>(const v1::FileChange&)>& before);

  FileSystem& state_;
  Publisher& publisher_;
  const std::string list_;
};

}  // namespace belay
