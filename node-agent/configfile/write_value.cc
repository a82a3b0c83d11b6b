#include "node-agent/configfile/write_value.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "node-agent/manifest/write_scalar.h"

namespace belay {
namespace {

using Style = ManifestNode::Style;

std::string Indented(size_t blanks, const std::string& line) {
  return std::string(blanks, ' ') + line;
}

bool IsPlainWithoutQuotes(std::string_view text) {
  // Forms that begin with a digit and are texts in every YAML: addresses, durations, quantities.
  const auto digits = [&](size_t& at) {
    const size_t begin = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at - begin;
  };
  const auto take = [&](size_t& at, std::string_view word) {
    if (text.substr(at, word.size()) != word) return false;
    at += word.size();
    return true;
  };
  size_t at = 0;
  int parts = 0;
  while (digits(at) > 0) {
    ++parts;
    if (parts == 4 || !take(at, ".")) break;
  }
  if (parts == 4) {
    if (take(at, "/") && digits(at) == 0) return false;
    if (take(at, ":") && digits(at) == 0) return false;
    return at == text.size();
  }
  at = 0;
  bool duration = !text.empty();
  while (duration && at < text.size()) {
    duration = digits(at) > 0 && (!take(at, ".") || digits(at) > 0) &&
               (take(at, "ns") || take(at, "us") || take(at, "ms") || take(at, "h") ||
                take(at, "m") || take(at, "s"));
  }
  if (duration) return true;
  at = 0;
  if (digits(at) == 0 || (take(at, ".") && digits(at) == 0)) return false;
  static constexpr std::array<std::string_view, 12> kUnits = {"%",  "m",  "k",  "M",  "G",  "T",
                                                              "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  return std::find(kUnits.begin(), kUnits.end(), text.substr(at)) != kUnits.end();
}

// Characters that cannot stand as they are in any scalar: the code, or 0 for a harmless one.
uint32_t UnprintableAt(std::string_view text, size_t at, size_t* length) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  *length = 1;
  if (byte(at) < 0x20 || byte(at) == 0x7F) return byte(at);
  if (byte(at) == 0xC2 && byte(at + 1) >= 0x80 && byte(at + 1) <= 0x9F) {
    *length = 2;
    return byte(at + 1);
  }
  if ((byte(at) & 0xF0U) != 0xE0) return 0;
  const uint32_t code =
      ((byte(at) & 0x0FU) << 12U) | ((byte(at + 1) & 0x3FU) << 6U) | (byte(at + 2) & 0x3FU);
  *length = 3;
  const bool bad = code == 0x2028 || code == 0x2029 || code == 0xFEFF || code >= 0xFFFE;
  return bad ? code : 0;
}

bool HasUnprintable(std::string_view text) {
  size_t length = 1;
  for (size_t at = 0; at < text.size(); at += length) {
    if (UnprintableAt(text, at, &length) != 0) return true;
  }
  return false;
}

std::string Escaped(std::string_view text) {
  std::string out = "\"";
  size_t length = 1;
  for (size_t at = 0; at < text.size(); at += length) {
    const uint32_t code = UnprintableAt(text, at, &length);
    if (code == '\n') {
      out += "\\n";
    } else if (code == '\t') {
      out += "\\t";
    } else if (code == '\r') {
      out += "\\r";
    } else if (code != 0) {
      absl::StrAppend(&out, "\\u", absl::Hex(code, absl::kZeroPad4));
    } else {
      if (text[at] == '"' || text[at] == '\\') out += '\\';
      out += text.substr(at, length);
    }
  }
  return out + '"';
}

bool AllScalars(const ConfigValue& list) {
  return std::all_of(list.list.begin(), list.list.end(),
                     [](const ConfigValue& item) { return item.IsScalar(); });
}

void AppendIndented(std::vector<std::string>& lines, size_t blanks,
                    const std::vector<std::string>& more) {
  for (const std::string& line : more) lines.push_back(Indented(blanks, line));
}

std::string Joined(const std::vector<std::string>& parts, const FileStyle& style,
                   const std::string& indent, bool long_form, char open, char close) {
  std::string out(1, open);
  for (size_t i = 0; i < parts.size(); ++i) {
    if (long_form) {
      absl::StrAppend(&out, i == 0 ? "" : ",", style.end_of_line, indent, style.flow_step,
                      parts[i]);
    } else {
      absl::StrAppend(&out, i == 0 ? "" : style.comma, parts[i]);
    }
  }
  if (long_form) absl::StrAppend(&out, style.end_of_line, indent);
  return out + close;
}

}  // namespace

std::string WriteText(std::string_view text, Style like, bool flow, bool json) {
  if (HasUnprintable(text)) return Escaped(text);
  const bool keep_quotes = like == Style::SingleQuoted || like == Style::DoubleQuoted;
  if (!json && !keep_quotes && IsPlainWithoutQuotes(text) &&
      (!flow || text.find(':') == std::string_view::npos)) {
    return std::string(text);
  }
  return WriteScalar(text, like, flow, json);
}

bool IsWrittenInline(const ConfigValue& value, const FileStyle& style) {
  return value.IsScalar() || value.IsEmptyContainer() ||
         (value.kind == ConfigValue::Kind::List && style.flow_texts && AllScalars(value));
}

std::string WriteInline(const ConfigValue& value, const FileStyle& style, bool in_flow,
                        Style like) {
  switch (value.kind) {
    case ConfigValue::Kind::Null:
      return "null";
    case ConfigValue::Kind::Bool:
    case ConfigValue::Kind::Number:
      return value.text;
    case ConfigValue::Kind::Text:
      return WriteText(value.text, like, in_flow, style.json);
    case ConfigValue::Kind::List:
    case ConfigValue::Kind::Map:
      break;
  }
  FileStyle one_line = style;
  one_line.long_flow = false;
  return WriteFlow(value, one_line, "", like);
}

std::vector<std::string> WriteBlockEntry(const std::string& key, const ConfigValue& value,
                                         const FileStyle& style, Style key_like, Style like) {
  const std::string name = WriteText(key, key_like, false, false) + ":";
  if (IsWrittenInline(value, style)) {
    return {absl::StrCat(name, " ", WriteInline(value, style, false, like))};
  }
  std::vector<std::string> lines = {name};
  const bool map = value.kind == ConfigValue::Kind::Map;
  AppendIndented(lines, map ? style.map_step : style.dash_step, WriteBlock(value, style, like));
  return lines;
}

std::vector<std::string> WriteBlock(const ConfigValue& value, const FileStyle& style, Style like) {
  std::vector<std::string> lines;
  for (const auto& [key, item] : value.map) {
    AppendIndented(lines, 0, WriteBlockEntry(key, item, style, Style::Plain, Style::Plain));
  }
  const std::string dash = "-" + std::string(style.dash_width - 1, ' ');
  for (const ConfigValue& item : value.list) {
    if (IsWrittenInline(item, style)) {
      lines.push_back(dash + WriteInline(item, style, false, like));
      continue;
    }
    std::vector<std::string> inner = WriteBlock(item, style, Style::Plain);
    lines.push_back(dash + inner.front());
    inner.erase(inner.begin());
    AppendIndented(lines, style.dash_width, inner);
  }
  return lines;
}

std::string WriteFlow(const ConfigValue& value, const FileStyle& style, const std::string& indent,
                      Style like) {
  if (value.IsScalar()) return WriteInline(value, style, true, like);
  const bool map = value.kind == ConfigValue::Kind::Map;
  if (value.IsEmptyContainer()) return map ? "{}" : "[]";
  const bool long_form = style.long_flow && (map || !style.flow_texts || !AllScalars(value));
  const std::string inner = long_form ? indent + style.flow_step : indent;
  FileStyle inside = style;
  inside.long_flow = long_form;
  std::vector<std::string> parts;
  for (const auto& [key, item] : value.map) {
    parts.push_back(absl::StrCat(WriteText(key, like, true, style.json), style.colon,
                                 WriteFlow(item, inside, inner, like)));
  }
  for (const ConfigValue& item : value.list) parts.push_back(WriteFlow(item, inside, inner, like));
  return Joined(parts, style, indent, long_form, map ? '{' : '[', map ? '}' : ']');
}

}  // namespace belay
