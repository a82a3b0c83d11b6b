// From the YAML of a catalog to its values.  Finds every mistake in one go, each with its place; a
// catalog with a mistake is not used at all.  Pure.
#pragma once
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/catalog/catalog.h"
#include "common/plan/compile.h"

namespace belay {

struct ReadCatalogResult {
  Catalog catalog;                // meaningful only without mistakes
  std::vector<Mistake> mistakes;  // sorted by place
};

// What it says alone; `extends` is not followed.
ReadCatalogResult ReadCatalog(std::string_view yaml);

// `catalog` on top of what it extends: its controls replace those of the same id, what it leaves
// out goes, the rest stays.  NOT_FOUND where it leaves out what is not there.
absl::StatusOr<Catalog> ExtendCatalog(const Catalog& base, const Catalog& catalog);

}  // namespace belay
