// Unified diffs of two texts, as `diff -u` writes them.  Pure.
#pragma once
#include <string>
#include <string_view>

namespace belay {
// Empty when equal.  `context` lines around each change.  Says "\ No newline at end of file" where
// due.
std::string UnifiedDiff(std::string_view before, std::string_view after, std::string_view path,
                        int context = 3);
}  // namespace belay
