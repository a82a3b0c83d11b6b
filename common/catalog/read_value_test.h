// What a value must be and what it is by default, from YAML; part of read_check.h.  Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/catalog/catalog.h"
#include "common/plan/decode.h"
#include "common/plan/fields.h"

namespace belay {

// The keys that say a test, added to those a map may have.
void AddValueTestKeys(std::vector<std::string>& known);
// Exactly one of them must be there.
void ReadValueTest(Fields& fields, Place where, ValueTest& test);
// A text, or a list of {value, from, until} of which at most one holds for a version.
void ReadDefaults(Fields& fields, std::string_view key, std::vector<DefaultValue>& defaults,
                  DecodedPlan& out);
void ReadVersionEnds(Fields& fields, VersionRange& range);

}  // namespace belay
