#include "node-agent/driver/agent.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/utf8.h"

namespace belay {
namespace {
constexpr std::int64_t kMillisecondNs = 1'000'000;
constexpr std::int64_t kLongestNapMs = 1000;
}  // namespace

Agent::Agent(AgentMail& mail, Executor& executor, Runner& runner, CoordinatorLink& link,
             const Clock& clock, AgentOptions options)
    : mail_(mail),
      executor_(executor),
      runner_(runner),
      clock_(clock),
      options_(std::move(options)),
      state_(executor.state()),
      conversation_(
          options_.conversation, executor.records(), link, [this] { return Status(); },
          options_.random) {
  watched_.health.reason = "not asked yet";
  watched_.boottime_ns = clock_.BootNowNs();
}

Agent::~Agent() { Stop(); }

void Agent::Start() {
  worker_ = std::thread([this] { Work(); });
  watcher_ = std::thread([this] { Watch(); });
  answerer_ = std::thread([this] { AnswerQuestions(); });
  loop_ = std::thread([this] { Loop(); });
}

void Agent::Stop() {
  if (!stopping_.exchange(true)) {
    options_.interrupt();
    commands_.Close();
    watcher_stop_.Close();
    questions_.Close();
  }
  // The loop last: what the worker still journals may reach the coordinator.
  if (worker_.joinable()) worker_.join();
  if (watcher_.joinable()) watcher_.join();
  if (answerer_.joinable()) answerer_.join();
  mail_.box.Close();
  if (loop_.joinable()) loop_.join();
}

void Agent::Work() {
  absl::Status status = executor_.Recover();
  if (status.ok()) CarriedOut();
  while (status.ok() && !stopping_) {
    std::optional<Command> command = commands_.TakeFor(std::chrono::milliseconds(kLongestNapMs));
    if (!command) continue;
    // Before as well: acknowledgements have come since, and a full journal begins nothing.
    status = CompactJournal();
    if (!status.ok()) break;
    if (const auto* execute = std::get_if<v1::Execute>(&*command))
      status = runner_.Execute(*execute);
    if (const auto* revert = std::get_if<v1::Revert>(&*command)) status = runner_.Revert(*revert);
    if (const auto* clear = std::get_if<v1::ClearEmergency>(&*command))
      status = runner_.ClearEmergency(*clear);
    if (status.ok()) status = CompactJournal();
    if (status.ok()) CarriedOut();  // else the program ends, and the next one recovers
  }
  if (status.ok() || (stopping_ && absl::IsCancelled(status))) return;
  options_.log(absl::StrCat("the transaction cannot go on: ", status.message(),
                            "; the agent ends and, started again, recovers from its journal"));
  options_.failed(status);
}

// The coordinator is free to send the next command, and nothing is in progress.  What belongs to
// the command before is acknowledged by then at the latest when the next one is done.
absl::Status Agent::CompactJournal() {
  const absl::StatusOr<bool> done = executor_.CompactJournal(acknowledged_, options_.compaction);
  if (absl::IsFailedPrecondition(done.status())) return done.status();
  if (!done.ok()) {  // it only grows; the next command tries again
    options_.log(std::string(done.status().message()));
    return absl::OkStatus();
  }
  if (!*done) return absl::OkStatus();
  first_kept_ = executor_.records().front().seq() + 1;
  options_.log(absl::StrCat("the journal was compacted: records before ", first_kept_.load(),
                            " are folded up"));
  return absl::OkStatus();
}

void Agent::Watch() {
  while (!stopping_) {
    AgentMail::Watched watched;
    watched.boottime_ns = clock_.BootNowNs();
    watched.health = options_.watch();
    // A full box loses one sample; its age is reported and the next comes soon.
    static_cast<void>(mail_.box.Put(std::move(watched)));
    static_cast<void>(watcher_stop_.TakeFor(std::chrono::milliseconds(options_.watch_interval_ms)));
  }
}

void Agent::AnswerQuestions() {
  while (!stopping_) {
    std::optional<v1::DiffRequest> question =
        questions_.TakeFor(std::chrono::milliseconds(kLongestNapMs));
    if (!question) continue;
    v1::DiffAnswer answer;
    answer.set_request_id(question->request_id());
    *answer.mutable_diff() = options_.diff(question->plan());
    static_cast<void>(mail_.box.Put(std::move(answer)));  // full: as if lost on the way
  }
}

void Agent::Loop() {
  while (!mail_.box.closed()) {
    const std::int64_t now_ns = clock_.BootNowNs();
    conversation_.Tick(now_ns);
    const std::int64_t nap_ms = std::clamp((conversation_.NextDueNs() - now_ns) / kMillisecondNs,
                                           std::int64_t{1}, kLongestNapMs);
    std::optional<AgentMail::Item> item = mail_.box.TakeFor(std::chrono::milliseconds(nap_ms));
    TakeRecords();
    if (item) Handle(*std::move(item));
    acknowledged_ = conversation_.acknowledged();
    conversation_.Forget(first_kept_);
    if (Occupied() != told_occupied_) {
      told_occupied_ = !told_occupied_;
      conversation_.StatusChanged(clock_.BootNowNs());  // other nodes wait for it
    }
    if (conversation_.last_end() != last_end_) {
      last_end_ = conversation_.last_end();
      options_.log(last_end_.empty() ? "connected to the coordinator"
                                     : absl::StrCat("no coordinator: ", last_end_));
    }
  }
  TakeRecords();
}

void Agent::TakeRecords() {
  const std::vector<v1::Record> records = mail_.records.TakeAll();
  for (const v1::Record& record : records) {
    if (record.seq() <= state_.last_seq) continue;  // journalled before Start, and known since then
    absl::StatusOr<NodeState> next = Advance(std::move(state_), record);
    if (!next.ok()) {  // the worker's journal has accepted it: only a bug gets here
      options_.log(absl::StrCat("a record does not follow: ", next.status().message()));
      options_.failed(next.status());
      return;
    }
    state_ = *std::move(next);
    conversation_.Add(record, clock_.BootNowNs());
  }
  if (!records.empty()) conversation_.StatusChanged(clock_.BootNowNs());
}

void Agent::Handle(AgentMail::Item item) {
  const std::int64_t now_ns = clock_.BootNowNs();
  if (std::holds_alternative<AgentMail::Renewed>(item)) conversation_.Redial(now_ns);
  if (auto* waiting = std::get_if<AgentMail::Waiting>(&item))
    conversation_.Show(std::move(waiting->progress), now_ns);
  if (auto* watched = std::get_if<AgentMail::Watched>(&item)) {
    const bool turned = watched->health.ready != watched_.health.ready ||
                        watched->health.holds != watched_.health.holds;
    watched_ = std::move(*watched);
    if (turned) conversation_.StatusChanged(now_ns);
  }
  if (auto* answer = std::get_if<v1::DiffAnswer>(&item)) {
    conversation_.Answer(std::move(*answer), now_ns);
  }
  auto* event = std::get_if<LinkEvent>(&item);
  if (event == nullptr) return;
  const std::optional<v1::CoordinatorMessage> message =
      conversation_.Take(std::move(*event), now_ns);
  if (!message) return;
  if (message->has_diff_request()) {
    if (!questions_.Put(message->diff_request())) options_.log("too many questions about plans");
    return;
  }
  ++unfinished_;
  const bool taken = message->has_execute()  ? commands_.Put(message->execute())
                     : message->has_revert() ? commands_.Put(message->revert())
                                             : commands_.Put(message->clear_emergency());
  if (taken) return;
  --unfinished_;
  // As if it had been lost on the way: the coordinator sends commands again.
  options_.log("too many commands are waiting already; one was dropped");
}

bool Agent::Occupied() const {
  return unfinished_ > 0 || state_.phase != Phase::Idle || state_.due_outcome.has_value();
}

void Agent::CarriedOut() {
  --unfinished_;
  static_cast<void>(mail_.box.Put(AgentMail::Wake()));  // full: the loop is awake anyway
}

v1::NodeStatus Agent::Status() const {
  v1::NodeStatus status;
  const std::int64_t now_ns = clock_.BootNowNs();
  status.set_ready(watched_.health.ready);
  status.set_not_ready_reason(ValidUtf8(watched_.health.reason));
  status.set_emergency(state_.emergency);
  status.set_activity(Occupied() ? v1::NodeStatus::ACTIVITY_OCCUPIED
                                 : v1::NodeStatus::ACTIVITY_FREE);
  if (state_.current) status.set_busy_with(state_.current->key.rollout_id());
  status.set_boot_id(clock_.BootId());
  status.set_boottime_ns(now_ns);
  status.set_etcd(watched_.health.etcd);
  status.set_readiness_age_seconds(static_cast<double>(now_ns - watched_.boottime_ns) / 1e9);
  for (const std::string& hold : watched_.health.holds) status.add_holds(ValidUtf8(hold));
  status.set_holds_virtual_address(watched_.health.holds_virtual_address);
  status.set_wall_unix_ms(clock_.WallNowUnixMs());
  return status;
}

}  // namespace belay
