// The coordinator's one owner of everything: sessions, nodes, running rollouts, timers.  Each input
// is worked out by the pure parts, written to the store in one transaction, and only then takes
// effect: state is replaced, records are acknowledged, nodes are told to begin.
//
// Loop thread only; no lock and no gRPC inside.  A store that can no longer be written is fatal:
// the caller asks fatal() after each input and ends the program, and the next start replays what is
// held.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
#include "belay/v1/admin.pb.h"
#include "common/os/clock.h"
#include "common/select/labels.h"
#include "server/driver/access.h"
#include "server/driver/fleet_book.h"
#include "server/driver/options.h"
#include "server/driver/plan_diffs.h"
#include "server/driver/ports.h"
#include "server/driver/rollout_book.h"
#include "server/driver/trail.h"
#include "server/fleet/duty.h"
#include "server/locks/locks.h"
#include "server/registry/order.h"
#include "server/registry/registry.h"
#include "server/store/store.h"

namespace belay {

enum class RolloutVerb { Pause, Resume, Abort, Approve, Retry };

class Coordinator {
 public:
  using Log = std::function<void(const std::string&)>;
  using NewId = std::function<std::string()>;  // random, unique

  // All references outlive this.
  Coordinator(store::Store& store, const Clock& clock, CoordinatorTimes times, NewId new_id,
              Log log);

  // First.  Counts the epoch up, replays what runs, and asks after the nodes in flight.
  absl::Status Start();
  // After every input, and at least ten times a heartbeat: timers, readiness, what is due to nodes.
  // Looks at the clusters that something has happened in, and at everything when there is time for
  // it or it is long ago.
  void Settle(bool idle);
  const absl::Status& fatal() const { return fatal_; }

  // Agents.  A session is unknown until its Hello was taken.
  void Received(const std::shared_ptr<AgentSession>& session, v1::AgentMessage message);
  void Closed(const std::shared_ptr<AgentSession>& session);
  void CloseAll(const absl::Status& status);  // sessions and watchers; later ones are refused

  // Before anything is done for a caller: whether he may, and in the audit trail.  `otherwise`: why
  // he is refused although his identity may call this.
  // PERMISSION_DENIED, UNAUTHENTICATED, `otherwise`.
  absl::Status Admit(const Caller& caller, std::string_view method,
                     const google::protobuf::Message& request,
                     const absl::Status& otherwise = absl::OkStatus());

  // The node whose certificate this is.  PERMISSION_DENIED when it is not enrolled here.
  absl::StatusOr<NodeId> EnrolledNode(const Caller& caller);
  void Renewed(const NodeId& node, const absl::Status& status);  // for the log

