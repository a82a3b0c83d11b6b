// Waivers, the choice of controls, and what an operator sees of a report.
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/catalog/embedded.h"
#include "node-agent/audit/choose_controls.h"
#include "node-agent/audit/render_audit.h"
#include "node-agent/audit/waivers.h"

namespace belay {
namespace {

constexpr std::int64_t kNow = 1'764'000'000;  // 2025-11-24T16:00:00Z
constexpr const char* kHead = "apiVersion: belay.dev/v1\nkind: Waivers\nwaivers:\n";

std::vector<v1::Waiver> Waivers(const std::string& items) {
  const ReadWaiversResult read = ReadWaivers(kHead + items);
  EXPECT_TRUE(read.mistakes.empty()) << read.mistakes.front().message;
  return read.waivers;
}

std::string One(const std::string& control, const std::string& target, const std::string& expires) {
  return absl::StrCat("- {control: ", control, ", target: \"", target,
                      "\", owner: kim, reason: rebuilt in spring, expires: ", expires, "}\n");
}

v1::ControlResult After(const std::vector<v1::Waiver>& waivers, v1::AuditOutcome outcome) {
  std::vector<v1::ControlResult> results(1);
  results[0].set_control("1.1.12");
  results[0].set_outcome(outcome);
  results[0].set_reason("owner 0:0");
  ApplyWaivers(waivers, {"cis-1.12", "prod", "m-1"}, kNow, results);
  return results[0];
}

TEST(Waivers, CoverAControlOnTheirTargetOnly) {
  for (const char* const target : {"*", "prod/*", "prod/m-1"}) {
    const v1::ControlResult result =
        After(Waivers(One("1.1.12", target, "2026-01-01T00:00:00Z")), v1::FAIL);
    EXPECT_EQ(result.outcome(), v1::WAIVED) << target;
    EXPECT_EQ(result.reason(),
              "waived by kim until 2026-01-01T00:00:00Z: rebuilt in spring (owner 0:0)");
  }
  for (const char* const target : {"prod/m-2", "test/*", "test/m-1"}) {
    EXPECT_EQ(After(Waivers(One("1.1.12", target, "2026-01-01T00:00:00Z")), v1::FAIL).outcome(),
              v1::FAIL)
        << target;
  }
  EXPECT_EQ(After(Waivers(One("cis-1.12/1.1.12", "*", "2026-01-01T00:00:00Z")), v1::FAIL).outcome(),
            v1::WAIVED);
  EXPECT_EQ(After(Waivers(One("cis-1.11/1.1.12", "*", "2026-01-01T00:00:00Z")), v1::FAIL).outcome(),
            v1::FAIL);
  EXPECT_EQ(After(Waivers(One("1.1.1", "*", "2026-01-01T00:00:00Z")), v1::FAIL).outcome(),
            v1::FAIL);
}

TEST(Waivers, ThatHaveExpiredChangeNothingAndSaySo) {
  const v1::ControlResult result =
      After(Waivers(One("1.1.12", "*", "2025-11-24T16:00:00Z")), v1::FAIL);
  EXPECT_EQ(result.outcome(), v1::FAIL);
  EXPECT_TRUE(result.waiver().expired());
  EXPECT_EQ(result.reason(), "owner 0:0; the waiver of kim has expired on 2025-11-24T16:00:00Z");
  // One that still holds counts, wherever it stands.
  EXPECT_EQ(After(Waivers(One("1.1.12", "*", "2026-01-01T00:00:00Z") +
                          One("1.1.12", "prod/m-1", "2020-01-01T00:00:00Z")),
                  v1::FAIL)
                .outcome(),
            v1::WAIVED);
}

TEST(Waivers, NeverHideWhatCouldNotBeEvaluated) {
  const std::vector<v1::Waiver> waivers = Waivers(One("1.1.12", "*", "2026-01-01T00:00:00Z"));
  EXPECT_EQ(After(waivers, v1::ERROR).outcome(), v1::ERROR);
  EXPECT_EQ(After(waivers, v1::PASS).outcome(), v1::PASS);
  EXPECT_EQ(After(waivers, v1::NOT_APPLICABLE).outcome(), v1::NOT_APPLICABLE);
  EXPECT_EQ(After(waivers, v1::MANUAL).outcome(), v1::WAIVED);
}

TEST(Waivers, AreReadStrictly) {
  std::string mistakes;
  for (const Mistake& mistake :
       ReadWaivers("apiVersion: v1\nkind: Waivers\nwaivers:\n"
                   "- {control: \"1\", target: a, owner: \" \", expires: tomorrow, why: x}\n")
           .mistakes) {
    absl::StrAppend(&mistakes, mistake.line, ":", mistake.column, ": ", mistake.message, "\n");
  }
  for (const char* const wanted :
       {"1:13: 'apiVersion' must be belay.dev/v1", "4:26: 'target' must be CLUSTER/NODE",
        "4:36: 'owner' is empty", "'reason' is missing", "'tomorrow' is not an RFC 3339 time",
        "unknown key 'why'"}) {
    EXPECT_TRUE(absl::StrContains(mistakes, wanted)) << wanted << "\n" << mistakes;
  }
  EXPECT_FALSE(ReadWaivers("").mistakes.empty());
  EXPECT_FALSE(ReadWaivers("[]").mistakes.empty());
}

TEST(ChooseControls, TakesIdsSectionsRangesAndLevels) {
  const Catalog catalog = *LoadEmbeddedCatalog("cis-1.12");
  const auto count = [&](const std::string& list, int level = 0) {
    const absl::StatusOr<Catalog> chosen = ChooseControls(catalog, list, level);
    return chosen.ok() ? static_cast<int>(chosen->controls.size()) : -1;
  };
  EXPECT_EQ(count(""), 97);
  EXPECT_EQ(count("1.2.15"), 1);
  EXPECT_EQ(count("1.2"), 30);
  EXPECT_EQ(count("2"), 7);
  EXPECT_EQ(count("1.2.16-1.2.19"), 4);
  EXPECT_EQ(count("1.2.9-1.2.10, 2.1"), 3);
  EXPECT_EQ(count("1.2.15,1.2.15"), 1);
  EXPECT_EQ(count("", 1), 91);
  EXPECT_EQ(count("9.9"), -1);
  EXPECT_EQ(count("1.2.99-1.2.100"), -1);
}

v1::AuditReport Report() {
  v1::AuditReport report;
  report.set_benchmark("cis-1.12");
  report.set_kubernetes_version("1.32");
  report.set_node("m-1");
  report.set_taken_unix_ms(kNow * 1000);
  v1::ControlResult& result = *report.add_results();
  result.set_control("1.2.15");
  result.set_title("Profiling");
  result.set_component("kube-apiserver");
  result.set_automated(true);
  result.set_outcome(v1::FAIL);
  result.set_reason("process 7: --profiling=\x1b[2Jtrue");
  result.set_differs_from_running(true);
  v1::Evidence& evidence = *result.add_evidence();
  evidence.set_where("process 7");
  evidence.set_found("--profiling=true");
  evidence.set_expected("is 'false'");
  evidence.set_outcome(v1::FAIL);
  report.mutable_summary()->set_automated_pass(1);
  report.mutable_summary()->set_automated_fail(1);
  report.mutable_summary()->set_has_score(true);
  report.mutable_summary()->set_score_percent(50);
  report.mutable_summary()->set_formula("p / (p + f)");
  return report;
}

TEST(RenderAudit, ShowsOutcomeReasonAndTheFormulaOfTheScore) {
  EXPECT_EQ(RenderAudit(Report(), false),
            "1.2.15   FAIL            kube-apiserver  Profiling\n"
            "         process 7: --profiling=\\x1b[2Jtrue\n"
            "         the manifest and the running process say different things\n"
            "\n"
            "cis-1.12, Kubernetes 1.32, node m-1, 2025-11-24T16:00:00.000Z\n"
            "automated: 1 pass, 1 fail; manual controls: 0 pass, 0 fail, 0 to look at; 0 not "
            "applicable, 0 error, 0 waived\n"
            "score: 50.0% = p / (p + f)\n");
  EXPECT_TRUE(absl::StrContains(RenderAudit(Report(), true),
                                "FAIL: process 7: --profiling=true; expected is 'false'"));
  EXPECT_TRUE(absl::StrContains(AuditJson(Report()), "\"outcome\": \"FAIL\""));
}

}  // namespace
}  // namespace belay
