// `belayctl plan diff`: what would change, for people.  Unified diffs stand as they are, so that
// other tools can read them; everything else stands in lines that begin with "#".  Pure.
#pragma once
#include <string>

#include "belay/v1/admin.pb.h"

namespace belay {

// Of one node, or of the files below --root; empty when nothing would change.  `exactly`: the bytes
// of the diffs as they are, for other programs; else what could play tricks on a terminal is
// escaped.
std::string RenderDiff(const v1::NodeDiff& diff, bool exactly);
std::string RenderDiffs(const v1::DiffPlanReply& reply);

// As diff(1) and kubectl diff: 0 nothing would change, 1 something would, 2 a node's answer is
// missing; and 11 when it would be refused.  The worst of all nodes counts.
int DiffExitCode(const v1::NodeDiff& diff);
int DiffExitCode(const v1::DiffPlanReply& reply);

}  // namespace belay
