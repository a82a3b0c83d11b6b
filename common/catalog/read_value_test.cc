#include "common/catalog/read_value_test.h"

#include <array>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/catalog/read_check.h"

namespace belay {
namespace {

using Kind = YamlNode::Kind;

struct TestWord {
  const char* word;
  ValueTest::Kind kind;
};
constexpr std::array<TestWord, 11> kWords = {{{"present", ValueTest::Kind::Present},
                                              {"absent", ValueTest::Kind::Absent},
                                              {"equals", ValueTest::Kind::Equals},
                                              {"notEquals", ValueTest::Kind::NotEquals},
                                              {"oneOf", ValueTest::Kind::OneOf},
                                              {"contains", ValueTest::Kind::Contains},
                                              {"lacks", ValueTest::Kind::Lacks},
                                              {"onlyFrom", ValueTest::Kind::OnlyFrom},
                                              {"atLeast", ValueTest::Kind::AtLeast},
                                              {"durationAtLeast", ValueTest::Kind::DurationAtLeast},
                                              {"hostOneOf", ValueTest::Kind::HostOneOf}}};

void ReadOperand(Fields& fields, const char* key, ValueTest& test) {
  switch (test.kind) {
    case ValueTest::Kind::Present:
    case ValueTest::Kind::Absent: {
      bool yes = true;
      if (fields.Boolean(key, yes) && !yes) {
        fields.Break(*fields.Find(key), absl::StrCat("'", key, "' can only be true"));
      }
      return;
    }
    case ValueTest::Kind::Equals:
    case ValueTest::Kind::NotEquals:
    case ValueTest::Kind::Contains:
    case ValueTest::Kind::Lacks: {
      std::string text;
      if (fields.Text(key, text)) test.values = {std::move(text)};
      return;
    }
    case ValueTest::Kind::OneOf:
    case ValueTest::Kind::OnlyFrom:
    case ValueTest::Kind::HostOneOf:
      test.values = ReadTexts(fields, key);
      if (test.values.empty()) {
        fields.Break(*fields.Find(key), absl::StrCat("'", key, "' must be a list of values"));
      }
      return;
    case ValueTest::Kind::AtLeast: {
      std::uint32_t count = 0;
      if (fields.Count(key, count)) test.number = count;
      return;
    }
    case ValueTest::Kind::DurationAtLeast: {
      std::uint32_t ms = 0;
      if (fields.Duration(key, ms)) test.number = ms;
      return;
    }
  }
}

void ReadVersionEnd(Fields& fields, std::string_view key, std::optional<KubernetesMinor>& end) {
  std::string text;
  if (!fields.Text(key, text)) return;
  end = ParseKubernetesMinor(text);
  if (!end || KubernetesMinorText(*end) != text) {
    fields.Break(*fields.Find(key), absl::StrCat("'", text, "' is not a version such as \"1.32\""));
  }
}

bool Overlap(const VersionRange& a, const VersionRange& b) {
  const bool a_ends_before = a.until && b.from && *a.until < *b.from;
  const bool b_ends_before = b.until && a.from && *b.until < *a.from;
  return !a_ends_before && !b_ends_before;
}

}  // namespace

void AddValueTestKeys(std::vector<std::string>& known) {
  for (const TestWord& each : kWords) known.emplace_back(each.word);
}

void ReadValueTest(Fields& fields, Place where, ValueTest& test) {
  std::vector<std::string> given;
  std::vector<std::string> known;
  for (const TestWord& each : kWords) {
    known.emplace_back(each.word);
    if (fields.Find(each.word) == nullptr) continue;
    given.emplace_back(each.word);
    test.kind = each.kind;
    ReadOperand(fields, each.word, test);
  }
  if (given.size() == 1) return;
  fields.Report(where, given.empty() ? absl::StrCat("what must it be? say one of ",
                                                    absl::StrJoin(known, ", "))
                                     : absl::StrCat("only one of ", absl::StrJoin(given, ", "),
                                                    " can be meant; use 'all' or 'any' for more"));
}

void ReadVersionEnds(Fields& fields, VersionRange& range) {
  ReadVersionEnd(fields, "from", range.from);
  ReadVersionEnd(fields, "until", range.until);
  if (range.from && range.until && *range.until < *range.from) {
    fields.Break(*fields.Find("until"), "'until' is before 'from': no version is meant");
  }
}

void ReadDefaults(Fields& fields, std::string_view key, std::vector<DefaultValue>& defaults,
                  DecodedPlan& out) {
  const YamlEntry* const entry = fields.Find(key);
  if (entry == nullptr) return;
  if (entry->value.kind != Kind::Sequence) {
    fields.Text(key, defaults.emplace_back().value);
    return;
  }
  int index = 0;
  for (const YamlNode& item : entry->value.items) {
    Fields one(item, absl::StrCat(fields.PathOf(key), "[", index++, "]"), {item.line, item.column},
               {"value", "from", "until"}, out);
    DefaultValue read;
    one.Require("value");
    if (one.is_map()) {
      one.Text("value", read.value);
      ReadVersionEnds(one, read.versions);
    }
    for (const DefaultValue& earlier : defaults) {
      if (!Overlap(earlier.versions, read.versions)) continue;
      fields.Report({item.line, item.column},
                    "two defaults hold for the same version; give each 'from' and 'until'");
      break;
    }
    defaults.push_back(std::move(read));
  }
}

}  // namespace belay
