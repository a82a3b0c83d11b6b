// Changes to one YAML list as splices: replace an item's text, insert behind an item, remove items,
// down to an empty list.  New lines copy indentation, dash and end of line of their siblings,
// comments stay; what shares its line with something else is refused.  Pure.
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

// `index` is the item the new one comes behind; the list must not be empty.
absl::StatusOr<std::vector<Splice>> InsertBehind(std::string_view bytes, const ManifestNode& list,
                                                 size_t index, const NewItem& item);

// Gives `[]` or an omitted list (null) its first item.
absl::StatusOr<Splice> FillEmpty(std::string_view bytes, const ManifestNode& list,
                                 const NewItem& item);

// `indexes` ascending, each once.  Where no item stays, the list becomes `[]`; `key` is the key it
// stands under.
absl::StatusOr<std::vector<Splice>> RemoveItems(std::string_view bytes, const ManifestNode& key,
                                                const ManifestNode& list,
                                                const std::vector<size_t>& indexes);

}  // namespace belay
