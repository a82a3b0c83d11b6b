// The catalogs that Belay brings along, compiled in from catalog/: a node needs no further files.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/catalog/catalog.h"

namespace belay {

struct EmbeddedCatalog {
  std::string_view name;  // "cis-1.12"
  std::string_view yaml;
};
const std::vector<EmbeddedCatalog>& EmbeddedCatalogs();  // newest benchmark first

// With all that it extends.  NOT_FOUND names those there are.
absl::StatusOr<Catalog> LoadEmbeddedCatalog(std::string_view name);

// A user's catalog on top of what it extends.  INVALID_ARGUMENT with one line
// "<file>:<line>:<column>: ..." for every mistake.
absl::StatusOr<Catalog> LoadCatalog(std::string_view yaml, std::string_view file);

// The newest benchmark made for this version; nothing when none was.
std::optional<std::string> BenchmarkFor(const KubernetesMinor& version);

}  // namespace belay
