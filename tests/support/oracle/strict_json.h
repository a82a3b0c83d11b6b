// Is a text one JSON value as encoding/json reads it (RFC 8259)?  kubelet takes every manifest that
// begins with '{' for JSON.  Pure.
#pragma once
#include <string_view>

namespace belay::oracle {

bool IsStrictJson(std::string_view text);

}  // namespace belay::oracle
