#include "common/plan/config_path.h"

#include <charconv>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"

namespace belay {
namespace {

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

class PathReader {
 public:
  explicit PathReader(std::string_view text) : text_(text) {}

  absl::StatusOr<ConfigPath> Read() {
    ConfigPath path;
    if (text_.empty()) return Wrong("the path is empty; write for example authorization.mode");
    if (text_.front() == '[') return Wrong("a path begins with a key");
    while (true) {
      ASSIGN_OR_RETURN(std::string key, Key());
      path.Add()->set_key(std::move(key));
      while (at_ < text_.size() && text_[at_] == '[') RETURN_IF_ERROR(Bracket(path));
      if (at_ == text_.size()) return path;
      if (text_[at_] != '.') return Wrong("a dot or '[' must stand between two elements");
      ++at_;
    }
  }

 private:
  absl::Status Wrong(std::string_view why) const {
    return absl::InvalidArgumentError(
        absl::StrCat("config path '", View(text_), "', character ", at_ + 1, ": ", View(why)));
  }
  bool AtQuote() const { return at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\''); }

  absl::StatusOr<std::string> Key() {
    if (AtQuote()) return Quoted();
    std::string key;
    for (; at_ < text_.size() && text_[at_] != '.' && text_[at_] != '['; ++at_) {
      const char c = text_[at_];
      if (c == '\\') {
        if (++at_ == text_.size()) return Wrong("a backslash stands at the end");
        key += text_[at_];
        continue;
      }
      if (c == ']' || c == '"' || c == '\'' || absl::ascii_isspace(static_cast<unsigned char>(c))) {
        return Wrong("a key with this character in it must stand in quotes: a.\"b c\"");
      }
      key += c;
    }
    if (key.empty()) return Wrong("a key is missing here; a path looks like a.b.c");
    return key;
  }

  absl::StatusOr<std::string> Quoted() {
    const size_t begin = at_;
    const char quote = text_[at_++];
    std::string text;
    while (at_ < text_.size()) {
      char c = text_[at_++];
      const char next = at_ < text_.size() ? text_[at_] : '\0';
      if (c == quote) {
        if (quote == '"' || next != '\'') {
          if (!text.empty()) return text;
          at_ = begin;
          return Wrong("nothing stands between the quotes");
        }
        ++at_;
      } else if (c == '\\' && quote == '"') {
        if (next != '"' && next != '\\') return Wrong("only \\\" and \\\\ are understood");
        c = next;
        ++at_;
      }
      text += c;
    }
    at_ = begin;
    return Wrong("this quote is not closed");
  }

