#include "server/driver/plan_diffs.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace belay {
namespace {

v1::DiffAnswer Answer(const std::string& id, const std::string& refused) {
  v1::DiffAnswer answer;
  answer.set_request_id(id);
  answer.mutable_diff()->set_refused(refused);
  return answer;
}

class PlanDiffsTest : public testing::Test {
 protected:
  void Ask(const std::string& id, const std::vector<PlanDiffs::Asked>& nodes) {
    diffs_.Ask(id, "c", nodes, 1000, [this](absl::StatusOr<v1::DiffPlanReply> reply) {
      replies_.push_back(std::move(reply));
    });
  }
  std::string Shown(std::size_t index) const {
    std::string text;
    for (const v1::NodeDiffResult& node : replies_.at(index)->nodes()) {
      text += node.node() + "=" + node.diff().refused() + node.missing() + "; ";
    }
    return text;
  }
  PlanDiffs diffs_;
  std::vector<absl::StatusOr<v1::DiffPlanReply>> replies_;
};

TEST_F(PlanDiffsTest, AnswersOnceWhenEveryNodeHas) {
  Ask("q", {{"a", true}, {"b", true}, {"x", false}});
  diffs_.Take({"c", "b"}, Answer("q", "B"));
  diffs_.Take({"c", "b"}, Answer("q", "again"));
  EXPECT_TRUE(replies_.empty());
  diffs_.Take({"c", "a"}, Answer("q", "A"));
  diffs_.Take({"c", "a"}, Answer("q", "late"));
  diffs_.Expire(5000);
  ASSERT_EQ(replies_.size(), 1u);
  EXPECT_EQ(Shown(0), "a=A; b=B; x=not connected; ");
}

TEST_F(PlanDiffsTest, ANodeSpeaksOnlyForItself) {
  Ask("q", {{"a", true}});
  diffs_.Take({"other", "a"}, Answer("q", "from another cluster"));
  diffs_.Take({"c", "b"}, Answer("q", "not asked"));
  diffs_.Take({"c", "a"}, Answer("r", "another question"));
  EXPECT_TRUE(replies_.empty());
  diffs_.Take({"c", "a"}, Answer("q", "A"));
  EXPECT_EQ(Shown(0), "a=A; ");
}

TEST_F(PlanDiffsTest, WhoGoesAwayOrSaysNothingIsNamed) {
  Ask("q", {{"a", true}, {"b", true}});
  diffs_.Gone({"c", "a"});
  EXPECT_TRUE(replies_.empty());
  diffs_.Expire(999);
  EXPECT_TRUE(replies_.empty());
  diffs_.Expire(1000);
  ASSERT_EQ(replies_.size(), 1u);
  EXPECT_EQ(Shown(0),
            "a=disconnected before it answered; b=no answer in time (an older agent gives none); ");
}

TEST_F(PlanDiffsTest, NobodyConnectedIsAnsweredAtOnce) {
  Ask("q", {{"a", false}});
  EXPECT_EQ(Shown(0), "a=not connected; ");
}

TEST_F(PlanDiffsTest, TheEndAnswersAll) {
  Ask("q", {{"a", true}});
  Ask("r", {{"a", true}});
  diffs_.EndAll(absl::UnavailableError("stopping"));
  ASSERT_EQ(replies_.size(), 2u);
  EXPECT_TRUE(absl::IsUnavailable(replies_[1].status()));
  diffs_.Expire(5000);
  EXPECT_EQ(replies_.size(), 2u);
}

TEST_F(PlanDiffsTest, OneReplyFitsIntoOneMessage) {
  Ask("q", {{"a", true}, {"b", true}, {"c", true}});
  for (const char* node : {"a", "b", "c"}) {
    diffs_.Take({"c", node}, Answer("q", std::string(std::size_t{3} << 20, 'x')));
  }
  ASSERT_EQ(replies_.size(), 1u);
  EXPECT_LT(replies_[0]->ByteSizeLong(), std::size_t{8} << 20);
  EXPECT_EQ(replies_[0]->nodes(2).missing(),
            "the answers of all nodes are too long together; ask for this one alone");
}

TEST_F(PlanDiffsTest, ThereIsAMostOfQuestions) {
  for (int i = 0; i < 32; ++i) {
    EXPECT_FALSE(diffs_.Full());
    Ask(std::to_string(i), {{"a", true}});
  }
  EXPECT_TRUE(diffs_.Full());
}

}  // namespace
}  // namespace belay
