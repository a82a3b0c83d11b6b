// From a YAML tree to the protobuf, field by field, remembering where each field stood.  Only shape
// is judged here (known keys, types, units); what a value may be is in rules.h.  Pure.
#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "belay/v1/plan.pb.h"
#include "common/plan/compile.h"
#include "common/plan/yaml_tree.h"

namespace belay {

struct Place {
  int line = 1;
  int column = 1;
};

struct DecodedPlan {
  v1::RemediationPlan plan;
  std::map<std::string, Place> places;  // by path, as in rules.h; "" is the document
  std::set<std::string> broken;         // paths whose value could not be read: not judged further
  std::vector<Mistake> mistakes;
};

DecodedPlan DecodePlan(const YamlNode& root);

// "60s", "2m", "200ms", "1h30m" in milliseconds, at most 24 hours.
absl::StatusOr<std::uint32_t> ParseDurationMs(std::string_view text);

// The volume's name for a host path: "/etc/kubernetes/audit" is "etc-kubernetes-audit".  At most 63
// characters; what is cut off is replaced by a digest of the whole path.
std::string VolumeName(std::string_view host_path);

}  // namespace belay