  // "0", "name=x", "\"a.b\"=x", "\"a.b\"" behind '['.
  absl::Status Bracket(ConfigPath& path) {
    ++at_;
    const bool quoted = AtQuote();
    const size_t begin = at_;
    std::string left;
    if (quoted) {
      ASSIGN_OR_RETURN(left, Quoted());
    } else {
      const size_t end = text_.find_first_of("=]", at_);
      if (end == std::string_view::npos) return Wrong("this '[' is not closed by ']'");
      left = std::string(text_.substr(at_, end - at_));
      at_ = end;
    }
    const char next = at_ < text_.size() ? text_[at_] : '\0';
    if (next == '=') {
      ++at_;
      ASSIGN_OR_RETURN(std::string right, SelectorValue());
      if (left.empty()) return Wrong("a selector is [key=value]");
      if (!quoted && left.find_first_of(" \t\"'[") != std::string::npos) {
        at_ = begin;
        return Wrong("a key with blanks, quotes or brackets in it must stand in quotes");
      }
      v1::ConfigSelector& select = *path.Add()->mutable_select();
      select.set_key(std::move(left));
      select.set_value(std::move(right));
    } else if (quoted) {
      path.Add()->set_key(std::move(left));
    } else {
      uint32_t index = 0;
      const auto read = std::from_chars(left.data(), left.data() + left.size(), index);
      const bool canonical = read.ec == std::errc() && read.ptr == left.data() + left.size() &&
                             left == std::to_string(index);
      if (!canonical) {
        at_ = begin;
        return Wrong("in brackets stands an index ([0]), [key=value] or a key in quotes");
      }
      path.Add()->set_index(index);
    }
    if (at_ >= text_.size() || text_[at_] != ']') return Wrong("']' is missing here");
    ++at_;
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> SelectorValue() {
    if (AtQuote()) return Quoted();
    const size_t end = text_.find(']', at_);
    if (end == std::string_view::npos) return Wrong("this '[' is not closed by ']'");
    std::string value(text_.substr(at_, end - at_));
    if (value.empty()) return Wrong("a selector is [key=value]; the value is missing");
    if (value.find_first_of(" \t\"'[\\") != std::string::npos) {
      return Wrong("a value with blanks, quotes, brackets or backslashes must stand in quotes");
    }
    at_ = end;
    return value;
  }

  const std::string_view text_;
  size_t at_ = 0;
};

std::string InQuotes(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// `special` are the characters that mean something where the text stands.
std::string BareOrQuoted(const std::string& text, std::string_view special) {
  bool bare = !text.empty();
  for (const char c : text) {
    bare = bare && c != '"' && c != '\'' && c != '\\' &&
           special.find(c) == std::string_view::npos &&
           !absl::ascii_isspace(static_cast<unsigned char>(c));
  }
  return bare ? text : InQuotes(text);
}

absl::Status CheckText(const std::string& text, std::string_view what) {
  if (text.empty()) return absl::InvalidArgumentError(absl::StrCat("an empty ", View(what)));
  bool good = ValidUtf8(text) == text;
  for (const char c : text) {
    good = good && !absl::ascii_iscntrl(static_cast<unsigned char>(c));
  }
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("a ", View(what), " with a control character or bytes that are not UTF-8"));
}

absl::Status CheckElement(const v1::ConfigPathElement& element) {
  switch (element.element_case()) {
    case v1::ConfigPathElement::kKey:
      return CheckText(element.key(), "key");
    case v1::ConfigPathElement::kIndex:
      return absl::OkStatus();
    case v1::ConfigPathElement::kSelect:
      RETURN_IF_ERROR(CheckText(element.select().key(), "selector's key"));
      return CheckText(element.select().value(), "selector's value");
    case v1::ConfigPathElement::ELEMENT_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("an element of a kind this version does not know");
}

}  // namespace

absl::StatusOr<ConfigPath> ParseConfigPath(std::string_view text) {
  ASSIGN_OR_RETURN(ConfigPath path, PathReader(text).Read());
  RETURN_IF_ERROR(CheckConfigPath(path));
  return path;
}

std::string ConfigPathText(const ConfigPath& path) {
  std::string text;
  for (const v1::ConfigPathElement& element : path) {
    switch (element.element_case()) {
      case v1::ConfigPathElement::kKey:
        absl::StrAppend(&text, text.empty() ? "" : ".", BareOrQuoted(element.key(), ".[]"));
        break;
      case v1::ConfigPathElement::kIndex:
        absl::StrAppend(&text, "[", element.index(), "]");
        break;
      case v1::ConfigPathElement::kSelect:
        absl::StrAppend(&text, "[", BareOrQuoted(element.select().key(), "=[]"), "=",
                        BareOrQuoted(element.select().value(), "[]"), "]");
        break;
      case v1::ConfigPathElement::ELEMENT_NOT_SET:
        absl::StrAppend(&text, "[?]");
        break;
    }
  }
  return text;
}

absl::Status CheckConfigPath(const ConfigPath& path) {
  const auto in_path = [&](const absl::Status& status) {
    return WithContext(status, absl::StrCat("config path '", ConfigPathText(path), "'"));
  };
  if (path.empty()) return absl::InvalidArgumentError("the config path is empty");
  if (path.size() > kMaxConfigPathElements) {
    return absl::InvalidArgumentError(absl::StrCat("the config path has ", path.size(),
                                                   " elements; more than ", kMaxConfigPathElements,
                                                   " are not understood"));
  }
  if (path.at(0).element_case() != v1::ConfigPathElement::kKey) {
    return in_path(absl::InvalidArgumentError("a path begins with a key"));
  }
  for (const v1::ConfigPathElement& element : path) {
    RETURN_IF_ERROR(in_path(CheckElement(element)));
  }
  return absl::OkStatus();
}

}  // namespace belay
