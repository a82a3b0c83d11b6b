// Changes to one YAML list as splices: replace an item's text, insert behind an item, remove items.
// New lines copy indentation, dash and end of line of their siblings; what shares its line with
// something else is refused.  Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "node-agent/manifest/splice.h"

namespace belay {

// A new item in both styles; the list decides which is used.
struct NewItem {
  std::vector<std::string> block_lines;  // the first stands behind the dash, the others below it
  std::string flow_text;
};

// `in_list` says whether the surrounding list is in flow style.
absl::StatusOr<Splice> ReplaceScalar(std::string_view bytes, const ManifestNode& node, bool in_flow,
                                     bool json, std::string_view text);

// `index` is the item the new ones come behind; the list must not be empty.  Several items at once
// so that their splices do not meet in one place.
absl::StatusOr<Splice> InsertBehind(std::string_view bytes, const ManifestNode& list, size_t index,
                                    const std::vector<NewItem>& items);

// Fills `[]`.
absl::StatusOr<Splice> FillEmpty(std::string_view bytes, const ManifestNode& list,
                                 const NewItem& item);

// `indexes` ascending; at least one item must stay.
absl::StatusOr<std::vector<Splice>> RemoveItems(std::string_view bytes, const ManifestNode& list,
                                                const std::vector<size_t>& indexes);

// The blanks and dash in front of a block item, refused when anything else stands there.
absl::StatusOr<std::string> DashPrefix(std::string_view bytes, const ManifestNode& item);

}  // namespace belay
