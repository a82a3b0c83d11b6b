// The agent's threads together, against a link that a test speaks through.
#include "node-agent/driver/agent.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/os/pause.h"
#include "common/os/system_clock.h"
#include "common/plan/sign.h"
#include "node-agent/transaction/file_image.h"
#include "tests/support/sim_disk.h"

namespace belay {
namespace {

constexpr const char* kFile = "/etc/kubernetes/manifests/kube-apiserver.yaml";

// Answers Hello at once and acknowledges each record; keeps what was said.
class TalkingLink : public CoordinatorLink {
 public:
  explicit TalkingLink(AgentMail& mail) : mail_(mail) {}
  void Dial(std::uint64_t attempt, const v1::AgentMessage& hello) override {
    attempt_ = attempt;
    if (!reachable) {
      static_cast<void>(
          mail_.box.Put(LinkEvent{attempt, std::nullopt, absl::UnavailableError("down")}));
      return;
    }
    said.Put(hello) ? void() : std::abort();
    v1::CoordinatorMessage welcome;
    welcome.mutable_welcome()->set_heartbeat_interval_ms(100);
    Say(welcome);
  }
  bool Send(v1::AgentMessage message) override {
    if (message.has_record()) {
      v1::CoordinatorMessage ack;
      ack.mutable_record_ack()->set_seq(message.record().seq());
      Say(ack);
    }
    return said.Put(std::move(message));
  }
  void HangUp() override {}
  void Say(const v1::CoordinatorMessage& message) {
    static_cast<void>(mail_.box.Put(LinkEvent{attempt_, message, absl::OkStatus()}));
  }
  bool reachable = true;
  Mailbox<v1::AgentMessage> said{100000};

