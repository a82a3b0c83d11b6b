#include "common/catalog/embedded.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "common/catalog/embedded_data.h"
#include "common/catalog/read_catalog.h"

namespace belay {
namespace {

constexpr int kMostLevels = 8;

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

absl::StatusOr<Catalog> Load(std::string_view yaml, std::string_view file, int levels) {
  ReadCatalogResult read = ReadCatalog(yaml);
  if (!read.mistakes.empty()) {
    return absl::InvalidArgumentError(
        absl::StrJoin(read.mistakes, "\n", [&](std::string* out, const Mistake& mistake) {
          absl::StrAppend(out, View(file), ":", mistake.line, ":", mistake.column, ": ",
                          mistake.message);
        }));
  }
  if (read.catalog.extends.empty()) return read.catalog;
  if (levels == 0) {
    return absl::InvalidArgumentError(absl::StrCat(View(file), ": catalogs extend each other"));
  }
  for (const EmbeddedCatalog& each : EmbeddedCatalogs()) {
    if (each.name != read.catalog.extends) continue;
    ASSIGN_OR_RETURN(const Catalog base, Load(each.yaml, each.name, levels - 1));
    return ExtendCatalog(base, read.catalog);
  }
  return absl::NotFoundError(absl::StrCat(View(file), ": extends ", read.catalog.extends,
                                          ", which is none of Belay's catalogs"));
}

}  // namespace

const std::vector<EmbeddedCatalog>& EmbeddedCatalogs() {
  static const auto& catalogs = *new std::vector<EmbeddedCatalog>(EmbeddedCatalogData());
  return catalogs;
}

absl::StatusOr<Catalog> LoadEmbeddedCatalog(std::string_view name) {
  std::vector<std::string> names;
  for (const EmbeddedCatalog& each : EmbeddedCatalogs()) {
    if (each.name == name) return Load(each.yaml, each.name, kMostLevels);
    names.emplace_back(each.name);
  }
  return absl::NotFoundError(absl::StrCat("there is no benchmark '", View(name), "'; there are ",
                                          absl::StrJoin(names, ", ")));
}

absl::StatusOr<Catalog> LoadCatalog(std::string_view yaml, std::string_view file) {
  return Load(yaml, file, kMostLevels);
}

std::optional<std::string> BenchmarkFor(const KubernetesMinor& version) {
  for (const EmbeddedCatalog& each : EmbeddedCatalogs()) {
    const ReadCatalogResult read = ReadCatalog(each.yaml);
    if (read.catalog.kubernetes.Contains(version)) return read.catalog.name;
  }
  return std::nullopt;
}

}  // namespace belay
