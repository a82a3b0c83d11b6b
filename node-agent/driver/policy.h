// What the owner of this node allows a plan to touch, whoever signed it.  Looks at the plan only,
// not at the node's files; every objection says what to do about it.  Pure.
#pragma once
#include <string>
#include <vector>

#include "belay/v1/journal.pb.h"
#include "belay/v1/plan.pb.h"

namespace belay {

struct NodePolicy {
  std::string manifest_dir;  // no file is put or removed in it: kubelet runs what lies there
  // Files are written, removed and given modes and owners only below these; one that names a file
  // allows that file.
  std::vector<std::string> allowed_paths;
  std::vector<std::string> allowed_mounts;   // mountPath mounts only what lies below these
  std::vector<std::string> protected_paths;  // the agent's own files; never touched, allowed or not
  // Whose node this is; plans may name others.
  std::string cluster = "";
  std::string node = "";
  bool untargeted_plans = true;                 // may a plan leave out the clusters that it is for?
  std::vector<std::string> allowed_edits = {};  // as in the plan's YAML; empty: all
  std::vector<std::string> allowed_manifests = {};  // empty: all that have a gate
};

// Whose readiness is the node's.
inline constexpr const char* kApiServerManifest = "kube-apiserver";

// Empty when the plan is allowed; otherwise one sentence for each edit that is not.
std::vector<std::string> FindForbidden(const v1::RemediationPlan& plan, const NodePolicy& policy);

// May what such a change has made of a file be put back?  Empty when it may.  What was allowed then
// is not what is allowed now.
std::string ObjectionToUndoing(const v1::FileChange& change, const NodePolicy& policy);

}  // namespace belay
