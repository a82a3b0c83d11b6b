#include "common/select/selector.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace belay {
namespace {

using Operator = Requirement::Operator;

bool IsSpace(char c) { return c == ' ' || c == '\t'; }

// Reads one selector from its beginning to its end.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  absl::StatusOr<Selector> Read() {
    Selector selector;
    do {
      ASSIGN_OR_RETURN(Requirement requirement, ReadRequirement());
      selector.push_back(std::move(requirement));
      SkipSpace();
    } while (Take(","));
    if (at_ < text_.size()) return Wrong("',' or the end is expected");
    return selector;
  }

 private:
  absl::Status Wrong(const std::string& what) const {
    return absl::InvalidArgumentError(absl::StrCat(
        "selector '", absl::string_view(text_.data(), text_.size()), "', character ", at_ + 1, ": ",
        what, "; write it as kubectl does: env=prod,tier in (gold,silver),!frozen"));
  }

  void SkipSpace() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }

  bool Take(std::string_view token) {
    SkipSpace();
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }

  std::string_view Word() {
    SkipSpace();
    const std::size_t from = at_;
    while (at_ < text_.size() && !IsSpace(text_[at_]) &&
           std::string_view(",=!()").find(text_[at_]) == std::string_view::npos) {
      ++at_;
    }
    return text_.substr(from, at_ - from);
  }

  absl::StatusOr<std::string> Key() {
    SkipSpace();
    const std::size_t from = at_;
    const std::string_view key = Word();
    if (const absl::Status status = CheckLabelKey(key); !status.ok()) {
      at_ = from;
      return Wrong(key.empty() ? "a label key is expected" : std::string(status.message()));
    }
    return std::string(key);
  }

  absl::StatusOr<std::string> Value() {
    SkipSpace();
    const std::size_t from = at_;
    const std::string_view value = Word();
    if (const absl::Status status = CheckLabelValue(value); !status.ok()) {
      at_ = from;
      return Wrong(std::string(status.message()));
    }
    return std::string(value);
  }

  absl::StatusOr<std::set<std::string>> Values() {
    if (!Take("(")) return Wrong("'(' is expected");
    std::set<std::string> values;
    do {
      ASSIGN_OR_RETURN(std::string value, Value());
      values.insert(std::move(value));
    } while (Take(","));
    if (!Take(")")) return Wrong("')' is expected");
    return values;
  }

  absl::StatusOr<Requirement> ReadRequirement() {
    Requirement requirement;
    const bool absent = Take("!");
    ASSIGN_OR_RETURN(requirement.key, Key());
    if (absent) {
      requirement.op = Operator::DoesNotExist;
      return requirement;
    }
    if (Take("!=")) {
      requirement.op = Operator::NotIn;
      ASSIGN_OR_RETURN(const std::string value, Value());
      requirement.values.insert(value);
      return requirement;
    }
    if (Take("==") || Take("=")) {
      requirement.op = Operator::In;
      ASSIGN_OR_RETURN(const std::string value, Value());
      requirement.values.insert(value);
      return requirement;
    }
    const std::size_t from = at_;
    const std::string_view word = Word();
    if (word.empty()) {  // the key alone
      at_ = from;
      return requirement;
    }
    if (word != "in" && word != "notin") {
      SkipBackTo(from);
      return Wrong("'=', '!=', 'in', 'notin', ',' or the end is expected");
    }
    requirement.op = word == "in" ? Operator::In : Operator::NotIn;
    ASSIGN_OR_RETURN(requirement.values, Values());
    return requirement;
  }

  void SkipBackTo(std::size_t at) {
    at_ = at;
    SkipSpace();
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

bool Holds(const Requirement& requirement, const Labels& labels) {
  const auto label = labels.find(requirement.key);
  const bool there = label != labels.end();
  switch (requirement.op) {
    case Operator::Exists:
      return there;
    case Operator::DoesNotExist:
      return !there;
    case Operator::In:
      return there && requirement.values.contains(label->second);
    case Operator::NotIn:
      return !there || !requirement.values.contains(label->second);
  }
  return false;
}

}  // namespace

absl::StatusOr<Selector> ParseSelector(std::string_view text) { return Reader(text).Read(); }

bool Matches(const Selector& selector, const Labels& labels) {
  return std::all_of(selector.begin(), selector.end(),
                     [&](const Requirement& requirement) { return Holds(requirement, labels); });
}

}  // namespace belay
