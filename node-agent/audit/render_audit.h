// An audit as text for a terminal and as JSON.  Pure; whatever comes from the node is made safe.
#pragma once
#include <string>

#include "belay/v1/audit.pb.h"

namespace belay {

const char* OutcomeWord(v1::AuditOutcome outcome);  // "pass", "not applicable"

// One line a control with the reason; `wide`: the evidence below each.  The summary is last.
std::string RenderAudit(const v1::AuditReport& report, bool wide);

// The whole report with every field, one line a value.
std::string AuditJson(const v1::AuditReport& report);

}  // namespace belay
