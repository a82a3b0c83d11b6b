// The reader of catalogs: what it makes of one, and every mistake with its place.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/catalog/embedded.h"
#include "common/catalog/read_catalog.h"

namespace belay {
namespace {

constexpr const char* kHead =
    "apiVersion: belay.dev/v1\n"
    "kind: Catalog\n"
    "metadata: {name: ours, title: Our own}\n"
    "spec:\n"
    "  controls:\n";

// A control with this check, in lines 6 to 15; the check is in line 14.
std::string WithCheck(const std::string& check, const std::string& fix = "{manual: look}") {
  return absl::StrCat(kHead,
                      "  - id: a.1\n    level: 1\n    type: automated\n"
                      "    component: kube-apiserver\n    title: t\n    why: w\n"
                      "    risk: low\n    riskNote: n\n    check: ",
                      check, "\n    fix: ", fix, "\n");
}

std::string MistakesOf(const std::string& yaml) {
  std::string text;
  for (const Mistake& mistake : ReadCatalog(yaml).mistakes) {
    absl::StrAppend(&text, mistake.line, ":", mistake.column, ": ", mistake.message, "\n");
  }
  return text;
}

TEST(ReadCatalog, ReadsASettingWithEverythingItMaySay) {
  const ReadCatalogResult read = ReadCatalog(WithCheck(
      "{setting: {component: kubelet, flag: event-qps, key: eventRecordQPS, atLeast: 1, "
      "zeroIsUnset: true, default: [{value: \"5\", until: \"1.26\"}, {value: \"50\", from: "
      "\"1.27\"}], defaultWithoutFile: \"7\"}}",
      "{edits: [{setFlag: {manifest: kube-apiserver, flag: profiling, value: \"false\"}}]}"));
  ASSERT_TRUE(read.mistakes.empty()) << MistakesOf(WithCheck(""));
  ASSERT_EQ(read.catalog.controls.size(), 1u);
  const Control& control = read.catalog.controls[0];
  SettingCheck expected;
  expected.component = "kubelet";
  expected.flag = "event-qps";
  expected.key = "eventRecordQPS";
  expected.zero_is_unset = true;
  expected.test = {ValueTest::Kind::AtLeast, {}, 1};
  expected.defaults = {{"5", {std::nullopt, KubernetesMinor{1, 26}}},
                       {"50", {KubernetesMinor{1, 27}, std::nullopt}}};
  expected.defaults_without_file = {{"7", {}}};
  EXPECT_EQ(control.check.kind, Check::Kind::Setting);
  EXPECT_EQ(control.check.setting, expected);
  EXPECT_EQ(control.section, "a");
  EXPECT_TRUE(control.automated);
  EXPECT_EQ(control.when.component, "kube-apiserver");
  ASSERT_EQ(control.fix.edits.size(), 1u);
  EXPECT_EQ(control.fix.edits[0].set_flag().flag(), "profiling");
}

struct Reject {
  const char* check;
  const char* mistake;
};

TEST(ReadCatalog, NamesEveryMistakeOfACheckWithItsPlace) {
  const std::vector<Reject> rejects = {
      {"{seting: {}}", "14:13: unknown check 'seting'; did you mean 'setting'?"},
      {"[]", "a check has exactly one key"},
      {"{setting: {component: kube-apiservr, flag: x, present: true}}",
       "14:34: unknown component 'kube-apiservr'; did you mean 'kube-apiserver'?"},
      {"{setting: {component: etcd, flag: --x, present: true}}", "a flag is named without dashes"},
      {"{setting: {component: etcd, present: true}}", "14:13: a setting is named by 'flag', 'key'"},
      {"{setting: {component: etcd, flag: x}}", "14:13: what must it be? say one of present"},
      {"{setting: {component: etcd, flag: x, present: true, equals: y}}",
       "only one of present, equals can be meant"},
      {"{setting: {component: etcd, flag: x, equals: y}}", "14:13: 'default' is missing"},
      {"{setting: {component: etcd, flag: x, present: true, default: y}}",
       "'present' and 'absent' ask whether it is given"},
      {"{setting: {component: etcd, flag: x, present: false}}", "'present' can only be true"},
      {"{setting: {component: etcd, flag: x, atLeast: many, default: \"0\"}}", "whole number"},
      {"{setting: {component: etcd, flag: x, durationAtLeast: 5, default: \"0\"}}",
       "is not a duration"},
      {"{setting: {component: etcd, flag: x, onlyFrom: [], default: \"\"}}", "list of values"},
      {"{setting: {component: etcd, flag: x, equals: y, default: [{value: a}, {value: b}]}}",
       "two defaults hold for the same version"},
      {"{setting: {component: etcd, flag: x, equals: y, default: [{value: a, from: 1.x}]}}",
       "'1.x' is not a version"},
      {"{setting: {component: etcd, flag: x, equals: y, withFile: maybe, default: a}}",
       "'withFile' must be one of flagWins, flagIgnored"},
      {"{files: {paths: [/a]}}", "what of the files? say 'modeAtMost', 'owner' or both"},
      {"{files: {modeAtMost: \"0600\"}}", "which files?"},
      {"{files: {paths: [a/b], modeAtMost: \"0600\"}}", "a/b is not absolute"},
      {"{files: {paths: [/a], modeAtMost: 600}}", "must be in quotes"},
      {"{files: {paths: [/a], owner: root}}", "'owner' must be USER:GROUP"},
      {"{files: {paths: [/a], firstOf: [/b], owner: \"a:b\"}}", "either 'paths'"},
      {"{files: {paths: [/a], owner: \"a:b\", missing: pass}}",
       "'missing' must be one of error, fail, notApplicable"},
      {"{files: {flag: x, paths: [/a], owner: \"a:b\"}}", "belong together"},
      {"{namedFile: {component: etcd, flag: x}}", "'rule' is missing"},
      {"{namedFile: {component: etcd, flag: x, rule: validKind}}", "'kind' is missing"},
      {"{namedFile: {component: etcd, rule: exists}}", "which setting names the file?"},
      {"{namedFile: {component: etcd, flag: x, rule: exists, values: [a]}}", "takes no 'values'"},
      {"{namedFile: {component: etcd, flag: x, kind: K, rule: authorizer}}", "'values' is missing"},
      {"{all: [{setting: {component: etcd, flag: x, present: true}}]}", "at least two checks"},
  };
  for (const Reject& reject : rejects) {
    EXPECT_TRUE(absl::StrContains(MistakesOf(WithCheck(reject.check)), reject.mistake))
        << reject.check << "\n"
        << MistakesOf(WithCheck(reject.check));
  }
}

TEST(ReadCatalog, ReportsEverythingWrongAtOnce) {
  const std::string mistakes = MistakesOf(
      "apiVersion: v1\nkind: Plan\nmetadata: {name: \"a b\"}\nspec:\n  without: [x]\n  controls:\n"
      "  - id: a.1\n    level: 3\n    type: auto\n    component: node\n    risk: huge\n"
      "    tittle: x\n  - id: a.1\n");
  for (const char* const wanted :
       {"1:13: 'apiVersion' must be belay.dev/v1", "2:7: 'kind' must be Catalog",
        "3:18: 'name' must be 1 to 64", "'title' is missing", "5:3: 'without' needs 'extends'",
        "8:12: 'level' must be 1 or 2", "9:11: 'type' must be automated or manual",
        "11:11: 'risk' must be low, medium or high", "12:5: unknown key 'tittle'; did you mean",
        "'why' is missing", "13:5: control a.1 is here twice: the first one is in line 7"}) {
    EXPECT_TRUE(absl::StrContains(mistakes, wanted)) << wanted << "\n" << mistakes;
  }
}

TEST(ReadCatalog, RefusesAFixThatNobodyCouldCarryOut) {
  const std::string check = "{setting: {component: etcd, flag: x, present: true}}";
  EXPECT_TRUE(absl::StrContains(MistakesOf(WithCheck(check, "{files: asChecked}")),
                                "the check one of files"));
  EXPECT_TRUE(absl::StrContains(MistakesOf(WithCheck(check, "{}")), "exactly one of"));
  EXPECT_TRUE(absl::StrContains(
      MistakesOf(WithCheck(check, "{edits: [{setFlag: {manifest: etcd, flag: --x, value: y}}]}")),
      "15:"));
  EXPECT_TRUE(absl::StrContains(
      MistakesOf(WithCheck(check, "{edits: [{setMode: {path: etc, mode: \"0600\"}}]}")), "15:"));
}

TEST(ReadCatalog, AnAutomatedControlNeedsACheckAndAManualOneAWord) {
  std::string text = WithCheck("{x: y}");
  const std::string without = text.substr(0, text.find("    check:")) + "    fix: {manual: look}\n";
  EXPECT_TRUE(absl::StrContains(MistakesOf(without), "needs a 'check'"));
  std::string manual = without;
  manual.replace(manual.find("automated"), 9, "manual");
  EXPECT_EQ(MistakesOf(manual), "");
  manual.replace(manual.find("{manual: look}"), 14, "{edits: []}");
  EXPECT_TRUE(absl::StrContains(MistakesOf(manual), "must say in fix.manual what to look at"));
}

TEST(ReadCatalog, ACatalogOfOnesOwnReplacesLeavesOutAndAdds) {
  const std::string own =
      "apiVersion: belay.dev/v1\nkind: Catalog\nmetadata: {name: ours, title: Our own}\nspec:\n"
      "  extends: cis-1.12\n  without: [\"1.1.12\"]\n  controls:\n"
      "  - {id: \"1.2.17\", level: 2, type: manual, component: cluster, title: t, why: w, risk: "
      "low,"
      " riskNote: n, fix: {manual: look}}\n"
      "  - {id: acme.1, level: 1, type: manual, component: cluster, title: t, why: w, risk: low,"
      " riskNote: n, fix: {manual: look}}\n";
  const absl::StatusOr<Catalog> catalog = LoadCatalog(own, "own.yaml");
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  EXPECT_EQ(catalog->controls.size(), 97u);  // one less, one more
  EXPECT_EQ(FindControl(*catalog, "1.1.12"), nullptr);
  EXPECT_EQ(FindControl(*catalog, "1.2.17")->level, 2u);
  EXPECT_NE(FindControl(*catalog, "acme.1"), nullptr);
  EXPECT_EQ(FindControl(*catalog, "1.2.18")->title,
            FindControl(*LoadEmbeddedCatalog("cis-1.12"), "1.2.18")->title);
}

TEST(ReadCatalog, SaysWhatACatalogOfOnesOwnCannotExtend) {
  const auto with = [](const std::string& spec) {
    return LoadCatalog(
               "apiVersion: belay.dev/v1\nkind: Catalog\nmetadata: {name: a, title: b}\nspec: " +
                   spec + "\n",
               "own.yaml")
        .status();
  };
  EXPECT_TRUE(absl::IsNotFound(with("{extends: cis-9}")));
  EXPECT_TRUE(absl::IsNotFound(with("{extends: cis-1.12, without: [\"9.9\"]}")));
  const absl::Status bad = with("{extends: cis-1.12, wrong: 1}");
  EXPECT_TRUE(absl::StartsWith(bad.message(), "own.yaml:4:")) << bad;
}

TEST(KubernetesMinor, ReadsWhatImagesAndPeopleWrite) {
  EXPECT_EQ(ParseKubernetesMinor("v1.32.4"), (KubernetesMinor{1, 32}));
  EXPECT_EQ(ParseKubernetesMinor("1.9"), (KubernetesMinor{1, 9}));
  EXPECT_EQ(ParseKubernetesMinor("1.34.0-rc.1"), (KubernetesMinor{1, 34}));
  for (const char* const bad :
       {"", "1", "v", "1.", "1.x", "latest", "1.32abc", "-1.3", "1.99999"}) {
    EXPECT_EQ(ParseKubernetesMinor(bad), std::nullopt) << bad;
  }
  EXPECT_TRUE(ControlIdLess("1.2.9", "1.2.10"));
  EXPECT_FALSE(ControlIdLess("1.2.10", "1.2.9"));
}

}  // namespace
}  // namespace belay
