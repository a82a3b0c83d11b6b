// Which controls of a catalog an operator means.  Pure.
#pragma once
#include <string>

#include "absl/status/statusor.h"
#include "common/catalog/catalog.h"

namespace belay {

// "1.2.15", "1.2" (a section), "1.2.16-1.2.19", several separated by commas; empty: all.  `level` 0
// is every level.  NOT_FOUND for a word that chooses nothing.
absl::StatusOr<Catalog> ChooseControls(const Catalog& catalog, const std::string& list, int level);

}  // namespace belay
