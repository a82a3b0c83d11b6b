#include "node-agent/manifest/merge_list.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace belay {
namespace {

std::string Trimmed(const std::string& element) {
  return std::string(absl::StripAsciiWhitespace(element));
}
std::string KeyOf(const std::string& element) { return element.substr(0, element.find('=')); }
bool HasKey(const std::string& element) { return element.find('=') != std::string::npos; }

bool IsRemoved(const std::string& element, const std::vector<std::string>& remove) {
  return std::any_of(remove.begin(), remove.end(), [&](const std::string& gone) {
    return gone == element || (!HasKey(gone) && HasKey(element) && gone == KeyOf(element));
  });
}

// Puts `wanted` in the place of what is there under its key.  False when nothing is.
absl::StatusOr<bool> Replace(std::vector<std::vector<std::string>>& lists,
                             const std::string& wanted) {
  bool present = false;
  for (std::vector<std::string>& list : lists) {
    for (std::string& element : list) {
      const std::string text = Trimmed(element);
      if (text == wanted) {
        present = true;
      } else if (KeyOf(text) == KeyOf(wanted)) {
        if (!HasKey(wanted)) {
          return absl::FailedPreconditionError(absl::StrCat(
              "the list holds '", text, "' and '", wanted, "' is to be added; say which value"));
        }
        element = wanted;
        present = true;
      }
    }
  }
  return present;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> MergeList(const std::vector<std::string>& values,
                                                   const std::vector<std::string>& add,
                                                   const std::vector<std::string>& remove) {
  std::vector<std::vector<std::string>> lists;
  for (const std::string& value : values) {
    if (value.find('"') != std::string::npos || value.find('\\') != std::string::npos) {
      return absl::FailedPreconditionError(
          absl::StrCat("the value '", value, "' holds quotes, which flags read in their own way"));
    }
    std::vector<std::string> list;
    if (!value.empty()) list = absl::StrSplit(value, ',');
    lists.push_back(std::move(list));
  }
  for (std::vector<std::string>& list : lists) {
    std::erase_if(list, [&](const std::string& e) { return IsRemoved(Trimmed(e), remove); });
  }
  for (const std::string& wanted : add) {
    const absl::StatusOr<bool> present = Replace(lists, wanted);
    if (!present.ok()) return present.status();
    if (*present) continue;
    // A trailing comma would leave an empty element in the middle.
    if (!lists.back().empty() && Trimmed(lists.back().back()).empty()) lists.back().pop_back();
    lists.back().push_back(wanted);
  }
  std::vector<std::string> merged;
  for (const std::vector<std::string>& list : lists) merged.push_back(absl::StrJoin(list, ","));
  return merged;
}

}  // namespace belay
