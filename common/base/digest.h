// SHA-256 as lower-case hex, the only digest Belay uses.
#pragma once
#include <string>
#include <string_view>

namespace belay {
std::string Sha256Hex(std::string_view bytes);  // 64 characters
}  // namespace belay
