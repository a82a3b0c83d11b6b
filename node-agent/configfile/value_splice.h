// The changes of a config file's tree as splices: put a value in the place of another, add an entry
// or an item, take one away.  Comments and layout around stay; what cannot be cut out with
// certainty is refused.  Pure.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "node-agent/configfile/config_value.h"
#include "node-agent/configfile/file_style.h"
#include "node-agent/configfile/place.h"
#include "node-agent/manifest/splice.h"

namespace belay {

struct SpliceContext {
  std::string_view bytes;
  FileStyle style;
};

// `step` leads to the value that goes, whole.
absl::StatusOr<std::vector<Splice>> ReplaceValue(const SpliceContext& context,
                                                 const PlaceStep& step, const ConfigValue& value);
// Changes only what differs, so that comments beside equal keys and items stay.
absl::StatusOr<std::vector<Splice>> ChangeValue(const SpliceContext& context, const PlaceStep& step,
                                                const ConfigValue& value);
// The root is {} or loses all its keys.
absl::StatusOr<std::vector<Splice>> ReplaceRoot(const SpliceContext& context,
                                                const ManifestNode& root, const ConfigValue& value);

// Behind the last entry; the map is not empty.
using NewEntries = std::vector<ConfigValue::Entry>;
absl::StatusOr<std::vector<Splice>> AppendEntries(const SpliceContext& context,
                                                  const ManifestNode& mapping,
                                                  const NewEntries& entries);
// Behind the item `behind`.
absl::StatusOr<std::vector<Splice>> InsertItems(const SpliceContext& context,
                                                const ManifestNode& list, size_t behind,
                                                const std::vector<ConfigValue>& values);

// The entry or item of `step`, which is not the only one.
absl::StatusOr<std::vector<Splice>> RemoveChild(const SpliceContext& context,
                                                const PlaceStep& step);

}  // namespace belay