 private:
  AgentMail& mail_;
  std::atomic<std::uint64_t> attempt_{0};
};

// Passes when told to; a stop interrupts it.
struct WaitingGate : Gatekeeper {
  GateResult Run(const GateRequest&,
                 const std::function<void(const std::string&)>& progress) override {
    progress("waiting for the test");
    entered.Stop();
    GateResult result;
    result.kind = GateResult::Kind::Passed;
    while (!pass.stopped()) {
      if (stop.For(1'000'000) && !pass.stopped()) {
        result.kind = GateResult::Kind::Interrupted;
        return result;
      }
    }
    return result;
  }
  Stopper stop, pass, entered;
};

class AgentTest : public testing::Test {
 protected:
  AgentTest() : clock(*SystemClock::Open()), key(*Ed25519PrivateKey::Generate()) {
    for (const char* path : {"/etc", "/etc/kubernetes", "/etc/kubernetes/manifests", "/state"})
      disk.PutDirectory(path);
    disk.PutFile(kFile, "old", {});
    plan.set_name("p");
    plan.set_not_before_unix(clock->WallNowUnixMs() / 1000 - 10);
    plan.set_not_after_unix(clock->WallNowUnixMs() / 1000 + 3600);
    v1::Step& step = *plan.add_steps();
    step.set_name("step-1");
    v1::SetFlag& edit = *step.add_edits()->mutable_set_flag();
    edit.set_manifest("kube-apiserver");
    edit.set_flag("profiling");
    edit.set_value("false");
    v1::Gate& times = *step.mutable_gate();
    times.set_deadline_ms(60000);
    times.set_stable_ms(25000);
    times.set_interval_ms(200);
    times.set_rollback_deadline_ms(180000);
    times.add_probes("apiserver-readyz");
  }
  // One life of the program.
  void Start(bool reachable) {
    agent.reset();
    mail = std::make_unique<AgentMail>();
    gate = std::make_unique<WaitingGate>();
    link = std::make_unique<TalkingLink>(*mail);
    link->reachable = reachable;
    absl::StatusOr<std::unique_ptr<Executor>> opened =
        Executor::Open({.host = disk,
                        .state = disk,
                        .clock = *clock,
                        .gatekeeper = *gate,
                        .state_dir = "/state",
                        .new_journal_id = "j",
                        .manual_path_prefix = "",
                        .on_record = [this](const v1::Record& record) { mail->Journalled(record); },
                        .on_progress = nullptr});
    ASSERT_TRUE(opened.ok()) << opened.status();
    executor = *std::move(opened);
    RunnerOptions with;
    with.trust.keys = {{key.Public()}};
    with.policy = {"/etc/kubernetes/manifests", {}, {}, {}};
    with.prepare = [this](const v1::Step& step) { return Prepare(step); };
    with.check_ready = [] { return absl::OkStatus(); };
    with.stopping = [this] { return gate->stop.stopped(); };
    with.log = [](const std::string&) {};
    runner = std::make_unique<Runner>(*executor, *clock, std::move(with));
    AgentOptions options;
    options.watch_interval_ms = 10;
    options.watch = [] { return NodeHealth{true, "", v1::NodeStatus::FOLLOWER}; };
    options.diff = [](const v1::SignedPlan& asked) {
      v1::NodeDiff diff;
      diff.set_refused(asked.plan());
      return diff;
    };
    options.interrupt = [this] { gate->stop.Stop(); };
    options.failed = [this](const absl::Status&) { failed.Stop(); };
    options.random = [] { return 0.0; };
    options.log = [this](const std::string& line) {
      if (line.find("was compacted") != std::string::npos) compacted.Stop();
    };
    options.compaction = compaction;
    agent = std::make_unique<Agent>(*mail, *executor, *runner, *link, *clock, std::move(options));
    agent->Start();
  }
  absl::StatusOr<StepPlan> Prepare(const v1::Step& step) {
    StepPlan out;
    *out.prepared.mutable_gate() = step.gate();
    out.prepared.add_components()->set_component("kube-apiserver");
    v1::FileChange& change = *out.prepared.add_changes();
    change.set_path(kFile);
    change.set_is_manifest(true);
    *change.mutable_before() = ImageOf("old", {});
    *change.mutable_after() = ImageOf("new", {});
    out.after_bytes[kFile] = "new";
    return out;
  }
  v1::CoordinatorMessage Command() {
    v1::CoordinatorMessage message;
    v1::Execute& command = *message.mutable_execute();
    *command.mutable_plan() = SignPlan(plan, key);
    command.mutable_run()->set_rollout_id("r1");
    command.mutable_run()->set_plan_digest(PlanDigest(command.plan()));
    command.set_epoch(1);
    command.set_boot_id(clock->BootId());
    command.set_permit_until_boottime_ns(clock->BootNowNs() + 15'000'000'000);
    return message;
  }
  // The first thing said that is as wanted; fails after ten seconds.
  v1::AgentMessage Hear(const std::function<bool(const v1::AgentMessage&)>& wanted) {
    const std::int64_t end = clock->BootNowNs() + 10'000'000'000;
    while (clock->BootNowNs() < end) {
      std::optional<v1::AgentMessage> message = link->said.TakeFor(std::chrono::milliseconds(100));
      if (message && wanted(*message)) return *message;
    }
    ADD_FAILURE() << "not said within ten seconds";
    return {};
  }
  bool Waited(Stopper& what) {
    for (int i = 0; i < 1000 && !what.stopped(); ++i) what.For(10'000'000);
    return what.stopped();
  }

  SimDisk disk;
  std::unique_ptr<SystemClock> clock;
  Ed25519PrivateKey key;
  v1::RemediationPlan plan;
  Stopper failed, compacted;
  CompactionLimits compaction;
  std::unique_ptr<AgentMail> mail;
  std::unique_ptr<WaitingGate> gate;
  std::unique_ptr<TalkingLink> link;
  std::unique_ptr<Executor> executor;
  std::unique_ptr<Runner> runner;
  std::unique_ptr<Agent> agent;
};

TEST_F(AgentTest, ACommandIsCarriedOutAndItsRecordsReported) {
  Start(true);
  Hear([](const v1::AgentMessage& m) {
    return m.has_heartbeat() && m.heartbeat().status().ready();
  });
  link->Say(Command());
  ASSERT_TRUE(Waited(gate->entered));
  // The loop goes on talking while the worker is in the gate.
  Hear([](const v1::AgentMessage& m) {
    return m.has_heartbeat() && m.heartbeat().status().busy_with() == "r1" &&
           m.heartbeat().status().activity() == v1::NodeStatus::ACTIVITY_OCCUPIED;
  });
  gate->pass.Stop();
  const v1::AgentMessage last =
      Hear([](const v1::AgentMessage& m) { return m.record().has_run_finished(); });
  EXPECT_EQ(last.record().run_finished().verdict(), v1::VERDICT_COMMITTED);
  // At once, not with the next heartbeat: the other nodes wait for it.
  Hear([](const v1::AgentMessage& m) {
    return m.has_heartbeat() && m.heartbeat().status().activity() == v1::NodeStatus::ACTIVITY_FREE;
  });
  agent->Stop();
  EXPECT_EQ(disk.Read(kFile)->bytes, "new");
  EXPECT_FALSE(failed.stopped());
}

TEST_F(AgentTest, AQuestionAboutAPlanIsAnsweredWhileARunIsInItsGate) {
  Start(true);
  Hear([](const v1::AgentMessage& m) { return m.has_heartbeat(); });
  link->Say(Command());
  ASSERT_TRUE(Waited(gate->entered));
  v1::CoordinatorMessage question;
  question.mutable_diff_request()->set_request_id("q1");
  question.mutable_diff_request()->mutable_plan()->set_plan("seen");
  link->Say(question);
  const v1::AgentMessage said = Hear([](const v1::AgentMessage& m) { return m.has_diff_answer(); });
  EXPECT_EQ(said.diff_answer().request_id(), "q1");
  EXPECT_EQ(said.diff_answer().diff().refused(), "seen");
  agent->Stop();
  EXPECT_EQ(executor->state().phase, Phase::Applied);  // the question has changed nothing
}

TEST_F(AgentTest, AStopInTheGateDecidesNothingAndTheNextStartReachesAVerdictAlone) {
  Start(true);
  Hear([](const v1::AgentMessage& m) { return m.has_heartbeat(); });
  link->Say(Command());
  ASSERT_TRUE(Waited(gate->entered));
  agent->Stop();
  EXPECT_EQ(executor->state().phase, Phase::Applied);
  EXPECT_FALSE(failed.stopped());
  Start(false);  // no coordinator in reach
  ASSERT_TRUE(Waited(gate->entered));
  gate->pass.Stop();
  agent->Stop();
  EXPECT_EQ(executor->records().back().kind_case(), v1::Record::kCommitted);
  Start(true);  // what was journalled meanwhile is said now
  Hear([](const v1::AgentMessage& m) { return m.record().has_committed(); });
  EXPECT_EQ(disk.Read(kFile)->bytes, "new");
}

TEST_F(AgentTest, ANodeIsOccupiedFromTakingACommandUntilRecoveryOfALaterLifeHasEnded) {
  Start(true);
  const auto activity = [](v1::NodeStatus::Activity wanted) {
    return [wanted](const v1::AgentMessage& m) {
      return (m.has_heartbeat() && m.heartbeat().status().activity() == wanted) ||
             (m.has_hello() && m.hello().status().activity() == wanted);
    };
  };
  // A heartbeat and not only Hello: commands are taken after Welcome.
  Hear([](const v1::AgentMessage& m) {
    return m.has_heartbeat() && m.heartbeat().status().activity() == v1::NodeStatus::ACTIVITY_FREE;
  });
  link->Say(Command());
  Hear(activity(v1::NodeStatus::ACTIVITY_OCCUPIED));
  ASSERT_TRUE(Waited(gate->entered));
  agent->Stop();
  Start(true);
  ASSERT_TRUE(Waited(gate->entered));
  const auto said = Hear([](const v1::AgentMessage& m) { return m.has_hello(); });
  EXPECT_EQ(said.hello().status().activity(), v1::NodeStatus::ACTIVITY_OCCUPIED);
  gate->pass.Stop();
  const auto between = Hear([](const v1::AgentMessage& m) {
    return m.has_heartbeat() && m.heartbeat().status().activity() == v1::NodeStatus::ACTIVITY_FREE;
  });
  EXPECT_EQ(between.heartbeat().status().busy_with(), "r1")
      << "the run is not finished, but nothing of it is carried on";
}

TEST_F(AgentTest, TheJournalIsFoldedUpOnceTheCoordinatorHoldsIt) {
  compaction = {0, 1U << 20, 2, 1U << 20, 1U << 20};
  Start(true);
  Hear([](const v1::AgentMessage& m) { return m.has_heartbeat(); });
  gate->pass.Stop();
  link->Say(Command());
  Hear([](const v1::AgentMessage& m) { return m.record().has_run_finished(); });
  link->Say(Command());  // answered from the journal; what was sent is acknowledged by now
  ASSERT_TRUE(Waited(compacted));
  agent->Stop();
  const std::uint64_t last = executor->state().last_seq;
  ASSERT_EQ(executor->records().size(), 1U);
  EXPECT_TRUE(executor->records().front().has_checkpoint());
  Start(true);
  const auto said = Hear([](const v1::AgentMessage& m) { return m.has_hello(); });
  EXPECT_EQ(said.hello().last_seq(), last);
  EXPECT_EQ(said.hello().first_seq(), last + 1);
  Hear([](const v1::AgentMessage& m) { return m.has_heartbeat(); });
  v1::CoordinatorMessage other = Command();
  other.mutable_execute()->mutable_run()->set_rollout_id("r2");
  other.mutable_execute()->mutable_run()->set_plan_digest("another-plan");
  link->Say(other);
  const auto refused = Hear([](const v1::AgentMessage& m) { return m.record().has_run_refused(); });
  EXPECT_EQ(refused.record().seq(), last + 1);
  agent->Stop();
  EXPECT_EQ(executor->state().finished_runs.size(), 2U);
}

TEST_F(AgentTest, AJournalThatCannotBeWrittenEndsTheProgram) {
  Start(true);
  Hear([](const v1::AgentMessage& m) { return m.has_heartbeat(); });
  disk.FailAt(1, absl::ResourceExhaustedError("disk full"));  // behind the reserving of space
  link->Say(Command());
  EXPECT_TRUE(Waited(failed));
}

}  // namespace
}  // namespace belay
