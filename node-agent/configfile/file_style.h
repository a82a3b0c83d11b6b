// How a config file is written: indentation steps, where dashes stand, JSON or YAML.  New structure
// copies the siblings it stands among, then its surroundings, then the rest of the document.  Pure.
#pragma once
#include <string>
#include <string_view>

#include "node-agent/manifest/tree.h"

namespace belay {

struct FileStyle {
  bool json = false;             // strict JSON: double quotes, no comments, no trailing comma
  size_t map_step = 2;           // from a key to the keys of its map
  size_t dash_step = 0;          // from a key to the dashes of its list
  size_t dash_width = 2;         // from a dash to its item
  bool flow_texts = false;       // lists of scalars stand in [] on one line
  bool long_flow = false;        // flow maps and lists stand one entry a line
  std::string flow_step = "  ";  // what a line inside has more in front than the line around it
  std::string colon = ": ";      // of flow maps
  std::string comma = ", ";      // between entries on one line
  std::string end_of_line = "\n";
};

// `json` says that the whole file is strict JSON.  `at` is the map or list that gets new structure,
// `above` the one that holds it (nullptr for the root).
FileStyle StyleAt(std::string_view bytes, const ManifestNode& root, const ManifestNode& at,
                  const ManifestNode* above, bool json);

}  // namespace belay
