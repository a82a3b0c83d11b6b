// One edit of the YAML to the protobuf; see decode.h.  Pure.
#pragma once
#include <string>

#include "belay/v1/plan.pb.h"
#include "common/plan/compile.h"
#include "common/plan/decode.h"
#include "common/plan/yaml_tree.h"

namespace belay {

// `path` is the edit's place in the document, as in rules.h.
void DecodeEdit(const YamlNode& node, const std::string& path, EditScope scope, v1::Edit& edit,
                DecodedPlan& out);

}  // namespace belay
