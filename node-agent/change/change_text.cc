#include "node-agent/change/change_text.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "common/diff/unified.h"

namespace belay {
namespace {

std::string Octal(std::uint32_t mode) { return absl::StrFormat("%04o", mode); }

std::string Owner(const FileAttributes& attributes) {
  return absl::StrCat(attributes.uid, ":", attributes.gid);
}

constexpr std::uint32_t kOthersMayRead = 0004;

bool IsPublic(const FileVersion& file) {
  return !file.exists || (file.attributes.mode & kOthersMayRead) != 0;
}

// The changes of attributes as they are, and of the content only how much it is.
std::string WithoutContent(const std::string& path, const std::string& text) {
  std::string out;
  int removed = 0;
  int added = 0;
  bool in_hunk = false;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!in_hunk && !line.empty() && line.front() == '#') absl::StrAppend(&out, line, "\n");
    in_hunk = in_hunk || (line.size() >= 2 && line.substr(0, 2) == "@@");
    if (!in_hunk || line.empty()) continue;
    removed += line.front() == '-' ? 1 : 0;
    added += line.front() == '+' ? 1 : 0;
  }
  if (removed + added > 0) {
    absl::StrAppend(&out, "# ", path, ": ", removed, " lines go, ", added,
                    " lines come (not shown: not everybody on the node may read this file)\n");
  }
  return out;
}

}  // namespace

bool IsForEverybody(const PathChange& change) {
  return !change.manifest.empty() || (IsPublic(change.before) && IsPublic(change.after));
}

std::string PublicChangeText(const PathChange& change) {
  const std::string text = ChangeText(change);
  return IsForEverybody(change) ? text : WithoutContent(change.path, text);
}

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
