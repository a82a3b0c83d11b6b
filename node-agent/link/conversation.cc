#include "node-agent/link/conversation.h"

#include <algorithm>
#include <utility>

namespace belay {
namespace {
constexpr std::int64_t kMillisecondNs = 1'000'000;
constexpr std::int64_t kLeastHeartbeatMs = 100;
constexpr std::int64_t kMostHeartbeatMs = 60'000;
constexpr std::int64_t kDefaultHeartbeatMs = 5'000;
}  // namespace

Conversation::Conversation(ConversationOptions options, std::vector<v1::Record> records,
                           CoordinatorLink& link, std::function<v1::NodeStatus()> status,
                           std::function<double()> random)
    : options_(std::move(options)),
      outbox_(std::move(records), options_.window),
      link_(link),
      status_(std::move(status)),
      backoff_(options_.least_pause_ns, options_.most_pause_ns, std::move(random)) {}

void Conversation::Tick(std::int64_t now_ns) {
  if (now_ns < due_ns_) return;
  switch (state_) {
    case State::Waiting:
      return Dial(now_ns);
    case State::Greeting:
      link_.HangUp();
      return Ended("the coordinator did not answer Hello in time", now_ns);
    case State::Connected:
      return Heartbeat(now_ns);
  }
}

void Conversation::Dial(std::int64_t now_ns) {
  v1::AgentMessage message;
  v1::Hello& hello = *message.mutable_hello();
  hello.set_cluster(options_.cluster);
  hello.set_node(options_.node);
  hello.set_agent_version(options_.agent_version);
  hello.set_journal_id(options_.journal_id);
  hello.set_last_seq(outbox_.last_seq());
  hello.set_first_seq(outbox_.first_seq());
  *hello.mutable_status() = status_();
  state_ = State::Greeting;
  due_ns_ = now_ns + options_.welcome_deadline_ns;
  link_.Dial(++attempt_, message);
}

std::optional<v1::CoordinatorMessage> Conversation::Take(LinkEvent event, std::int64_t now_ns) {
  if (event.attempt != attempt_ || state_ == State::Waiting)
    return std::nullopt;  // late, of an attempt given up
  if (!event.message) {
    Ended(std::string(event.end.message()), now_ns);
    return std::nullopt;
  }
  switch (event.message->kind_case()) {
    case v1::CoordinatorMessage::kWelcome:
      if (state_ == State::Greeting) Welcomed(event.message->welcome(), now_ns);
      return std::nullopt;
    case v1::CoordinatorMessage::kRecordAck:
      if (state_ != State::Connected) return std::nullopt;
      outbox_.Acknowledge(event.message->record_ack().seq());
      SendRecords(now_ns);
      return std::nullopt;
    case v1::CoordinatorMessage::kExecute:
    case v1::CoordinatorMessage::kRevert:
    case v1::CoordinatorMessage::kClearEmergency:
    case v1::CoordinatorMessage::kDiffRequest:
      if (state_ != State::Connected) return std::nullopt;  // commands come after Welcome only
      return std::move(event.message);
    case v1::CoordinatorMessage::kPing:
      if (state_ == State::Connected) Heartbeat(now_ns);
      return std::nullopt;
    case v1::CoordinatorMessage::KIND_NOT_SET:
      return std::nullopt;
  }
  return std::nullopt;
}

void Conversation::Welcomed(const v1::Welcome& welcome, std::int64_t now_ns) {
  const std::int64_t wanted_ms =
      welcome.heartbeat_interval_ms() == 0 ? kDefaultHeartbeatMs : welcome.heartbeat_interval_ms();
  heartbeat_ns_ = std::clamp(wanted_ms, kLeastHeartbeatMs, kMostHeartbeatMs) * kMillisecondNs;
  state_ = State::Connected;
  welcomed_ns_ = now_ns;
  due_ns_ = now_ns + heartbeat_ns_;
  last_end_.clear();
  outbox_.Restart(welcome.acknowledged_seq());
  SendRecords(now_ns);
}

void Conversation::Ended(const std::string& why, std::int64_t now_ns) {
  // Only a stream that lasted earns a quick return: one that is closed right after Welcome (two
  // agents with one identity, say) must not make the coordinator greet twice a second.
  if (state_ == State::Connected && now_ns - welcomed_ns_ > options_.most_pause_ns)
    backoff_.Reset();
  state_ = State::Waiting;
  due_ns_ = now_ns + backoff_.Next();
  last_end_ = why;
}

bool Conversation::Send(v1::AgentMessage message, std::int64_t now_ns) {
  if (link_.Send(std::move(message))) return true;
  link_.HangUp();
  Ended("the stream broke, or the coordinator was too slow to take what was sent", now_ns);
  return false;
}

void Conversation::SendRecords(std::int64_t now_ns) {
  while (state_ == State::Connected) {
    const v1::Record* const record = outbox_.Next();
    if (record == nullptr) return;
    v1::AgentMessage message;
    *message.mutable_record() = *record;
    if (!Send(std::move(message), now_ns)) return;
  }
}

void Conversation::Heartbeat(std::int64_t now_ns) {
  v1::AgentMessage message;
  *message.mutable_heartbeat()->mutable_status() = status_();
  due_ns_ = now_ns + heartbeat_ns_;
  Send(std::move(message), now_ns);
}

void Conversation::Add(v1::Record record, std::int64_t now_ns) {
  outbox_.Add(std::move(record));
  SendRecords(now_ns);
}

void Conversation::Show(v1::Progress progress, std::int64_t now_ns) {
  if (state_ != State::Connected) return;
  v1::AgentMessage message;
  *message.mutable_progress() = std::move(progress);
  Send(std::move(message), now_ns);
}

void Conversation::Answer(v1::DiffAnswer answer, std::int64_t now_ns) {
  if (state_ != State::Connected) return;
  v1::AgentMessage message;
  *message.mutable_diff_answer() = std::move(answer);
  Send(std::move(message), now_ns);
}

void Conversation::Redial(std::int64_t now_ns) {
  if (state_ == State::Waiting) return;
  link_.HangUp();
  Ended("its certificate was renewed, and it connects again with the new one", now_ns);
}

void Conversation::StatusChanged(std::int64_t now_ns) {
  if (state_ == State::Connected) Heartbeat(now_ns);
}

}  // namespace belay
