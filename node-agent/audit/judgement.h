// The outcome of one check with what it rests on.  Values only.
#pragma once
#include <string>
#include <vector>

#include "belay/v1/audit.pb.h"

namespace belay {

struct Judgement {
  v1::AuditOutcome outcome = v1::ERROR;
  std::string reason;  // for every outcome but PASS
  std::vector<v1::Evidence> evidence;
  bool differs_from_running = false;
};

v1::Evidence EvidenceOf(std::string where, std::string expected, std::string found,
                        v1::AuditOutcome outcome);

// Of evidence that all must hold: a failure decides, then what could not be known; what says
// nothing is left out.  Without evidence that says something: ERROR, for want of any.
Judgement AllOf(std::vector<v1::Evidence> evidence);

}  // namespace belay
