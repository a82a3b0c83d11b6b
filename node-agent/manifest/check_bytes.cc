#include "node-agent/manifest/check_bytes.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace belay {
namespace {

constexpr size_t kMaxBytes = size_t{16} << 20;

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// Length of the UTF-8 sequence at `at` with its code point, 0 when it is not one (overlong forms,
// surrogates and values above U+10FFFF included).
size_t DecodeUtf8(std::string_view bytes, size_t at, uint32_t* code) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = byte(at);
  size_t length = 0;
  if (lead < 0x80) {
    *code = lead;
    return 1;
  }
  if (lead >= 0xC2 && lead <= 0xDF) length = 2;
  if (lead >= 0xE0 && lead <= 0xEF) length = 3;
  if (lead >= 0xF0 && lead <= 0xF4) length = 4;
  if (length == 0 || at + length > bytes.size()) return 0;
  uint32_t value = lead & (0xFFU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0U) != 0x80U) return 0;
    value = (value << 6U) | (byte(at + i) & 0x3FU);
  }
  if (length == 3 && (value < 0x800 || (value >= 0xD800 && value <= 0xDFFF))) return 0;
  if (length == 4 && (value < 0x10000 || value > 0x10FFFF)) return 0;
  *code = value;
  return length;
}

absl::Status CheckCharacters(std::string_view bytes) {
  if (bytes.substr(0, 2) == "\xFF\xFE" || bytes.substr(0, 2) == "\xFE\xFF") {
    return RefuseAtLine(1, "the file is UTF-16; convert it to UTF-8 first");
  }
  size_t at = bytes.substr(0, 3) == kByteOrderMark ? 3 : 0;
  while (at < bytes.size()) {
    uint32_t code = 0;
    const size_t length = DecodeUtf8(bytes, at, &code);
    if (length == 0) return RefuseAtLine(LineAt(bytes, at), "the bytes are not UTF-8");
    const bool control = (code < 0x20 && code != '\t' && code != '\n' && code != '\r') ||
                         (code >= 0x7F && code <= 0x9F) || code == 0xFEFF;
    if (control) return RefuseAtLine(LineAt(bytes, at), "the file holds a control character");
    if (code == 0x2028 || code == 0x2029) {
      return RefuseAtLine(LineAt(bytes, at),
                          "Unicode line separators are read differently by YAML parsers");
    }
    if (code == '\r' && (at + 1 >= bytes.size() || bytes[at + 1] != '\n')) {
      return RefuseAtLine(LineAt(bytes, at), "a carriage return stands without a line feed");
    }
    at += length;
  }
  return absl::OkStatus();
}

}  // namespace

int LineAt(std::string_view bytes, size_t offset) {
  const std::string_view head = bytes.substr(0, std::min(offset, bytes.size()));
  return 1 + static_cast<int>(std::count(head.begin(), head.end(), '\n'));
}

absl::Status RefuseAtLine(int line, std::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat("line ", line, ": ", View(why)));
}

absl::Status CheckBytes(std::string_view bytes) {
  if (bytes.size() > kMaxBytes) {
    return RefuseAtLine(1, absl::StrCat("the file has ", bytes.size(),
                                        " bytes; no manifest above 16 MiB is edited"));
  }
  return CheckCharacters(bytes);
}

std::string_view TemplateLogic(std::string_view text) {
  static constexpr std::array<std::string_view, 14> kLogic = {
      "{%",        "{{-",     "-}}",      "{{ if ", "{{if ",       "{{ range ",    "{{range ",
      "{{ end }}", "{{end}}", "{{ else ", "{{else", "{{ include ", "{{ template ", "{{ with "};
  if (text.find_first_of("{}") == std::string_view::npos) return {};
  for (const std::string_view logic : kLogic) {
    if (text.find(logic) != std::string_view::npos) return logic;
  }
  return {};
}

}  // namespace belay