  // Operators.
  absl::StatusOr<v1::ListNodesReply> ListNodes(const v1::ListNodesRequest& request);
  absl::StatusOr<v1::ClearEmergencyReply> ClearEmergency(const v1::ClearEmergencyRequest& request,
                                                         const std::string& operator_name);
  absl::StatusOr<v1::StartRolloutReply> StartRollout(const v1::StartRolloutRequest& request,
                                                     const std::string& operator_name);
  absl::StatusOr<v1::ListRolloutsReply> ListRollouts(const v1::ListRolloutsRequest& request);
  absl::StatusOr<v1::Rollout> GetRollout(const std::string& id);
  absl::StatusOr<v1::RolloutReport> GetReport(const std::string& id);
  absl::StatusOr<v1::Rollout> ChangeRollout(RolloutVerb verb,
                                            const v1::ChangeRolloutRequest& request,
                                            const std::string& operator_name);
  absl::StatusOr<v1::StartRolloutReply> RevertRollout(const v1::RevertRolloutRequest& request,
                                                      const std::string& operator_name);
  absl::StatusOr<v1::Fleet> StartFleet(const v1::StartFleetRequest& request,
                                       const std::string& operator_name);
  absl::StatusOr<v1::Fleet> GetFleet(const std::string& id);
  absl::StatusOr<v1::ListFleetsReply> ListFleets();
  absl::StatusOr<v1::Fleet> ChangeFleet(const v1::ChangeFleetRequest& request,
                                        const std::string& operator_name);
  absl::StatusOr<v1::ListLocksReply> ListLocks(const v1::ListLocksRequest& request);
  absl::StatusOr<v1::Lock> TakeLock(const v1::TakeLockRequest& request,
                                    const std::string& operator_name);
  absl::StatusOr<v1::ReleaseLockReply> ReleaseLock(const v1::ReleaseLockRequest& request,
                                                   const std::string& operator_name);
  absl::StatusOr<v1::BreakLockReply> BreakLock(const v1::BreakLockRequest& request,
                                               const std::string& operator_name);
  absl::StatusOr<v1::ListClustersReply> ListClusters(const v1::ListClustersRequest& request);
  absl::StatusOr<v1::Node> LabelNode(const v1::LabelNodeRequest& request,
                                     const std::string& operator_name);
  absl::StatusOr<v1::Cluster> LabelCluster(const v1::LabelClusterRequest& request,
                                           const std::string& operator_name);
  absl::StatusOr<v1::ListTokensReply> ListTokens(const v1::ListTokensRequest& request) {
    return access_.ListTokens(request.all());
  }
  absl::StatusOr<v1::Token> RevokeToken(const v1::RevokeTokenRequest& request,
                                        const std::string& operator_name);
  absl::StatusOr<v1::ListCertificatesReply> ListCertificates(
      const v1::ListCertificatesRequest& request) {
    return access_.ListCertificates(request.all());
  }
  absl::StatusOr<v1::RevokeCertificateReply> RevokeCertificate(
      const v1::RevokeCertificateRequest& request, const std::string& operator_name);
  // A call of somebody without a certificate that could be read, or with a token instead.
  void Stranger(std::string_view method, const std::string& target, const absl::Status& status);
  absl::StatusOr<v1::ListAuditTrailReply> ListAuditTrail(const v1::ListAuditTrailRequest& request) {
    return trail_.List(request);
  }
  absl::StatusOr<v1::ListRolesReply> ListRoles() { return access_.ListRoles(); }
  absl::StatusOr<v1::OperatorRoles> GrantRole(const v1::ChangeRoleRequest& request,
                                              const std::string& operator_name);
  absl::StatusOr<v1::OperatorRoles> RevokeRole(const v1::ChangeRoleRequest& request,
                                               const std::string& operator_name);
  void Watch(const std::string& id, std::shared_ptr<RolloutWatcher> watcher);
  // `answer` is called exactly once, now or when the nodes have answered or the time is over.
  void DiffPlan(const v1::DiffPlanRequest& request, PlanDiffs::Answer answer);

 private:
  struct Live {
    std::shared_ptr<AgentSession> session;
    std::string journal_id;
    std::uint64_t unread = 0;  // last record of its journal at Hello, while that was not taken
    std::int64_t heard_ns = 0;
    std::int64_t pinged_ns = 0;
    std::string clear_sent;  // id of the request
    std::int64_t clear_sent_ns = 0;
    std::uint64_t first_kept = 1;  // older records the node has no more
  };
  struct PhaseRange {  // of the plan; both 0: it has none
    std::uint32_t first = 0;
    std::uint32_t last = 0;
  };
  struct Sent {  // the last Execute of a rollout
    std::string node;
    std::uint64_t session = 0;
    std::string boot_id;
    std::int64_t until_boottime_ns = 0;
  };
  using FleetTimerKey = std::pair<std::string, fleet::Timer>;
  using TimerKey = std::tuple<std::string, std::string, rollout::Timer>;  // rollout, node

