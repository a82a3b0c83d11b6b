#include "node-agent/audit/judgement.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace belay {

v1::Evidence EvidenceOf(std::string where, std::string expected, std::string found,
                        v1::AuditOutcome outcome) {
  v1::Evidence evidence;
  evidence.set_where(std::move(where));
  evidence.set_expected(std::move(expected));
  evidence.set_found(std::move(found));
  evidence.set_outcome(outcome);
  return evidence;
}

Judgement AllOf(std::vector<v1::Evidence> evidence) {
  Judgement judgement;
  judgement.reason = "nothing was found that could be judged";
  bool passes = false;
  const v1::Evidence* failed = nullptr;
  const v1::Evidence* unknown = nullptr;
  for (const v1::Evidence& each : evidence) {
    passes = passes || each.outcome() == v1::PASS;
    if (each.outcome() == v1::FAIL && failed == nullptr) failed = &each;
    if (each.outcome() == v1::ERROR && unknown == nullptr) unknown = &each;
  }
  if (failed != nullptr) {
    judgement.outcome = v1::FAIL;
    judgement.reason = absl::StrCat(failed->where(), ": ", failed->found());
  } else if (unknown != nullptr) {
    judgement.outcome = v1::ERROR;
    judgement.reason = absl::StrCat(unknown->where(), ": ", unknown->found());
  } else if (passes) {
    judgement.outcome = v1::PASS;
    judgement.reason.clear();
  }
  judgement.evidence = std::move(evidence);
  return judgement;
}

}  // namespace belay
