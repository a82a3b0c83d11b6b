// What operators ask of nodes about a plan, over real TLS.
#include <gtest/gtest.h>

#include <future>

#include "tests/grpc/coordinator_fixture.h"

namespace belay {
namespace {

class CoordinatorDiffTest : public CoordinatorTest {
 protected:
  struct Outcome {
    grpc::Status status;
    v1::DiffPlanReply reply;
  };
  v1::DiffPlanRequest Request(const std::string& node = "") {
    v1::DiffPlanRequest request;
    request.set_cluster("prod");
    request.set_node(node);
    *request.mutable_plan() = world_.plan();
    request.set_wait_ms(1000);
    return request;
  }
  std::future<Outcome> Ask(const v1::DiffPlanRequest& request) {
    return std::async(std::launch::async, [this, request] {
      Outcome outcome;
      grpc::ClientContext context;
      outcome.status = world_.admin().DiffPlan(&context, request, &outcome.reply);
      return outcome;
    });
  }
  static v1::NodeDiff Diff(const std::string& text) {
    v1::NodeDiff diff;
    diff.add_steps()->add_files()->set_text(text);
    return diff;
  }
  static std::string TextOf(const v1::NodeDiffResult& node) {
    if (!node.missing().empty()) return node.node() + ": " + node.missing();
    return node.node() + ": " + node.diff().steps(0).files(0).text();
  }
};

TEST_F(CoordinatorDiffTest, EveryNodeAnswersForItself) {
  StartAll();
  auto asked = Ask(Request());
  const v1::DiffRequest first = cp1_.AwaitDiff();
  EXPECT_EQ(first.plan().plan(), world_.plan().plan());
  EXPECT_EQ(first.plan().signatures(0).signature(), world_.plan().signatures(0).signature());
  cp3_.Answer(cp3_.AwaitDiff(), Diff("three"));
  cp1_.Answer(first, Diff("one"));
  cp1_.Answer(first, Diff("one again"));
  cp2_.Answer(cp2_.AwaitDiff(), Diff("two"));
  const Outcome outcome = asked.get();
  ASSERT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  ASSERT_EQ(outcome.reply.nodes_size(), 3);
  EXPECT_EQ(TextOf(outcome.reply.nodes(0)), "cp1: one");
  EXPECT_EQ(TextOf(outcome.reply.nodes(1)), "cp2: two");
  EXPECT_EQ(TextOf(outcome.reply.nodes(2)), "cp3: three");
  // Nothing has begun anywhere.
  for (ScriptedAgent* agent : {&cp1_, &cp2_, &cp3_}) EXPECT_EQ(agent->ExecutesUntilNow(), 0);
}

TEST_F(CoordinatorDiffTest, WhoIsNotThereOrSaysNothingIsNamed) {
  world_.Start();
  cp1_.Connect();
  cp2_.Connect();
  auto asked = Ask(Request());
  cp1_.Answer(cp1_.AwaitDiff(), Diff("one"));
  cp1_.Sync();
  cp2_.AwaitDiff();
  world_.clock.PassMs(1001);
  const Outcome outcome = asked.get();
  ASSERT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  EXPECT_EQ(TextOf(outcome.reply.nodes(0)), "cp1: one");
  EXPECT_EQ(TextOf(outcome.reply.nodes(1)), "cp2: no answer in time (an older agent gives none)");
  EXPECT_EQ(TextOf(outcome.reply.nodes(2)), "cp3: not connected");
}

TEST_F(CoordinatorDiffTest, ANodeThatGoesAwayEndsTheWaitForIt) {
  StartAll();
  auto asked = Ask(Request("cp2"));
  cp2_.AwaitDiff();
  cp2_.HangUp();
  const Outcome outcome = asked.get();
  ASSERT_EQ(outcome.reply.nodes_size(), 1);
  EXPECT_EQ(TextOf(outcome.reply.nodes(0)), "cp2: disconnected before it answered");
}

TEST_F(CoordinatorDiffTest, OneNodeCannotAnswerForAnother) {
  StartAll();
  auto asked = Ask(Request("cp2"));
  const v1::DiffRequest question = cp2_.AwaitDiff();
  cp1_.Answer(question, Diff("forged"));
  cp1_.Sync();
  cp2_.Answer(question, Diff("own"));
  const Outcome outcome = asked.get();
  ASSERT_EQ(outcome.reply.nodes_size(), 1);
  EXPECT_EQ(TextOf(outcome.reply.nodes(0)), "cp2: own");
}

TEST_F(CoordinatorDiffTest, WhatCannotBeAskedIsRefusedAtOnce) {
  StartAll();
  v1::DiffPlanRequest other = Request();
  other.set_cluster("staging");
  EXPECT_EQ(Ask(other).get().status.error_code(), grpc::StatusCode::NOT_FOUND);
  other.clear_cluster();  // is not "all of them"
  EXPECT_EQ(Ask(other).get().status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Ask(Request("cp9")).get().status.error_code(), grpc::StatusCode::NOT_FOUND);
  v1::DiffPlanRequest garbage = Request();
  garbage.mutable_plan()->set_plan("\xff");
  EXPECT_EQ(Ask(garbage).get().status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(CoordinatorDiffTest, ANodeMayNotAskAboutOthers) {
  StartAll();
  const auto as_node = v1::Admin::NewStub(world_.Dial(world_.NodeFiles("cp1")));
  grpc::ClientContext context;
  v1::DiffPlanReply reply;
  EXPECT_EQ(as_node->DiffPlan(&context, Request(), &reply).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(CoordinatorDiffTest, AStoppingCoordinatorAnswersWhoWaits) {
  StartAll();
  auto asked = Ask(Request("cp2"));
  cp2_.AwaitDiff();
  world_.Stop();
  EXPECT_EQ(asked.get().status.error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace belay
