// A transaction with a scripted gate, for the unit tests of the executor.
#pragma once
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/transaction_world.h"

namespace belay {

// Answers what the test has put in, first come first served; Passed when nothing is left.
class QueuedGate : public Gatekeeper {
 public:
  GateResult Run(const GateRequest& request,
                 const std::function<void(const std::string&)>& progress) override {
    requests.push_back(request);
    progress("waiting");
    if (during) during();
    GateResult result;
    result.kind = kinds.empty() ? GateResult::Kind::Passed : kinds.front();
    if (!kinds.empty()) kinds.pop_front();
    result.reason = "never healthy";
    result.path = kWorldManifest;
    result.report = talk;
    return result;
  }
  std::deque<GateResult::Kind> kinds;
  std::function<void()> during;
  v1::StepReport talk;  // of every answer
  std::vector<GateRequest> requests;
};

class Transaction : public testing::Test {
 protected:
  Transaction() { Start(); }
  // A new life of the agent.
  void Start() {
    executor_.reset();
    auto opened = world_.Open(gate_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    executor_ = *std::move(opened);
  }
  void Accept() { ASSERT_TRUE(executor_->AcceptRun(world_.Key(), 1, world_.Plan()).ok()); }
  absl::StatusOr<v1::Verdict> Run() {
    Accept();
    return executor_->RunStep(0, world_.PlanStep());
  }
  std::string Manifest() { return world_.disk.Read(kWorldManifest)->bytes; }
  const v1::Record& Last() { return executor_->records().back(); }
  bool Has(v1::Record::KindCase kind) { return Count(kind) > 0; }
  int Count(v1::Record::KindCase kind) {
    int count = 0;
    for (const auto& record : executor_->records()) count += record.kind_case() == kind ? 1 : 0;
    return count;
  }
  void TearDown() override { EXPECT_EQ(world_.violation, ""); }

  TransactionWorld world_;
  QueuedGate gate_;
  std::unique_ptr<Executor> executor_;
};

}  // namespace belay
