// Who is let in, who is let go, and who may change that.
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/safe_text.h"
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
                                const google::protobuf::Message& request,
                                const absl::Status& otherwise) {
  absl::StatusOr<std::string> judged = access_.Judge(caller, method);
  if (!judged.ok() && !IsRefusal(judged.status())) {
    Fatal(judged.status());
    return fatal_;
  }
  if (judged.ok() && !otherwise.ok()) judged = otherwise;
  const absl::Status written = trail_.Admitted(caller, method, request, judged);
  Fatal(written);
  return written.ok() ? judged.status() : fatal_;
}

void Coordinator::Stranger(std::string_view method, const std::string& target,
                           const absl::Status& status) {
  if (!fatal_.ok()) return;
  Fatal(trail_.Stranger(method, target,
                        status.ok() ? absl::StatusOr<std::string>("the holder of a token")
                                    : absl::StatusOr<std::string>(status)));
}

// A revoked role, a certificate that has ended: what is open with it ends as well, and says why.
std::uint32_t Coordinator::EndWhatIsNoLongerAllowed() {
  const absl::StatusOr<bool> changed = access_.MayHaveChanged();
  Fatal(changed.status());
  if (!changed.ok() || (!*changed && NowNs() - judged_ns_ < kJudgeNs)) return 0;
  judged_ns_ = NowNs();
  Fatal(trail_.Flush(/*all=*/false));
  std::uint32_t ended = 0;
  std::vector<std::pair<NodeId, absl::Status>> nodes;
  for (const auto& [id, live] : live_) {
    const absl::Status judged = Judge(live.session->caller(), kAgentConnect);
    if (!judged.ok()) nodes.emplace_back(id, judged);
  }
  for (const auto& [id, why] : nodes) {
    Fatal(trail_.Ended(live_.at(id).session->caller(), kAgentConnect, why));
    Drop(id, why);
  }
  ended += static_cast<std::uint32_t>(nodes.size());
  for (auto it = watchers_.begin(); it != watchers_.end();) {
    const absl::Status judged = Judge(it->second->caller(), kWatchRollout);
    if (judged.ok()) {
      ++it;
      continue;
    }
    Fatal(trail_.Ended(it->second->caller(), kWatchRollout, judged));
    it->second->End(judged);
    it = watchers_.erase(it);
    ++ended;
  }
  return ended;
}

absl::StatusOr<NodeId> Coordinator::EnrolledNode(const Caller& caller) {
  const auto* node = std::get_if<NodeIdentity>(&caller.identity);
  if (node == nullptr) return absl::PermissionDeniedError("nodes only");
  NodeId id{node->cluster, node->node};
  if (registry_.Find(id) == nullptr) RETURN_IF_ERROR(LearnNodes());
  if (registry_.Find(id) != nullptr) return id;
  return absl::PermissionDeniedError(
      absl::StrCat(id.cluster, "/", id.node, " is not enrolled here; nothing was issued"));
}

void Coordinator::Renewed(const NodeId& node, const absl::Status& status) {
  log_(absl::StrCat(node.cluster, "/", node.node,
                    status.ok()
                        ? " has renewed its certificate"
                        : absl::StrCat(" cannot renew its certificate: ", status.message())));
}

absl::StatusOr<v1::Token> Coordinator::RevokeToken(const v1::RevokeTokenRequest& request,
                                                   const std::string& operator_name) {
  ASSIGN_OR_RETURN(v1::Token token, access_.RevokeToken(request.id(), operator_name));
  log_(absl::StrCat("token ", token.id(), " for ", token.cluster(), "/", token.node(),
                    " is revoked: by ", token.revoked_by()));
  EndWhatIsNoLongerAllowed();
  return token;
}

absl::StatusOr<v1::RevokeCertificateReply> Coordinator::RevokeCertificate(
    const v1::RevokeCertificateRequest& request, const std::string& operator_name) {
  ASSIGN_OR_RETURN(const v1::Revocation revoked, access_.RevokeCertificate(request, operator_name));
  v1::RevokeCertificateReply reply;
  *reply.mutable_revocation() = revoked;
  reply.set_closed(EndWhatIsNoLongerAllowed());
  log_(absl::StrCat(revoked.sha256().empty()
                        ? absl::StrCat("all certificates of ", revoked.identity())
                        : absl::StrCat("certificate ", revoked.sha256()),
                    " are revoked, which has ended ", reply.closed(), " streams: by ",
                    operator_name, " (", SafeLine(revoked.reason()), ")"));
  return reply;
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
