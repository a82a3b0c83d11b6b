// How a text is written as one YAML scalar so that every parser reads the same text back: plain
// where that is safe, else quoted, in the quotes that stood there before.  Pure.
#pragma once
#include <string>
#include <string_view>

#include "node-agent/manifest/tree.h"

namespace belay {

// `like` is the style of the old text or of its neighbour; `flow` when it stands inside of [] or
// {}; `json` when nothing but double quotes is allowed.
std::string WriteScalar(std::string_view text, ManifestNode::Style like, bool flow, bool json);

}  // namespace belay
