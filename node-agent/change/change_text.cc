#include "node-agent/change/change_text.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/diff/unified.h"

namespace belay {
namespace {

std::string Octal(std::uint32_t mode) { return absl::StrFormat("%04o", mode); }

std::string Owner(const FileAttributes& attributes) {
  return absl::StrCat(attributes.uid, ":", attributes.gid);
}

}  // namespace

std::string ChangeText(const PathChange& change) {
  if (!change.changed()) return "";
  const FileAttributes& before = change.before.attributes;
  const FileAttributes& after = change.after.attributes;
  std::string text;
  const auto say = [&](const std::string& what) {
    absl::StrAppend(&text, "# ", change.path, ": ", what, "\n");
  };
  if (!change.before.exists) {
    say(absl::StrCat("created with mode ", Octal(after.mode), ", owner ", Owner(after)));
  } else if (!change.after.exists) {
    say(absl::StrCat("removed (mode ", Octal(before.mode), ", owner ", Owner(before), ")"));
  } else {
    if (before.mode != after.mode) {
      say(absl::StrCat("mode ", Octal(before.mode), " -> ", Octal(after.mode)));
    }
    if (before.uid != after.uid || before.gid != after.gid) {
      say(absl::StrCat("owner ", Owner(before), " -> ", Owner(after)));
    }
    for (const auto& [name, value] : before.xattrs) {
      if (!after.xattrs.contains(name)) say(absl::StrCat(name, " is taken away"));
    }
  }
  return text + UnifiedDiff(change.before.bytes, change.after.bytes, change.path);
}

}  // namespace belay
