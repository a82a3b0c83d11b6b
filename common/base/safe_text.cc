#include "common/base/safe_text.h"

#include <cstdint>

#include "absl/strings/str_format.h"

namespace belay {
namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 1;
  bool good = false;
};

Character First(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < bytes) return {first, 1, false};
  std::uint32_t code = first & (0xffu >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0u) != 0x80u) return {first, 1, false};
    code = code << 6 | (byte(i) & 0x3fu);
  }
  const bool overlong = (bytes == 3 && code < 0x800) || (bytes == 4 && code < 0x10000);
  if (overlong || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return {first, 1, false};
  return {code, bytes, true};
}

bool Harmful(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x061c ||
         (code >= 0x200e && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

std::string Safe(std::string_view text, bool keep_lines) {
  std::string out;
  while (!text.empty()) {
    const Character c = First(text);
    if (!c.good) {
      out += absl::StrFormat("\\x%02x", c.code);
    } else if (c.code == '\n' && !keep_lines) {
      out += "\\n";
    } else if (c.code == '\t' && !keep_lines) {
      out += "\\t";
    } else if (Harmful(c.code) && c.code != '\n' && c.code != '\t') {
      out +=
          c.code < 0x80 ? absl::StrFormat("\\x%02x", c.code) : absl::StrFormat("\\u%04x", c.code);
    } else {
      out.append(text.substr(0, c.bytes));
    }
    text.remove_prefix(c.bytes);
  }
  return out;
}

}  // namespace

std::string SafeLine(std::string_view text) { return Safe(text, false); }
std::string SafeLines(std::string_view text) { return Safe(text, true); }

std::size_t Columns(std::string_view text) {
  std::size_t columns = 0;
  for (; !text.empty(); ++columns) text.remove_prefix(First(text).bytes);
  return columns;
}

std::string CutTo(std::string_view text, std::size_t columns) {
  if (Columns(text) <= columns) return std::string(text);
  if (columns == 0) return "";
  std::string out;
  for (std::size_t i = 0; i + 1 < columns; ++i) {
    const std::size_t bytes = First(text).bytes;
    out.append(text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
  return out + "…";
}

}  // namespace belay
