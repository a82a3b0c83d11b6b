#include "tests/support/oracle/strict_json.h"

#include <cstddef>

namespace belay::oracle {
namespace {

class Checker {
 public:
  explicit Checker(std::string_view text) : text_(text) {}

  bool Whole() {
    const bool good = Value(0);
    Blanks();
    return good && at_ == text_.size();
  }

 private:
  char Now() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool Take(char c) {
    if (Now() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }
  bool TakeWord(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  void Blanks() {
    while (Now() == ' ' || Now() == '\t' || Now() == '\n' || Now() == '\r') ++at_;
  }
  bool Digits() {
    const size_t from = at_;
    while (Now() >= '0' && Now() <= '9') ++at_;
    return at_ > from;
  }

  bool Text() {
    if (!Take('"')) return false;
    while (at_ < text_.size() && Now() != '"') {
      if (static_cast<unsigned char>(Now()) < 0x20) return false;
      if (Take('\\')) {
        if (Take('u')) {
          for (int i = 0; i < 4; ++i, ++at_) {
            if (std::string_view("0123456789abcdefABCDEF").find(Now()) == std::string_view::npos)
              return false;
          }
          continue;
        }
        if (std::string_view("\"\\/bfnrt").find(Now()) == std::string_view::npos) return false;
      }
      ++at_;
    }
    return Take('"');
  }

  bool Number() {
    Take('-');
    if (!Take('0') && !Digits()) return false;
    if (Take('.') && !Digits()) return false;
    if (Take('e') || Take('E')) {
      if (!Take('+')) Take('-');
      return Digits();
    }
    return true;
  }

  bool Members(char close, bool named, int depth) {
    Blanks();
    if (Take(close)) return true;
    do {
      Blanks();
      if (named) {
        if (!Text()) return false;
        Blanks();
        if (!Take(':')) return false;
      }
      if (!Value(depth + 1)) return false;
      Blanks();
    } while (Take(','));
    return Take(close);
  }

  bool Value(int depth) {
    if (depth > 1000) return false;
    Blanks();
    if (Take('{')) return Members('}', true, depth);
    if (Take('[')) return Members(']', false, depth);
    if (Now() == '"') return Text();
    if (TakeWord("true") || TakeWord("false") || TakeWord("null")) return true;
    return Number();
  }

  const std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

bool IsStrictJson(std::string_view text) { return Checker(text).Whole(); }

}  // namespace belay::oracle
