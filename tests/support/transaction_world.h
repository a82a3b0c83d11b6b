// One node for the crash tests: a simulated disk with a static-pod directory, a gate that answers
// as the scenario says, and a coordinator that sends the same command again until there is a
// verdict.  A value: copied to try every continuation of one moment.  Every violation of an
// invariant is noted.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "node-agent/transaction/executor.h"
#include "tests/support/sim_clock.h"
#include "tests/support/sim_disk.h"

namespace belay {

enum class Health {
  Good,
  Bad,              // the new configuration never gets healthy, the old one is
  SickAfterReboot,  // the new one is healthy until the machine was booted again
  Dead,             // neither
};

// What the step does.
enum class Scenario {
  PolicyAndManifest,  // one new file in a new folder, named by the manifest
  // Beside these a file is replaced, one gets another mode and owner, and one that the manifest no
  // longer names is removed.
  EveryKind,
};

// One file of a scenario; nothing where it is absent.
struct WorldFile {
  std::string path;
  std::optional<FileContent> before;
  std::optional<FileContent> after;
};

struct TransactionWorld {
  explicit TransactionWorld(Scenario what = Scenario::PolicyAndManifest);

  // One life of the agent: open, recover, do the command.  The run's verdict; UNSPECIFIED when a
  // crash ended it; an error when it must be started again.
  absl::StatusOr<v1::Verdict> Live();
  // After a crash: what is left, and the machine boots again unless only the process died.
  void Cut(SimDisk::Cut cut, std::mt19937& random);
  // Everything that must hold once there is a verdict: files, journal, duplicates, a last power
  // cut. `failed`: a call of the disk has failed, which may end in any safe verdict.
  void VerifyEnd(v1::Verdict verdict, bool failed);
  // What must hold at every instant.
  void Watch();
  void Violation(const std::string& what) {
    if (violation.empty()) violation = what;
  }

  absl::StatusOr<std::unique_ptr<Executor>> Open(Gatekeeper& gate);
  absl::StatusOr<v1::Verdict> Command(Executor& executor);
  StepPlan PlanStep();
  v1::RunKey Key() const;
  v1::SignedPlan Plan() const;

  const WorldFile& File(const std::string& path) const;
  bool HasTemporary() const;

  std::vector<WorldFile> files;  // in the order of publishing
  SimDisk disk;
  SimClock clock;
  Health health = Health::Good;
  decltype(ExecutorOptions::make_way) make_way = nullptr;
  decltype(ExecutorOptions::restart) restart = nullptr;  // given: the step restarts "kubelet"
  std::map<std::uint64_t, std::string> reported;         // serialised records, by seq
  bool intent_seen = false;
  int gates = 0;          // forward gates run to a decision
  std::string violation;  // the first; empty is good
};

extern const char* const kWorldManifest;
extern const char* const kWorldPolicy;
extern const char* const kWorldPolicyFolder;
extern const char* const kWorldStateDir;
extern const char* const kWorldAdmission;  // replaced
extern const char* const kWorldKey;        // gets another mode and owner
extern const char* const kWorldTokens;     // removed
const FileContent& OldManifest();
const FileContent& NewManifest();
const FileContent& NewPolicy();

}  // namespace belay
