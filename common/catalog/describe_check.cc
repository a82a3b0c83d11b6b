#include "common/catalog/describe_check.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"

namespace belay {
namespace {

std::string Quoted(const std::vector<std::string>& values) {
  return absl::StrJoin(values, ", ", [](std::string* out, const std::string& value) {
    absl::StrAppend(out, "'", value, "'");
  });
}

std::string Describe(const SettingCheck& check) {
  return absl::StrCat(SettingName(check.flag, check.key),
                      check.entry.empty() ? "" : absl::StrCat(", entry ", check.entry), " of ",
                      check.component, " ", DescribeTest(check.test));
}

std::string Describe(const FileCheck& check) {
  std::vector<std::string> where;
  if (!check.manifest.empty()) where.push_back("the manifest of " + check.manifest);
  if (!check.component.empty()) {
    where.push_back(absl::StrCat("what ", SettingName(check.flag, check.key), " of ",
                                 check.component, " names"));
  }
  const char* const before_paths = !check.first_only ? ""
                                   : where.empty()   ? "the first there is of "
                                                     : "else ";
  if (!check.paths.empty()) {
    where.push_back(absl::StrCat(before_paths, absl::StrJoin(check.paths, ", ")));
  }
  if (!check.below.empty()) {
    where.push_back(absl::StrCat("all ",
                                 check.names.empty() ? "" : absl::StrJoin(check.names, ", ") + " ",
                                 "below ", absl::StrJoin(check.below, ", ")));
  }
  std::vector<std::string> rules;
  if (check.mode_at_most) {
    rules.push_back(absl::StrCat("mode at most ", OctalMode(*check.mode_at_most)));
  }
  if (!check.owner.empty()) rules.push_back("owner " + check.owner);
  return absl::StrCat(absl::StrJoin(where, "; "), ": ", absl::StrJoin(rules, ", "));
}

std::string Rule(const NamedFileCheck& check) {
  using Rule = NamedFileCheck::Rule;
  switch (check.rule) {
    case Rule::Exists:
      return "is there";
    case Rule::ValidKind:
      return "can be read as " + check.kind;
    case Rule::StrongFirstProvider:
      return "writes Secrets by one of " + Quoted(check.values);
    case Rule::AuditRules:
      return "is a Policy with rules";
    case Rule::EventRateLimits:
      return "gives EventRateLimit a limit";
    case Rule::NoOpenAnonymous:
      return "lets nobody in without credentials, or on named paths only";
    case Rule::Authorizers:
      return "has the authorizer " + Quoted(check.values);
    case Rule::NoAuthorizer:
      return "has not the authorizer " + Quoted(check.values);
    case Rule::DiffersFrom:
      return absl::StrCat("is not the same as --", check.values.back(), " of ",
                          check.values.front());
  }
  return "";
}

std::string Describe(const NamedFileCheck& check) {
  return absl::StrCat("the file that ", SettingName(check.flag, check.key), " of ", check.component,
                      " names ", Rule(check));
}

}  // namespace

std::string OctalMode(std::uint32_t mode) { return absl::StrFormat("%04o", mode); }

std::string SettingName(const std::string& flag, const std::string& key) {
  if (key.empty()) return "--" + flag;
  return flag.empty() ? key : absl::StrCat(key, " or --", flag);
}

const char* RiskWord(Risk risk) {
  switch (risk) {
    case Risk::Low:
      return "low";
    case Risk::Medium:
      return "medium";
    case Risk::High:
      return "high";
  }
  return "";
}

std::string DescribeTest(const ValueTest& test) {
  switch (test.kind) {
    case ValueTest::Kind::Present:
      return "is given";
    case ValueTest::Kind::Absent:
      return "is not given";
    case ValueTest::Kind::Equals:
      return "is " + Quoted(test.values);
    case ValueTest::Kind::NotEquals:
      return "is not " + Quoted(test.values);
    case ValueTest::Kind::OneOf:
      return "is one of " + Quoted(test.values);
    case ValueTest::Kind::Contains:
      return "has the item " + Quoted(test.values);
    case ValueTest::Kind::Lacks:
      return "has not the item " + Quoted(test.values);
    case ValueTest::Kind::OnlyFrom:
      return "has only items of " + Quoted(test.values);
    case ValueTest::Kind::AtLeast:
      return absl::StrCat("is at least ", test.number);
    case ValueTest::Kind::DurationAtLeast:
      return "is at least " + absl::FormatDuration(absl::Milliseconds(test.number));
    case ValueTest::Kind::HostOneOf:
      return "names the host " + Quoted(test.values);
  }
  return "";
}

std::string DescribeCheck(const Check& check) {
  switch (check.kind) {
    case Check::Kind::None:
      return "nothing that a program could look at";
    case Check::Kind::Setting:
      return Describe(check.setting);
    case Check::Kind::File:
      return Describe(check.file);
    case Check::Kind::NamedFile:
      return Describe(check.named);
    case Check::Kind::All:
    case Check::Kind::Any:
      break;
  }
  std::string text = check.kind == Check::Kind::All ? "all of" : "one of";
  for (const Check& child : check.children) {
    absl::StrAppend(&text, "\n  - ", absl::StrReplaceAll(DescribeCheck(child), {{"\n", "\n  "}}));
  }
  return text;
}

}  // namespace belay
