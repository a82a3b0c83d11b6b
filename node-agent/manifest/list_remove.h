// Taking items out of a YAML list, and what is asked of the bytes around an item before its lines
// are touched.  Pure.
#pragma once
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "node-agent/manifest/splice.h"

namespace belay {

// NodeEnd, or a refusal that names the line.
absl::StatusOr<size_t> EndOrRefuse(std::string_view bytes, const ManifestNode& node);

// Only blanks or a comment may follow `end` on its line, else the item shares the line.
absl::Status RestOfLineIsFree(std::string_view bytes, size_t end);

// Where the dash of a block item stands: on its line, or on one above where only a tag, an anchor
// or comments stand between.  Refused when anything else does.
absl::StatusOr<size_t> DashOf(std::string_view bytes, const ManifestNode& item);

// The blanks and dash in front of a block item, as a new one has them.
absl::StatusOr<std::string> DashPrefix(std::string_view bytes, const ManifestNode& item);

}  // namespace belay
