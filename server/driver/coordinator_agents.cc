// The coordinator's side of the agents' streams.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "server/driver/coordinator.h"

namespace belay {
namespace {

constexpr std::int64_t kMillisecondNs = 1'000'000;
constexpr int kSilentHeartbeats = 6;  // then the stream is closed; readiness is lost at three

std::string NameOf(const NodeId& id) { return absl::StrCat(id.cluster, "/", id.node); }

}  // namespace

Coordinator::Live* Coordinator::FindLive(const std::shared_ptr<AgentSession>& session) {
  const auto it = live_.find(session->node());
  return it == live_.end() || it->second.session != session ? nullptr : &it->second;
}

void Coordinator::Drop(const NodeId& node, const absl::Status& status) {
  const auto it = live_.find(node);
  if (it == live_.end()) return;
  const std::shared_ptr<AgentSession> session = it->second.session;
  live_.erase(it);
  changed_.insert(node.cluster);
  if (const registry::Node* known = registry_.Find(node); known != nullptr) {
    // Best effort, for `node list` after a restart; nothing is decided by it.
    const absl::Status saved =
        store_.SawNode({node, known->agent_version, known->status, known->last_seen_unix_ms});
    if (!saved.ok()) Fatal(saved);
  }
  registry_.Disconnected(node, session->number());
  diffs_.Gone(node);
  session->Close(status);
  log_(absl::StrCat(NameOf(node), " disconnected: ", status.ToString()));
}

void Coordinator::Tell(const NodeId& node, v1::CoordinatorMessage message) {
  const auto it = live_.find(node);
  if (it == live_.end() || it->second.session->Send(std::move(message))) return;
  Drop(node, absl::ResourceExhaustedError("the agent is gone or does not read; connect again"));
}

void Coordinator::Closed(const std::shared_ptr<AgentSession>& session) {
  if (FindLive(session) != nullptr) {
    Drop(session->node(), absl::CancelledError("the stream has ended"));
  }
}

void Coordinator::CloseAll(const absl::Status& status) {
  draining_ = true;
  if (fatal_.ok()) Fatal(trail_.Flush(/*all=*/true));
  diffs_.EndAll(status);  // before the streams go: nobody has failed to answer
  while (!live_.empty()) Drop(NodeId(live_.begin()->first), status);
  for (auto& [id, watcher] : watchers_) watcher->End(status);
  watchers_.clear();
}

void Coordinator::Received(const std::shared_ptr<AgentSession>& session, v1::AgentMessage message) {
  if (!fatal_.ok()) return;
  if (draining_) {
    return session->Close(absl::UnavailableError("the coordinator is stopping; connect again"));
  }
  changed_.insert(session->node().cluster);
  if (message.has_hello()) return TakeHello(session, message.hello());
  Live* live = FindLive(session);
  if (live == nullptr) {
    // Superseded (and closed already), or it has not said Hello.
    return session->Close(absl::FailedPreconditionError("say Hello first, once"));
  }
  live->heard_ns = NowNs();
  switch (message.kind_case()) {
    case v1::AgentMessage::kRecord:
      return TakeRecord(session, message.record());
    case v1::AgentMessage::kHeartbeat:
      return TakeHeartbeat(session, message.heartbeat().status());
    case v1::AgentMessage::kProgress:
      return TakeProgress(session->node(), message.progress());
    case v1::AgentMessage::kDiffAnswer:
      return diffs_.Take(session->node(), std::move(*message.mutable_diff_answer()));
    case v1::AgentMessage::kHello:
    case v1::AgentMessage::KIND_NOT_SET:
      return;
  }
}

absl::Status Coordinator::CheckName(const NodeId& id, const v1::Hello& hello) {
  if (hello.cluster() != id.cluster || hello.node() != id.node) {
    return absl::PermissionDeniedError(absl::StrCat(
        "the certificate is of ", NameOf(id), ", but the agent says it is ", hello.cluster(), "/",
        hello.node(), "; correct cluster and node in its agent.yaml or enrol it anew"));
  }
  if (registry_.Find(id) == nullptr) RETURN_IF_ERROR(LearnNodes());
  if (registry_.Find(id) != nullptr) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrCat(NameOf(id),
                   " is not enrolled here; make a token: belayctl token create "
                   "--cluster ",
                   id.cluster, " --node ", id.node));
}

