// What a manifest's bytes must be before any parser sees them: small, UTF-8, printable.  Pure; the
// first offence is named with its 1-based line.
#pragma once
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace belay {

inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
inline constexpr int kMaxDepth = 64;

absl::Status CheckBytes(std::string_view bytes);

// The marker of template logic ("{%", "{{ if ") that the text holds; empty when none.
std::string_view TemplateLogic(std::string_view text);

// FAILED_PRECONDITION "line N: why"; the one shape of every refusal of the editor.
absl::Status RefuseAtLine(int line, std::string_view why);

// The 1-based line that holds the byte at `offset`.
int LineAt(std::string_view bytes, size_t offset);

}  // namespace belay
