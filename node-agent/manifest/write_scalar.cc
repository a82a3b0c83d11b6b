#include "node-agent/manifest/write_scalar.h"

#include <array>

namespace belay {
namespace {

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Words that some YAML version reads as a boolean, a null or a number.
bool IsReservedWord(std::string_view text) {
  static constexpr std::array<std::string_view, 13> kWords = {
      "true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf", "t", "f"};
  std::string lower;
  for (const char c : text) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (const std::string_view word : kWords) {
    if (lower == word) return true;
  }
  return false;
}

bool IsSafePlain(std::string_view text, bool flow) {
  if (text.empty() || text.back() == ' ' || text.back() == '\t' || text.back() == ':') return false;
  const bool flag = text.size() > 2 && text.substr(0, 2) == "--" && IsLetter(text[2]);
  const bool short_flag = text.size() > 1 && text[0] == '-' && IsLetter(text[1]);
  const bool word = IsLetter(text.front()) && !IsReservedWord(text);
  if (!flag && !short_flag && !word && text.front() != '/') return false;
  if (text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos ||
      text.find('\t') != std::string_view::npos) {
    return false;
  }
  // go-yaml, unlike every other, ends a plain text in brackets at '?'.
  return !flow || text.find_first_of(",[]{}:#?") == std::string_view::npos;
}

std::string DoubleQuoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\t') {
      out += "\\t";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string SingleQuoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + '\'';
}

}  // namespace

std::string WriteScalar(std::string_view text, ManifestNode::Style like, bool flow, bool json) {
  if (json) return DoubleQuoted(text);
  switch (like) {
    case ManifestNode::Style::SingleQuoted:
      return SingleQuoted(text);
    case ManifestNode::Style::DoubleQuoted:
      return DoubleQuoted(text);
    case ManifestNode::Style::Plain:
    case ManifestNode::Style::Block:
      break;
  }
  return IsSafePlain(text, flow) ? std::string(text) : DoubleQuoted(text);
}

}  // namespace belay