  std::int64_t NowNs() const { return clock_.BootNowNs(); }
  absl::Status LearnNodes();
  absl::Status HoldWhatWasRestored();
  Live* FindLive(const std::shared_ptr<AgentSession>& session);
  void Drop(const NodeId& node, const absl::Status& status);
  void Tell(const NodeId& node, v1::CoordinatorMessage message);

  void TakeHello(const std::shared_ptr<AgentSession>& session, const v1::Hello& hello);
  absl::Status CheckHello(const AgentSession& session, const v1::Hello& hello);
  absl::Status CheckName(const NodeId& id, const v1::Hello& hello);  // PERMISSION_DENIED
  void TakeRecord(const std::shared_ptr<AgentSession>& session, const v1::Record& record);
  void TakeHeartbeat(const std::shared_ptr<AgentSession>& session, const v1::NodeStatus& status);
  void TakeProgress(const NodeId& node, const v1::Progress& progress);
  absl::Status WriteRecord(const NodeId& node, const Live& live, const v1::Record& record,
                           const std::optional<Turn>& turn, store::Added* added);
  absl::StatusOr<std::optional<Turn>> TurnOf(const NodeId& node, const v1::Record& record);

  void Feed(const std::shared_ptr<RolloutEntry>& entry, const v1::RolloutEvent& event);
  void TakeEffect(const Turn& turn);
  void Frozen(const RolloutEntry& entry);
  void FireTimers();
  void FeedReadiness(const std::shared_ptr<RolloutEntry>& entry);
  std::string HoldOf(const RolloutEntry& entry) const;  // why it may not begin a node; or empty
  std::string ClosedWindow(const v1::RolloutOptions& options, std::int64_t now_ms) const;
  void DispatchDue(const std::shared_ptr<RolloutEntry>& entry);
  void ClearDue();
  void PingDue();
  std::uint32_t EndWhatIsNoLongerAllowed();  // how many streams it were
  // What is wrong with an answer of `access_` itself ends the coordinator.
  absl::Status Judge(const Caller& caller, std::string_view method);
  std::int64_t WaitMs(const RolloutEntry& entry, rollout::Timer timer) const;
  void Forget(const std::string& rollout_id);  // its timers and what was sent
  void EndWatch(const std::string& rollout_id, const v1::Rollout& last);
  absl::Status WhyNoRetry(const RolloutEntry& entry);
  static absl::Status CheckOptions(const v1::RolloutOptions& options);
  static absl::StatusOr<v1::RemediationPlan> CheckPlan(const v1::SignedPlan& signed_plan,
                                                       std::int64_t now_unix);
  static PhaseRange PhasesOf(const v1::RemediationPlan& plan);  // all of them, forwards
  // `fleet`: whose own rollout it is to be, or empty.
  absl::Status WhyNotFree(const std::string& cluster, const std::string& fleet) const;
  // By an operator's lock that is not `who`'s.
  absl::Status WhyLocked(const std::string& cluster, const std::string& who) const;
  absl::Status WhyOwnersLock(const FleetEntry& entry, const std::string& who) const;
  // Of those that have begun a phase behind `kept`; sets the last such phase.
  absl::StatusOr<std::vector<std::string>> NodesToRevert(const RolloutEntry& entry,
                                                         std::uint32_t kept, std::uint32_t* last);
  // What an earlier revert of the rollout (`asked`: the one of the same request, or empty) means
  // for this one: an answer, or nothing.  `last` gets the last phase that it has left in place.
  absl::StatusOr<std::optional<v1::StartRolloutReply>> AfterEarlierRevert(const RolloutEntry& entry,
                                                                          const std::string& asked,
                                                                          std::uint32_t kept,
                                                                          std::uint32_t* last);
  absl::StatusOr<v1::StartRolloutReply> Begin(store::RolloutRow row, bool leader_last,
                                              PhaseRange phases);
  absl::Status WhyEmergency(const std::vector<registry::Node>& nodes) const;
  v1::StartRolloutReply Preview(const store::RolloutRow& row, bool leader_last) const;
  absl::Status FeedLock(const v1::LockEvent& event);
  absl::Status CheckLockRequest(const std::string& what, const std::string& cluster,
                                const std::string& reason);
  std::vector<v1::Lock> LocksOf(const std::string& cluster) const;
  v1::Cluster ClusterOf(const std::string& name, const Labels& labels) const;
  std::set<std::string> KnownClusters() const;
  // The strategy with its selectors resolved into names.
  absl::StatusOr<v1::FleetStrategy> Resolved(v1::FleetStrategy strategy,
                                             const std::set<std::string>& known);
  absl::StatusOr<v1::Rollout> GiveUp(const RolloutEntry& entry, RolloutVerb verb,
                                     const v1::OperatorWord& word);
  v1::Rollout SnapshotOf(const RolloutEntry& entry) const;

