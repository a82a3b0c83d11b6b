#include "node-agent/audit/choose_controls.h"

#include <algorithm>
#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace belay {
namespace {

bool Means(const std::string& word, const std::string& id) {
  if (id == word || absl::StartsWith(id, word + ".")) return true;
  const std::size_t dash = word.find('-');
  if (dash == std::string::npos) return false;
  const std::string first = word.substr(0, dash);
  const std::string last = word.substr(dash + 1);
  return !ControlIdLess(id, first) && !ControlIdLess(last, id);
}

}  // namespace

absl::StatusOr<Catalog> ChooseControls(const Catalog& catalog, const std::string& list, int level) {
  Catalog chosen = catalog;
  chosen.controls.clear();
  std::set<std::string> ids;
  for (const absl::string_view each : absl::StrSplit(list, ',', absl::SkipWhitespace())) {
    const std::string word(absl::StripAsciiWhitespace(each));
    const std::size_t before = ids.size();
    bool found = false;
    for (const Control& control : catalog.controls) {
      if (!Means(word, control.id)) continue;
      found = true;
      ids.insert(control.id);
    }
    if (!found && ids.size() == before) {
      return absl::NotFoundError(
          absl::StrCat("'", word, "' is no control, section or range of ", catalog.name));
    }
  }
  for (const Control& control : catalog.controls) {
    const bool listed = list.empty() || ids.count(control.id) > 0;
    const bool in_level = level == 0 || control.level <= static_cast<unsigned>(level);
    if (listed && in_level) chosen.controls.push_back(control);
  }
  return chosen;
}

}  // namespace belay