absl::Status Coordinator::CheckHello(const AgentSession& session, const v1::Hello& hello) {
  const NodeId& id = session.node();
  RETURN_IF_ERROR(Admit(session.caller(), kAgentConnect, hello, CheckName(id, hello)));
  if (hello.journal_id().empty()) {
    return absl::InvalidArgumentError("Hello without the id of the node's journal");
  }
  if (hello.last_seq() > store::kMostRecords) {
    return absl::InvalidArgumentError("Hello with more records than a journal can have");
  }
  if (hello.first_seq() > hello.last_seq() + 1) {
    return absl::InvalidArgumentError("Hello with a journal that ends before it begins");
  }
  const auto it = live_.find(id);
  if (it != live_.end() && it->second.session->number() >= session.number()) {
    return absl::AbortedError("a newer stream of this node is open, or Hello was said twice");
  }
  ASSIGN_OR_RETURN(const std::uint64_t held, store_.AcknowledgedSeq(id, hello.journal_id()));
  if (hello.last_seq() < held) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the journal of ", NameOf(id), " ends at record ", hello.last_seq(), ", but record ", held,
        " of it is held here: the node was put back to an older state. See what is on the node, "
        "then move its journal away and start the agent again"));
  }
  return absl::OkStatus();
}

void Coordinator::TakeHello(const std::shared_ptr<AgentSession>& session, const v1::Hello& hello) {
  if (absl::Status status = CheckHello(*session, hello); !status.ok()) {
    log_(absl::StrCat("stream of ", NameOf(session->node()), " refused: ", status.ToString()));
    return session->Close(status);
  }
  const NodeId& id = session->node();
  const auto held = store_.AcknowledgedSeq(id, hello.journal_id());
  if (!held.ok()) return Fatal(held.status());
  Drop(id, absl::AbortedError("superseded by a newer stream of the same node"));
  // A coordinator that was restored from a backup, or is a new one, cannot get back what the node
  // has folded up since an earlier one acknowledged it.
  const std::uint64_t first_kept = std::max<std::uint64_t>(hello.first_seq(), 1);
  const std::uint64_t acknowledged = std::max(*held, first_kept - 1);
  if (acknowledged > *held) {
    log_(absl::StrCat("records ", *held + 1, " to ", acknowledged, " of ", NameOf(id), ", journal ",
                      hello.journal_id(),
                      ", are held neither here nor there: the node has folded them up after a "
                      "coordinator had acknowledged them, or before it was enrolled. They move no "
                      "rollout any more; look for them in that coordinator's backups"));
  }
  const std::uint64_t unread = hello.last_seq() > acknowledged ? hello.last_seq() : 0;
  live_[id] = {session, hello.journal_id(), unread, NowNs(), NowNs(), "", 0, first_kept};
  registry_.Connected(id, session->number(), hello.agent_version());
  registry_.Heard(id, session->number(), hello.status(), NowNs(), clock_.WallNowUnixMs());
  if (absl::Status saved =
          store_.SawNode({id, hello.agent_version(), hello.status(), clock_.WallNowUnixMs()});
      !saved.ok()) {
    return Fatal(saved);
  }
  log_(absl::StrCat(NameOf(id), " connected, agent ", hello.agent_version()));
  v1::CoordinatorMessage message;
  message.mutable_welcome()->set_acknowledged_seq(acknowledged);
  message.mutable_welcome()->set_epoch(epoch_);
  message.mutable_welcome()->set_heartbeat_interval_ms(
      static_cast<std::uint32_t>(times_.heartbeat_interval_ms));
  Tell(id, std::move(message));
}

