// The agent as threads: a loop that talks to the coordinator, a worker that carries out commands
// one after the other and may block for minutes, a watcher that asks the local API server how it
// is, and an answerer that reads what a plan would change.  They share nothing but mailboxes; the
// journal belongs to the worker.
#pragma once
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "belay/v1/agent_link.pb.h"
#include "common/loop/mailbox.h"
#include "common/os/clock.h"
#include "node-agent/driver/record_feed.h"
#include "node-agent/driver/runner.h"
#include "node-agent/link/conversation.h"
#include "node-agent/link/coordinator_link.h"
#include "node-agent/transaction/executor.h"

namespace belay {

struct NodeHealth {
  bool ready = false;
  std::string reason;  // why not
  v1::NodeStatus::Leadership etcd = v1::NodeStatus::LEADERSHIP_UNKNOWN;
  std::vector<std::string> holds = {};  // why no rollout may begin, though it is ready
  bool holds_virtual_address = false;
};

// What other parts hand to the loop; made before them, because they are told to put into it.
struct AgentMail {
  struct Wake {};  // there are records in the feed
  struct Waiting {
    v1::Progress progress;
  };
  struct Watched {
    NodeHealth health;
    std::int64_t boottime_ns = 0;
  };
  struct Renewed {};  // there is another certificate to connect with
  using Item = std::variant<Wake, Renewed, Waiting, Watched, v1::DiffAnswer, LinkEvent>;

  // A durable record, from the thread that journalled it.
  void Journalled(const v1::Record& record) {
    records.Put(record);
    static_cast<void>(box.Put(Wake()));  // full: the loop is awake anyway and looks at the feed
  }

  Mailbox<Item> box{1024};
  RecordFeed records;
};

struct AgentOptions {
  ConversationOptions conversation;
  int watch_interval_ms = 2000;
  std::function<NodeHealth()> watch;  // may block; called from the watcher only
  // Answers a question about a plan; may block; called from one thread of its own only.
  std::function<v1::NodeDiff(const v1::SignedPlan&)> diff;
  std::function<void()> interrupt;           // makes a gate in progress return Interrupted
  std::function<void(absl::Status)> failed;  // the worker cannot go on: end the program
  std::function<double()> random;            // from 0 to 1
  CompactionLimits compaction;               // of the journal, after each command
  std::function<void(const std::string&)> log;
};

class Agent {
 public:
  // All outlive this.  `executor`'s on_record and on_progress put into `mail`, `link`'s events too.
  Agent(AgentMail& mail, Executor& executor, Runner& runner, CoordinatorLink& link,
        const Clock& clock, AgentOptions options);
  ~Agent();  // Stop

  // Once.  Recovery begins at once, with or without a coordinator.
  void Start();
  // Any number of times.  A gate in progress is interrupted and decides nothing; returns when all
  // threads have ended.
  void Stop();

 private:
  using Command = std::variant<v1::Execute, v1::Revert, v1::ClearEmergency>;

  void Loop();
  void Work();
  void Watch();
  void AnswerQuestions();
  void Handle(AgentMail::Item item);
  void TakeRecords();
  v1::NodeStatus Status() const;
  // From the moment a command is taken from the link until its end is journalled, and while the
  // journal is being recovered.  Counted by the loop before the worker can see the command, so a
  // status that says free was made before anything could begin.
  bool Occupied() const;
  absl::Status CompactJournal();  // by the worker; not ok: the program must end
  void CarriedOut();              // by the worker, after each command and after recovery

  AgentMail& mail_;
  Executor& executor_;  // the worker's, after Start
  Runner& runner_;
  const Clock& clock_;
  const AgentOptions options_;
  Mailbox<Command> commands_{16};
  Mailbox<int> watcher_stop_{1};
  Mailbox<v1::DiffRequest> questions_{4};
  std::atomic<bool> stopping_{false};
  std::atomic<int> unfinished_{1};  // commands not yet carried out; the first one is recovery
  // From the loop to the worker, and back.
  std::atomic<std::uint64_t> acknowledged_{0};
  std::atomic<std::uint64_t> first_kept_{0};
  // The loop's:
  NodeState state_;
  AgentMail::Watched watched_;
  bool told_occupied_ = true;
  Conversation conversation_;
  std::string last_end_;
  std::thread loop_, worker_, watcher_, answerer_;
};

}  // namespace belay
