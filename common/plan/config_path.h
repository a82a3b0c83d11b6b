// The text of a place in a config file ("plugins[name=EventRateLimit].path") and its elements, both
// ways.  Pure.
//
//   a.b.c              keys; a bare key has no blank, dot, bracket, quote or backslash in it
//   a."b.c"  a["b.c"]  a key with anything in it, in double quotes (\" and \\ are understood) or in
//                      single quotes ('' is one); a\.b escapes a dot in a bare key
//   a[0]               an item of a list, counted from 0
//   a[name=x]          the one item of a list whose `name` is x; both sides may be quoted
#pragma once
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "belay/v1/plan.pb.h"

namespace belay {

using ConfigPath = google::protobuf::RepeatedPtrField<v1::ConfigPathElement>;

inline constexpr int kMaxConfigPathElements = 48;

// INVALID_ARGUMENT with the 1-based character that is wrong.  What it returns is valid.
absl::StatusOr<ConfigPath> ParseConfigPath(std::string_view text);

// The shortest text that ParseConfigPath reads as `path`; for display also of invalid paths.
std::string ConfigPathText(const ConfigPath& path);

// The rules for a path however it was made: it begins with a key, nothing in it is empty or holds
// control characters, and it is not too long.  INVALID_ARGUMENT says which.
absl::Status CheckConfigPath(const ConfigPath& path);

}  // namespace belay
