#include "common/plan/signed_file.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/plan/compile.h"

namespace belay {
namespace {

v1::SignedPlan Example() {
  v1::RemediationPlan plan;
  plan.set_name("audit-logging");
  plan.set_not_before_unix(1'795'000'000);
  plan.set_not_after_unix(1'795'604'800);
  v1::SignedPlan signed_plan;
  signed_plan.set_plan(CanonicalBytes(plan));
  v1::Signature& signature = *signed_plan.add_signatures();
  signature.set_key_id(std::string(64, 'a'));
  signature.set_signature(std::string(64, '\x01'));
  return signed_plan;
}

TEST(SignedFile, IsThisText) {
  EXPECT_EQ(WriteSignedPlanFile(Example()), R"(# belay signed plan
# name:   audit-logging
# valid:  2026-11-18T11:06:40Z to 2026-11-25T11:06:40Z
# digest: 5119d06c249bf403b0da8320808e431c49d37bc5e4a1d181e6600d6fb31935e5
-----BEGIN BELAY SIGNED PLAN-----
ChsKDWF1ZGl0LWxvZ2dpbmcYwI321wYgwIKb2AYShAEKQGFhYWFhYWFhYWFhYWFh
YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh
YWESQAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB
AQEBAQEBAQEBAQEBAQEBAQEBAQE=
-----END BELAY SIGNED PLAN-----
)");
}

TEST(SignedFile, ReadsBackExactlyTheSameBytes) {
  const absl::StatusOr<v1::SignedPlan> read = ReadSignedPlanFile(WriteSignedPlanFile(Example()));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->SerializeAsString(), Example().SerializeAsString());
}

TEST(SignedFile, SurvivesMailAndEditors) {
  const std::string text = WriteSignedPlanFile(Example());
  EXPECT_TRUE(ReadSignedPlanFile(absl::StrReplaceAll(text, {{"\n", "\r\n"}})).ok());
  EXPECT_TRUE(ReadSignedPlanFile(absl::StrCat("Dear all,\n\n", text, "\nRegards\n")).ok());
  EXPECT_TRUE(ReadSignedPlanFile(absl::StrReplaceAll(text, {{"\n", "  \n"}})).ok());
}

TEST(SignedFile, RefusesWhatIsNotOneWholeBlock) {
  const std::string text = WriteSignedPlanFile(Example());
  const std::string end = "-----END BELAY SIGNED PLAN-----";
  const std::string begin = "-----BEGIN BELAY SIGNED PLAN-----";
  const std::string table[] = {
      "",
      "apiVersion: belay.dev/v1\n",
      absl::StrReplaceAll(text, {{end, ""}}),
      absl::StrReplaceAll(text, {{begin, ""}}),
      absl::StrCat(text, text),
      absl::StrReplaceAll(text, {{end, absl::StrCat("*\n", end)}}),
      absl::StrReplaceAll(text, {{end, absl::StrCat("# comment\n", end)}}),
      absl::StrCat(begin, "\n", end, "\n"),
      absl::StrCat(begin, "\nAAAA\n", end, "\n"),
      text.substr(0, text.size() / 2),
      std::string(5 * 1024 * 1024, 'x'),
  };
  for (const std::string& bad : table) {
    const absl::Status status = ReadSignedPlanFile(bad).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad.substr(0, 400);
    EXPECT_TRUE(absl::StrContains(status.message(), "belayctl plan sign")) << status;
  }
}

TEST(SignedFile, APlanNameCannotWriteIntoTheComments) {
  v1::RemediationPlan plan;
  plan.set_name("x\n-----BEGIN BELAY SIGNED PLAN-----");
  v1::SignedPlan signed_plan;
  signed_plan.set_plan(CanonicalBytes(plan));
  const std::string text = WriteSignedPlanFile(signed_plan);
  EXPECT_TRUE(ReadSignedPlanFile(text).ok());
  EXPECT_FALSE(absl::StrContains(text, "# name"));
}

TEST(SignedFile, IsToldFromYamlByItsBeginLine) {
  EXPECT_TRUE(LooksSigned(WriteSignedPlanFile(Example())));
  EXPECT_FALSE(LooksSigned("apiVersion: belay.dev/v1\n"));
}

}  // namespace
}  // namespace belay
