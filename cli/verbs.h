// One function a verb: adds it to its parent command.  `session` outlives the parser.
#pragma once
#include <CLI/CLI.hpp>

#include "cli/session.h"

namespace belay {

void AddPlanLint(CLI::App& parent, Session& session);
void AddPlanSign(CLI::App& parent, Session& session);
void AddPlanAttach(CLI::App& parent, Session& session);
void AddPlanShow(CLI::App& parent, Session& session);
void AddPlanDiff(CLI::App& parent, Session& session);
void AddPlanRender(CLI::App& parent, Session& session);
void AddEdit(CLI::App& parent, Session& session);
void AddKeyGenerate(CLI::App& parent, Session& session);
void AddKeyPublic(CLI::App& parent, Session& session);
void AddTokenCreate(CLI::App& parent, Session& session);
void AddTokenVerbs(CLI::App& parent, Session& session);  // list, revoke
void AddCertVerbs(CLI::App& parent, Session& session);   // list, revoke
void AddNodeList(CLI::App& parent, Session& session);
void AddNodeLabel(CLI::App& parent, Session& session);
void AddNodeClearEmergency(CLI::App& parent, Session& session);
void AddRolloutStart(CLI::App& parent, Session& session);
void AddRolloutWatch(CLI::App& parent, Session& session);
void AddRolloutStatus(CLI::App& parent, Session& session);
void AddRolloutList(CLI::App& parent, Session& session);
void AddRolloutRevert(CLI::App& parent, Session& session);
void AddRolloutVerbs(CLI::App& parent, Session& session);  // pause, resume, abort, approve, retry
void AddFleetStart(CLI::App& parent, Session& session);
void AddFleetVerbs(CLI::App& parent, Session& session);    // status, watch, list, pause, resume ...
void AddClusterVerbs(CLI::App& parent, Session& session);  // list, label
void AddLockVerbs(CLI::App& parent, Session& session);     // list, take, release, break
void AddCatalogVerbs(CLI::App& parent, Session& session);  // lint, show
void AddRoleVerbs(CLI::App& parent, Session& session);     // list, grant, revoke
void AddAuditTrailVerbs(CLI::App& parent, Session& session);  // list, verify
void AddReport(CLI::App& parent, Session& session);
void AddCompletion(CLI::App& root, Session& session);
void AddVersion(CLI::App& parent, Session& session);

}  // namespace belay
