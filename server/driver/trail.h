// The coordinator's audit trail: every call, by whom, what of, and whether it was let in and why.
// Durable before the call does anything.  docs/audit-trail.md says which calls are counted
// together.
//
// Loop thread only.  An error is the store's: then nobody is let in any more.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/crypto/caller.h"
#include "common/os/clock.h"
#include "server/audit/summary.h"
#include "server/store/store.h"

namespace belay {

class Trail {
 public:
  Trail(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}  // outlive this

  // `judged`: as what it is allowed, or why it is not.
  absl::Status Admitted(const Caller& caller, std::string_view method,
                        const google::protobuf::Message& request,
                        const absl::StatusOr<std::string>& judged);
  // A call by nobody who could be proved, or with a token instead.
  absl::Status Stranger(std::string_view method, const std::string& target,
                        const absl::StatusOr<std::string>& judged);
  // What was open and had to end.
  absl::Status Ended(const Caller& caller, std::string_view method, const absl::Status& why);
  // Writes what has been counted and is due; with `all`, everything.
  absl::Status Flush(bool all);

  absl::StatusOr<v1::ListAuditTrailReply> List(const v1::ListAuditTrailRequest& request);

 private:
  v1::AuditRecord Record(const Caller* caller, std::string_view method,
                         const absl::StatusOr<std::string>& judged) const;

  store::Store& store_;
  const Clock& clock_;
  audit::Summary summary_;
};

// What a request names, for people: "cluster=prod node=cp1".  Only names and verbs, never content.
std::string TargetOf(const google::protobuf::Message& request);

}  // namespace belay
