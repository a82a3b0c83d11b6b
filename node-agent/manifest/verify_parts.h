// The parts of VerifyEdit: which pod and container an edit means in a model, whether everything but
// some keys is the same, and the judgement of command lines and of mounts.  Pure.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "belay/v1/plan.pb.h"
#include "node-agent/manifest/model.h"

namespace belay {

// What the edit came to, in words that lead on.
absl::Status WrongResult(std::string_view what);

// The same place before and after.
struct JudgedPlace {
  const Model* spec = nullptr;
  const Model* container = nullptr;
  std::string name;  // of the container
};

// Nothing where the file has no such place, or more than one.
JudgedPlace FindJudgedPlace(const std::vector<Model>& documents, const std::string& manifest,
                            const std::string& container);

// Keys of one mapping that may differ; everything else may not.
struct Exemption {
  const Model* before = nullptr;
  const Model* after = nullptr;
  std::vector<std::string> keys;
};
bool SameExcept(const Model& before, const Model& after, const std::vector<Exemption>& exempt);

absl::Status JudgeCommandLine(const JudgedPlace& before, const JudgedPlace& after,
                              const std::string& manifest, const v1::Edit& edit);
absl::Status JudgeMountPath(const JudgedPlace& before, const JudgedPlace& after,
                            const v1::MountPath& edit);
absl::Status JudgeUnmountPath(const JudgedPlace& before, const JudgedPlace& after,
                              const v1::UnmountPath& edit);

}  // namespace belay
