// What the agent says to its coordinator and when: hello, records above the acknowledgement,
// heartbeats; and after a break all of it again, with a growing pause.  Decides nothing about
// plans: commands are handed to the caller.  No I/O and no clock of its own; one thread.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "belay/v1/agent_link.pb.h"
#include "node-agent/link/backoff.h"
#include "node-agent/link/coordinator_link.h"
#include "node-agent/link/outbox.h"

namespace belay {

struct ConversationOptions {
  std::string cluster;
  std::string node;
  std::string agent_version;
  std::string journal_id;
  std::size_t window = 64;  // records ahead of the acknowledgement
  std::int64_t least_pause_ns = 500'000'000;
  std::int64_t most_pause_ns = 10'000'000'000;
  std::int64_t welcome_deadline_ns = 15'000'000'000;  // from dialling to the answer to Hello
};

class Conversation {
 public:
  // `link` and what the functions refer to outlive this.  `status` is asked for each heartbeat.
  Conversation(ConversationOptions options, std::vector<v1::Record> records, CoordinatorLink& link,
               std::function<v1::NodeStatus()> status, std::function<double()> random);

  // Does what is due now.  Call when NextDueNs has come; earlier does no harm.
  void Tick(std::int64_t now_ns);
  std::int64_t NextDueNs() const { return due_ns_; }

  // An Execute, ClearEmergency or DiffRequest to be carried out; nothing for all else.
  std::optional<v1::CoordinatorMessage> Take(LinkEvent event, std::int64_t now_ns);

  // A record that has just become durable.
  void Add(v1::Record record, std::int64_t now_ns);
  // Lost when nobody listens.
  void Show(v1::Progress progress, std::int64_t now_ns);
  // Lost when nobody listens: the coordinator asks again.
  void Answer(v1::DiffAnswer answer, std::int64_t now_ns);
  // A heartbeat now, because the status has changed.
  void StatusChanged(std::int64_t now_ns);

  // Connects anew, because what it proves itself with is another; when waiting to, nothing.
  void Redial(std::int64_t now_ns);

  // The journal has no records before `seq` any more.
  void Forget(std::uint64_t seq) { outbox_.Forget(seq); }
  // What the coordinator has said that it holds; the last word of the last stream.
  std::uint64_t acknowledged() const { return outbox_.acknowledged(); }

  bool connected() const { return state_ == State::Connected; }
  const std::string& last_end() const {
    return last_end_;
  }  // why the last attempt ended, for people

 private:
  enum class State { Waiting, Greeting, Connected };

  void Dial(std::int64_t now_ns);
  void Welcomed(const v1::Welcome& welcome, std::int64_t now_ns);
  void Ended(const std::string& why, std::int64_t now_ns);
  bool Send(v1::AgentMessage message, std::int64_t now_ns);
  void SendRecords(std::int64_t now_ns);
  void Heartbeat(std::int64_t now_ns);

  const ConversationOptions options_;
  Outbox outbox_;
  CoordinatorLink& link_;
  const std::function<v1::NodeStatus()> status_;
  Backoff backoff_;
  State state_ = State::Waiting;
  std::uint64_t attempt_ = 0;
  std::int64_t due_ns_ = 0;  // next dial, deadline of the welcome, or next heartbeat
  std::int64_t welcomed_ns_ = 0;
  std::int64_t heartbeat_ns_ = 0;
  std::string last_end_;
};

}  // namespace belay
