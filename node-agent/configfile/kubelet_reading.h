// Reads a file the way kubelet does: by libyaml, of which kubelet's go-yaml is a port, with
// go-yaml's types.  It judges what the splicer made of another parser's tree, and shares nothing
// with it. Pure; no libyaml type gets out.
#pragma once
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "node-agent/configfile/config_value.h"

namespace belay {

// One value a document, empty documents as Null.  `bytes` have passed CheckBytes.
// FAILED_PRECONDITION "line N: why" when kubelet could not read it, or with anchors, aliases or
// tags.
absl::StatusOr<std::vector<ConfigValue>> ReadAsKubelet(std::string_view bytes);

}  // namespace belay
