#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "node-agent/configfile/config_value.h"
#include "node-agent/manifest/check_bytes.h"

namespace belay {
namespace {

void AppendUtf8(uint32_t code, std::string& out) {
  const auto put = [&](uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0U | (code >> 6U));
    put(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    put(0xE0U | (code >> 12U));
    put(0x80U | ((code >> 6U) & 0x3FU));
    put(0x80U | (code & 0x3FU));
  } else {
    put(0xF0U | (code >> 18U));
    put(0x80U | ((code >> 12U) & 0x3FU));
    put(0x80U | ((code >> 6U) & 0x3FU));
    put(0x80U | (code & 0x3FU));
  }
}

class JsonReader {
 public:
  explicit JsonReader(std::string_view json) : json_(json) {}

  absl::StatusOr<ConfigValue> ReadAll() {
    if (ValidUtf8(json_) != json_) return Wrong("bytes that are not UTF-8");
    ASSIGN_OR_RETURN(ConfigValue value, Value(0));
    SkipBlanks();
    if (at_ != json_.size()) return Wrong("something follows the value");
    return value;
  }

 private:
  absl::Status Wrong(std::string_view why) const {
    return absl::InvalidArgumentError(
        absl::StrCat("not JSON, byte ", at_, ": ", absl::string_view(why.data(), why.size())));
  }
  char Peek() const { return at_ < json_.size() ? json_[at_] : '\0'; }
  void SkipBlanks() {
    while (at_ < json_.size() && std::string_view(" \t\r\n").find(json_[at_]) != json_.npos) ++at_;
  }
  bool Take(std::string_view word) {
    if (json_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  absl::StatusOr<ConfigValue> Value(int depth) {
    if (depth > kMaxDepth) return Wrong("nested too deeply");
    SkipBlanks();
    ConfigValue value;
    const char c = Peek();
    if (c == '{') return Map(depth);
    if (c == '[') return List(depth);
    if (c == '"') {
      ASSIGN_OR_RETURN(std::string text, Text());
      return TextConfigValue(std::move(text));
    }
    if (Take("null")) return value;
    if (c == 't' || c == 'f') {
      value.kind = ConfigValue::Kind::Bool;
      value.text = c == 't' ? "true" : "false";
      if (Take(value.text)) return value;
    }
    if (c == '-' || (c >= '0' && c <= '9')) return Number();
    return Wrong("no value begins like this");
  }

  absl::StatusOr<ConfigValue> Map(int depth) {
    ConfigValue value = EmptyConfigValue(ConfigValue::Kind::Map);
    ++at_;
    SkipBlanks();
    if (Take("}")) return value;
    while (true) {
      SkipBlanks();
      if (Peek() != '"') return Wrong("a key in double quotes is missing");
      ASSIGN_OR_RETURN(std::string key, Text());
      SkipBlanks();
      if (!Take(":")) return Wrong("':' is missing");
      ASSIGN_OR_RETURN(ConfigValue item, Value(depth + 1));
      value.map.push_back({std::move(key), std::move(item)});
      SkipBlanks();
      if (Take("}")) return value;
      if (!Take(",")) return Wrong("',' or '}' is missing");
    }
  }

  absl::StatusOr<ConfigValue> List(int depth) {
    ConfigValue value = EmptyConfigValue(ConfigValue::Kind::List);
    ++at_;
    SkipBlanks();
    if (Take("]")) return value;
    while (true) {
      ASSIGN_OR_RETURN(ConfigValue item, Value(depth + 1));
      value.list.push_back(std::move(item));
      SkipBlanks();
      if (Take("]")) return value;
      if (!Take(",")) return Wrong("',' or ']' is missing");
    }
  }

  size_t Digits() {
    const size_t begin = at_;
    while (Peek() >= '0' && Peek() <= '9') ++at_;
    return at_ - begin;
  }

  absl::StatusOr<ConfigValue> Number() {
    const size_t begin = at_;
    Take("-");
    const bool zero = Peek() == '0';
    const size_t whole = Digits();
    if (whole == 0 || (zero && whole > 1)) return Wrong("a number in a form JSON does not know");
    if (Take(".") && Digits() == 0) return Wrong("a digit is missing behind the dot");
    if (Take("e") || Take("E")) {
      if (!Take("-")) Take("+");
      if (Digits() == 0) return Wrong("a digit is missing in the exponent");
    }
    std::optional<std::string> number = CanonicalNumber(json_.substr(begin, at_ - begin));
    if (!number.has_value()) return Wrong("a number beyond what a double can hold");
    ConfigValue value = EmptyConfigValue(ConfigValue::Kind::Number);
    value.text = *std::move(number);
    return value;
  }

  absl::StatusOr<uint32_t> Hex4() {
    uint32_t code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = Peek();
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) return Wrong("four hexadecimal digits must follow \\u");
      code = code * 16 + static_cast<uint32_t>(digit);
    }
    return code;
  }

  absl::Status Escape(std::string& out) {
    static constexpr std::string_view kNames = "\"\\/bfnrt";
    static constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
    const char c = Peek();
    ++at_;
    if (const size_t which = kNames.find(c); which != std::string_view::npos) {
      out += kMeant[which];
      return absl::OkStatus();
    }
    if (c != 'u') return Wrong("an escape JSON does not know");
    ASSIGN_OR_RETURN(uint32_t code, Hex4());
    if (code >= 0xD800 && code <= 0xDBFF) {
      if (!Take("\\u")) return Wrong("half of a surrogate pair");
      ASSIGN_OR_RETURN(const uint32_t low, Hex4());
      if (low < 0xDC00 || low > 0xDFFF) return Wrong("half of a surrogate pair");
      code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code <= 0xDFFF) {
      return Wrong("half of a surrogate pair");
    }
    AppendUtf8(code, out);
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Text() {
    std::string out;
    ++at_;
    while (at_ < json_.size()) {
      const char c = json_[at_++];
      if (c == '"') return out;
      if (static_cast<unsigned char>(c) < 0x20) return Wrong("a control character in a text");
      if (c == '\\') {
        RETURN_IF_ERROR(Escape(out));
      } else {
        out += c;
      }
    }
    return Wrong("a text is not closed");
  }

  const std::string_view json_;
  size_t at_ = 0;
};

}  // namespace

absl::StatusOr<ConfigValue> ParseJson(std::string_view json) { return JsonReader(json).ReadAll(); }

}  // namespace belay
