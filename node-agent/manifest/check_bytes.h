// What a manifest's bytes must be before any parser sees them: small, UTF-8, printable, not nested
// deeply, no template logic.  Pure; the first offence is named with its 1-based line.
#pragma once
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace belay {

inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
inline constexpr int kMaxDepth = 64;

absl::Status CheckBytes(std::string_view bytes);

// FAILED_PRECONDITION "line N: why"; the one shape of every refusal of the editor.
absl::Status RefuseAtLine(int line, std::string_view why);

// The 1-based line that holds the byte at `offset`.
int LineAt(std::string_view bytes, size_t offset);

}  // namespace belay
