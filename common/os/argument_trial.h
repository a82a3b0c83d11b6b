// Asks a program whether it takes some arguments, without letting it do anything, as a seam.  Real:
// ConfinedArgumentTrial.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/os/process_table.h"

namespace belay {

struct TrialAnswer {
  int exit_code = -1;
  std::string output;  // bounded
};

class ArgumentTrial {
 public:
  virtual ~ArgumentTrial() = default;
  // What the program that `process` runs says to `arguments` (without its own name) with --help
  // behind them: a program that parses its arguments in order and knows --help then looks at all of
  // them and does nothing else.  Not ok: it could not be asked, and nothing is known.
  virtual absl::StatusOr<TrialAnswer> Try(const Process& process,
                                          const std::vector<std::string>& arguments) = 0;
};

// Runs the very file that the process runs (its inode, whatever lies at its path now), inside of
// the process's own file system, confined (confine.h), with an empty environment.  It already runs
// on this node with all the rights it wants; here it gets none.  Any thread; blocks for up to ten
// seconds.
class ConfinedArgumentTrial final : public ArgumentTrial {
 public:
  explicit ConfinedArgumentTrial(std::string proc = "/proc") : proc_(std::move(proc)) {}
  absl::StatusOr<TrialAnswer> Try(const Process& process,
                                  const std::vector<std::string>& arguments) override;

 private:
  const std::string proc_;
};

}  // namespace belay
