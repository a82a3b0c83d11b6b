// The check of one control, from YAML; part of read_catalog.h.  Pure.
#pragma once
#include <string>
#include <vector>

#include "common/catalog/catalog.h"
#include "common/plan/decode.h"
#include "common/plan/fields.h"

namespace belay {

// `entry` is "check" with its value; `path` its place, as in rules.h.
void ReadCheck(const YamlNode& node, Place where, const std::string& path, Check& check,
               DecodedPlan& out);

// {from: "1.27", until: "1.30"}
void ReadVersions(const YamlEntry& entry, const std::string& path, VersionRange& range,
                  DecodedPlan& out);

std::vector<std::string> ReadTexts(Fields& fields, std::string_view key);
// A name that CatalogComponents has.
void ReadComponent(Fields& fields, std::string_view key, std::string& component);

}  // namespace belay
