// Who is let in, who is let go, and who may change that.
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "server/driver/coordinator.h"

namespace belay {
namespace {

constexpr std::int64_t kJudgeNs = 1'000'000'000;

std::string Describe(const v1::OperatorRoles& person) {
  std::vector<std::string> names;
  for (const int role : person.roles()) names.push_back(RoleName(static_cast<v1::Role>(role)));
  return absl::StrCat("operator ", person.name(), " has now ",
                      names.empty() ? "no role" : absl::StrJoin(names, ", "), ": by ",
                      person.changed_by());
}

bool IsRefusal(const absl::Status& status) {
  return absl::IsPermissionDenied(status) || absl::IsUnauthenticated(status);
}

}  // namespace

absl::Status Coordinator::Judge(const Caller& caller, std::string_view method) {
  const absl::Status judged = access_.Judge(caller, method).status();
  if (!judged.ok() && !IsRefusal(judged)) Fatal(judged);
  return judged;
}

absl::Status Coordinator::Admit(const Caller& caller, std::string_view method,
                                const google::protobuf::Message& /*request*/) {
  return Judge(caller, method);
}

// A revoked role, a certificate that has ended: what is open with it ends as well, and says why.
void Coordinator::EndWhatIsNoLongerAllowed() {
  const absl::StatusOr<bool> changed = access_.MayHaveChanged();
  if (!changed.ok()) return Fatal(changed.status());
  if (!*changed && NowNs() - judged_ns_ < kJudgeNs) return;
  judged_ns_ = NowNs();
  std::vector<std::pair<NodeId, absl::Status>> nodes;
  for (const auto& [id, live] : live_) {
    const absl::Status judged = Judge(live.session->caller(), kAgentConnect);
    if (!judged.ok()) nodes.emplace_back(id, judged);
  }
  for (const auto& [id, why] : nodes) Drop(id, why);
  for (auto it = watchers_.begin(); it != watchers_.end();) {
    const absl::Status judged = Judge(it->second->caller(), kWatchRollout);
    if (!judged.ok()) it->second->End(judged);
    it = judged.ok() ? std::next(it) : watchers_.erase(it);
  }
}

absl::StatusOr<v1::OperatorRoles> Coordinator::GrantRole(const v1::ChangeRoleRequest& request,
                                                         const std::string& operator_name) {
  ASSIGN_OR_RETURN(v1::OperatorRoles person, access_.Grant(request, operator_name));
  log_(Describe(person));
  EndWhatIsNoLongerAllowed();
  return person;
}

absl::StatusOr<v1::OperatorRoles> Coordinator::RevokeRole(const v1::ChangeRoleRequest& request,
                                                          const std::string& operator_name) {
  ASSIGN_OR_RETURN(v1::OperatorRoles person, access_.Revoke(request, operator_name));
  log_(Describe(person));
  EndWhatIsNoLongerAllowed();
  return person;
}

}  // namespace belay