  absl::Status StartFleets();
  void FeedFleet(const std::shared_ptr<FleetEntry>& entry, const v1::FleetEvent& event);
  void FireFleetTimers();
  // Everything that is owed to the clusters of fleet rollouts, until nothing is.
  void DoDuties();
  absl::StatusOr<bool> DoOneDuty(const std::shared_ptr<FleetEntry>& entry);
  void DoDuty(const std::shared_ptr<FleetEntry>& entry, const fleet::ClusterProgress& cluster,
              const std::shared_ptr<RolloutEntry>& rollout, fleet::Duty duty);
  absl::StatusOr<std::shared_ptr<RolloutEntry>> ChildOf(const std::string& fleet_id,
                                                        const std::string& cluster);
  absl::Status StartInCluster(const FleetEntry& entry, const fleet::ClusterProgress& cluster);
  absl::StatusOr<v1::FleetStarted> FleetOf(const v1::StartFleetRequest& request,
                                           const std::string& operator_name);
  absl::Status CheckReach(const v1::RemediationPlan& plan, const v1::FleetStarted& definition);
  absl::StatusOr<v1::Fleet> SnapshotOf(const FleetEntry& entry);
  void Foresee(const std::string& name, const std::string& node_selector,
               v1::FleetCluster& cluster);
  v1::Node NodeMessage(const registry::Node& known, const Labels& labels) const;
  // Of all nodes, those with such labels, or as wanted.
  absl::StatusOr<registry::Order> OrderIn(const std::string& cluster,
                                          const std::string& node_selector,
                                          const std::vector<std::string>& wanted);
  void Fatal(const absl::Status& status);

  store::Store& store_;
  const Clock& clock_;
  const CoordinatorTimes times_;
  const NewId new_id_;
  const Log log_;
  absl::Status fatal_;
  bool draining_ = false;
  std::int64_t settled_ns_ = 0;      // when Settle was last called
  std::int64_t looked_ns_ = 0;       // when it last looked at everything
  std::int64_t awake_since_ns_ = 0;  // no longer pause since then
  std::set<std::string> changed_;    // clusters to look at
  std::uint64_t epoch_ = 0;
  Access access_;
  Trail trail_;
  std::int64_t judged_ns_ = 0;  // when expiry was looked at last
  registry::Registry registry_;
  RolloutBook book_;
  FleetBook fleets_;
  std::map<FleetTimerKey, std::int64_t> fleet_timers_;  // due at, BootNowNs
  std::map<std::pair<std::string, std::string>, std::string>
      children_;  // rollout, by fleet, cluster
  bool doing_duties_ = false;
  std::map<NodeId, Live> live_;
  std::map<TimerKey, std::int64_t> timers_;  // due at, BootNowNs
  std::map<std::string, Sent> sent_;         // by rollout
  std::map<NodeId, store::ClearRequestRow> clears_;
  locks::Table locks_;
  std::map<std::string, v1::Progress> progress_;  // of the node in flight, by rollout
  std::multimap<std::string, std::shared_ptr<RolloutWatcher>> watchers_;
  PlanDiffs diffs_;
};

}  // namespace belay