void Coordinator::TakeHeartbeat(const std::shared_ptr<AgentSession>& session,
                                const v1::NodeStatus& status) {
  const NodeId& id = session->node();
  registry_.Heard(id, session->number(), status, NowNs(), clock_.WallNowUnixMs());
  if (registry_.IsLate(*registry_.Find(id))) {
    return Drop(id, absl::UnavailableError("heartbeats come too late; connect again"));
  }
  // A node whose journal was made anew knows of no emergency and can journal no end of one.  Its
  // own word, together with an operator's request that it has been sent, ends it here.
  const auto clear = clears_.find(id);
  if (clear == clears_.end() || status.emergency() ||
      FindLive(session)->clear_sent != clear->second.id) {
    return;
  }
  const auto write = [&]() -> absl::Status {
    ASSIGN_OR_RETURN(store::Transaction transaction, store_.Begin());
    RETURN_IF_ERROR(store_.EndEmergency(id));
    RETURN_IF_ERROR(store_.FinishClearRequests(id, clock_.WallNowUnixMs()));
    return transaction.Commit();
  };
  if (absl::Status written = write(); !written.ok()) return Fatal(written);
  clears_.erase(clear);
  registry_.EndEmergency(id);
}

void Coordinator::TakeProgress(const NodeId& node, const v1::Progress& progress) {
  const auto entry = book_.RunningIn(node.cluster);
  if (entry == nullptr || entry->row.id != progress.run().rollout_id()) return;
  for (const rollout::NodeProgress& of : entry->state.nodes) {
    if (of.name != node.node || !rollout::IsInFlight(of.phase)) continue;
    progress_[entry->row.id] = progress;
    v1::RolloutUpdate update;
    *update.mutable_progress() = progress;
    update.set_node(node.node);
    const auto [begin, end] = watchers_.equal_range(entry->row.id);
    for (auto it = begin; it != end; ++it) {
      if (!it->second->Send(update)) continue;  // live views only; snapshots find slow watchers
    }
  }
}

void Coordinator::ClearDue() {
  const std::int64_t now = NowNs();
  std::vector<NodeId> nodes;
  for (const auto& [id, clear] : clears_) nodes.push_back(id);
  for (const NodeId& id : nodes) {
    const auto it = live_.find(id);
    if (it == live_.end() || draining_) continue;
    Live& live = it->second;
    // What it has journalled while it was away may be the end of the emergency that was meant, and
    // the beginning of another.
    if (live.unread != 0) continue;
    const store::ClearRequestRow& clear = clears_.at(id);
    if (live.clear_sent == clear.id && now - live.clear_sent_ns < times_.permit_ms * kMillisecondNs)
      continue;
    live.clear_sent = clear.id;
    live.clear_sent_ns = now;
    v1::CoordinatorMessage message;
    message.mutable_clear_emergency()->set_reason(clear.reason);
    message.mutable_clear_emergency()->set_operator_(clear.operator_name);
    message.mutable_clear_emergency()->set_request_id(clear.id);
    Tell(id, std::move(message));
  }
}

// A living transport proves nothing about the agent's loop: its heartbeats do.
void Coordinator::PingDue() {
  const std::int64_t now = NowNs();
  const std::int64_t heartbeat = times_.heartbeat_interval_ms * kMillisecondNs;
  std::vector<NodeId> quiet;
  std::vector<NodeId> silent;
  for (auto& [id, live] : live_) {
    if (now - live.heard_ns > kSilentHeartbeats * heartbeat) {
      silent.push_back(id);
    } else if (now - live.heard_ns > 2 * heartbeat && now - live.pinged_ns > heartbeat) {
      live.pinged_ns = now;
      quiet.push_back(id);
    }
  }
  for (const NodeId& id : quiet) {
    v1::CoordinatorMessage message;
    message.mutable_ping()->set_number(1);
    Tell(id, std::move(message));
  }
  for (const NodeId& id : silent) {
    Drop(id, absl::DeadlineExceededError("no heartbeat from the agent; connect again"));
  }
}

}  // namespace belay
