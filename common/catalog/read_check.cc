#include "common/catalog/read_check.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/catalog/read_value_test.h"
#include "common/plan/suggest.h"

namespace belay {
namespace {

using Kind = YamlNode::Kind;
constexpr int kMaxNesting = 8;

Place KeyPlace(const YamlEntry& entry) { return {entry.line, entry.column}; }

// Where `key` is one of few words; nothing is chosen when it is not.
template <class Choice>
void ReadChoice(Fields& fields, std::string_view key,
                const std::vector<std::pair<std::string, Choice>>& choices, Choice& chosen) {
  std::string text;
  if (!fields.Text(key, text)) return;
  std::vector<std::string> known;
  for (const auto& [word, choice] : choices) {
    known.push_back(word);
    if (word == text) {
      chosen = choice;
      return;
    }
  }
  fields.Break(*fields.Find(key),
               absl::StrCat("'", std::string(key), "' must be one of ", absl::StrJoin(known, ", "),
                            DidYouMean(text, known)));
}

void ReadFlag(Fields& fields, std::string& flag) {
  if (!fields.Text("flag", flag)) return;
  if (flag.empty() || absl::StartsWith(flag, "-") || absl::StrContains(flag, "=")) {
    fields.Break(*fields.Find("flag"), "a flag is named without dashes and value: profiling");
  }
}

void ReadSetting(const YamlEntry& entry, const std::string& path, SettingCheck& check,
                 DecodedPlan& out) {
  std::vector<std::string> known = {"component",   "flag",    "environment",
                                    "key",         "entry",   "withFile",
                                    "zeroIsUnset", "default", "defaultWithoutFile"};
  AddValueTestKeys(known);
  Fields fields(entry.value, path, KeyPlace(entry), known, out);
  if (!fields.is_map()) return;
  ReadComponent(fields, "component", check.component);
  ReadFlag(fields, check.flag);
  fields.Text("environment", check.environment);
  fields.Text("key", check.key);
  fields.Text("entry", check.entry);
  fields.Boolean("zeroIsUnset", check.zero_is_unset);
  ReadChoice<bool>(fields, "withFile", {{"flagWins", false}, {"flagIgnored", true}},
                   check.flag_ignored_with_file);
  if (check.flag.empty() && check.key.empty() && fields.Find("flag") == nullptr &&
      fields.Find("key") == nullptr) {
    fields.Report(KeyPlace(entry), "a setting is named by 'flag', 'key' or both");
  }
  ReadValueTest(fields, KeyPlace(entry), check.test);
  ReadDefaults(fields, "default", check.defaults, out);
  ReadDefaults(fields, "defaultWithoutFile", check.defaults_without_file, out);
  const bool asks_only_whether_given =
      check.test.kind == ValueTest::Kind::Present || check.test.kind == ValueTest::Kind::Absent;
  const YamlEntry* const given = fields.Find("default");
  if (asks_only_whether_given && given != nullptr) {
    fields.Break(*given, "'present' and 'absent' ask whether it is given: there is no default");
  }
  if (!asks_only_whether_given && given == nullptr) {
    fields.Report(KeyPlace(entry),
                  "'default' is missing: what holds where the setting is not given (\"\" is "
                  "nothing); without it an absent setting could not be judged");
  }
}

void ReadFiles(const YamlEntry& entry, const std::string& path, FileCheck& check,
               DecodedPlan& out) {
  Fields fields(entry.value, path, KeyPlace(entry),
                {"manifest", "component", "flag", "key", "paths", "firstOf", "below", "names",
                 "directories", "modeAtMost", "owner", "missing"},
                out);
  if (!fields.is_map()) return;
  if (fields.Find("manifest") != nullptr) ReadComponent(fields, "manifest", check.manifest);
  if (fields.Find("component") != nullptr) ReadComponent(fields, "component", check.component);
  ReadFlag(fields, check.flag);
  fields.Text("key", check.key);
  check.first_only = fields.Find("firstOf") != nullptr;
  check.paths = ReadTexts(fields, check.first_only ? "firstOf" : "paths");
  check.below = ReadTexts(fields, "below");
  check.names = ReadTexts(fields, "names");
  fields.Boolean("directories", check.directories);
  std::uint32_t mode = 0;
  if (fields.Mode("modeAtMost", mode)) check.mode_at_most = mode;
  if (fields.Text("owner", check.owner) &&
      std::count(check.owner.begin(), check.owner.end(), ':') != 1) {
    fields.Break(*fields.Find("owner"), "'owner' must be USER:GROUP, such as root:root");
  }
  ReadChoice<FileCheck::Missing>(fields, "missing",
                                 {{"error", FileCheck::Missing::Error},
                                  {"fail", FileCheck::Missing::Fail},
                                  {"notApplicable", FileCheck::Missing::NotApplicable}},
                                 check.missing);
  if (fields.Find("paths") != nullptr && check.first_only) {
    fields.Break(*fields.Find("firstOf"), "either 'paths', which are all looked at, or 'firstOf'");
  }
  if (check.manifest.empty() && check.component.empty() && check.paths.empty() &&
      check.below.empty()) {
    fields.Report(KeyPlace(entry),
                  "which files? say 'manifest', 'component', 'paths', 'firstOf' or 'below'");
  }
  for (const std::string& each : check.paths) {
    if (!absl::StartsWith(each, "/")) fields.Report(KeyPlace(entry), each + " is not absolute");
  }
  for (const std::string& each : check.below) {
    if (!absl::StartsWith(each, "/")) fields.Report(KeyPlace(entry), each + " is not absolute");
  }
  if ((check.flag.empty() && check.key.empty()) != check.component.empty()) {
    fields.Report(KeyPlace(entry), "'component' and its 'flag' or 'key' belong together");
  }
  if (!check.mode_at_most && check.owner.empty()) {
    fields.Report(KeyPlace(entry), "what of the files? say 'modeAtMost', 'owner' or both");
  }
}

void ReadNamedFile(const YamlEntry& entry, const std::string& path, NamedFileCheck& check,
                   DecodedPlan& out) {
  using Rule = NamedFileCheck::Rule;
  Fields fields(entry.value, path, KeyPlace(entry),
                {"component", "flag", "key", "kind", "rule", "values"}, out);
  if (!fields.is_map()) return;
  ReadComponent(fields, "component", check.component);
  ReadFlag(fields, check.flag);
  fields.Text("key", check.key);
  if (fields.Find("flag") == nullptr && fields.Find("key") == nullptr) {
    fields.Report(KeyPlace(entry), "which setting names the file? say 'flag', 'key' or both");
  }
  fields.Text("kind", check.kind);
  fields.Require("rule");
  ReadChoice<Rule>(fields, "rule",
                   {{"exists", Rule::Exists},
                    {"validKind", Rule::ValidKind},
                    {"strongFirstProvider", Rule::StrongFirstProvider},
                    {"auditRules", Rule::AuditRules},
                    {"eventRateLimits", Rule::EventRateLimits},
                    {"noOpenAnonymous", Rule::NoOpenAnonymous},
                    {"authorizer", Rule::Authorizers},
                    {"noAuthorizer", Rule::NoAuthorizer},
                    {"differsFrom", Rule::DiffersFrom}},
                   check.rule);
  check.values = ReadTexts(fields, "values");
  const bool needs_kind = check.rule != Rule::Exists && check.rule != Rule::DiffersFrom;
  if (needs_kind && check.kind.empty()) {
    fields.Report(KeyPlace(entry), "'kind' is missing: of which kind must the file be?");
  }
  const bool needs_values = check.rule == Rule::StrongFirstProvider ||
                            check.rule == Rule::Authorizers || check.rule == Rule::NoAuthorizer ||
                            check.rule == Rule::DiffersFrom;
  if (needs_values == check.values.empty()) {
    fields.Report(KeyPlace(entry), needs_values ? "'values' is missing for this rule"
                                                : "this rule takes no 'values'");
  }
}

void ReadChildren(const YamlEntry& entry, const std::string& path, Check& check, DecodedPlan& out) {
  if (entry.value.kind != Kind::Sequence || entry.value.items.size() < 2) {
    out.mistakes.push_back(
        {entry.line, entry.column,
         absl::StrCat("'", entry.key, "' must be a list of at least two checks")});
    return;
  }
  if (std::count(path.begin(), path.end(), '[') > kMaxNesting) {
    out.mistakes.push_back({entry.line, entry.column, "checks are nested too deep"});
    return;
  }
  int index = 0;
  for (const YamlNode& item : entry.value.items) {
    ReadCheck(item, {item.line, item.column}, absl::StrCat(path, "[", index++, "]"),
              check.children.emplace_back(), out);
  }
}

}  // namespace

std::vector<std::string> ReadTexts(Fields& fields, std::string_view key) {
  google::protobuf::RepeatedPtrField<std::string> texts;
  fields.TextList(key, texts);
  return {texts.begin(), texts.end()};
}

void ReadComponent(Fields& fields, std::string_view key, std::string& component) {
  fields.Require(key);
  if (!fields.Text(key, component)) return;
  const std::vector<std::string>& known = CatalogComponents();
  if (std::find(known.begin(), known.end(), component) != known.end()) return;
  fields.Break(*fields.Find(key),
               absl::StrCat("unknown component '", component, "'", DidYouMean(component, known),
                            " (known are ", absl::StrJoin(known, ", "), ")"));
}

void ReadVersions(const YamlEntry& entry, const std::string& path, VersionRange& range,
                  DecodedPlan& out) {
  Fields fields(entry.value, path, KeyPlace(entry), {"from", "until"}, out);
  ReadVersionEnds(fields, range);
}

void ReadCheck(const YamlNode& node, Place where, const std::string& path, Check& check,
               DecodedPlan& out) {
  static const std::vector<std::string> kKinds = {"setting", "files", "namedFile", "all", "any"};
  if (node.kind != Kind::Map || node.entries.size() != 1) {
    out.mistakes.push_back(
        {where.line, where.column,
         absl::StrCat("a check has exactly one key: ", absl::StrJoin(kKinds, ", "))});
    return;
  }
  const YamlEntry& entry = node.entries.front();
  const std::string inner = absl::StrCat(path, ".", entry.key);
  if (entry.key == "setting") {
    check.kind = Check::Kind::Setting;
    ReadSetting(entry, inner, check.setting, out);
  } else if (entry.key == "files") {
    check.kind = Check::Kind::File;
    ReadFiles(entry, inner, check.file, out);
  } else if (entry.key == "namedFile") {
    check.kind = Check::Kind::NamedFile;
    ReadNamedFile(entry, inner, check.named, out);
  } else if (entry.key == "all" || entry.key == "any") {
    check.kind = entry.key == "all" ? Check::Kind::All : Check::Kind::Any;
    ReadChildren(entry, inner, check, out);
  } else {
    out.mistakes.push_back(
        {entry.line, entry.column,
         absl::StrCat("unknown check '", entry.key, "'", DidYouMean(entry.key, kKinds),
                      " (known are ", absl::StrJoin(kKinds, ", "), ")")});
  }
}

}  // namespace belay
