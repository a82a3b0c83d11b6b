// Protobuf writes a string field with any bytes in it and then refuses to read it again; whatever
// comes from outside goes through here before it becomes text of a message.
#pragma once
#include <string>
#include <string_view>

namespace belay {
// Each byte that is no part of a well-formed character (RFC 3629) becomes U+FFFD.
std::string ValidUtf8(std::string_view bytes);
}  // namespace belay
