#include "server/driver/trail.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "common/base/digest.h"
#include "common/base/safe_text.h"
#include "common/base/status_macros.h"
#include "server/driver/authorize.h"

namespace belay {
namespace {

constexpr std::size_t kMostReason = 300;
constexpr std::size_t kMostValue = 80;
constexpr std::uint32_t kMostEntries = 1000;

// Names of fields that say what a call is about.
constexpr std::array kNaming = {"cluster", "node", "rollout_id", "fleet_id",
                                "name",    "id",   "lock_id",    "operator",
                                "sha256",  "verb", "role",       "to_phase"};

std::string DigestOf(const google::protobuf::Message& request) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream out(&bytes);
    google::protobuf::io::CodedOutputStream coded(&out);
    coded.SetSerializationDeterministic(true);
    request.SerializeToCodedStream(&coded);
  }
  return Sha256Hex(bytes);
}

std::string ValueOf(const google::protobuf::Message& request,
                    const google::protobuf::FieldDescriptor& field) {
  const google::protobuf::Reflection& reflection = *request.GetReflection();
  if (field.is_repeated()) return "";
  if (field.type() == google::protobuf::FieldDescriptor::TYPE_STRING) {
    return reflection.GetString(request, &field);
  }
  if (field.type() == google::protobuf::FieldDescriptor::TYPE_ENUM) {
    return absl::StrCat(reflection.GetEnumValue(request, &field));
  }
  return "";
}

}  // namespace

std::string TargetOf(const google::protobuf::Message& request) {
  std::string target;
  for (const char* name : kNaming) {
    const auto* field = request.GetDescriptor()->FindFieldByName(name);
    const std::string value = field == nullptr ? "" : ValueOf(request, *field);
    if (value.empty()) continue;
    absl::StrAppend(&target, target.empty() ? "" : " ", name, "=",
                    SafeLine(CutTo(SafeLine(value), kMostValue)));
  }
  return target;
}

v1::AuditRecord Trail::Record(const Caller* caller, std::string_view method,
                              const absl::StatusOr<std::string>& judged) const {
  v1::AuditRecord record;
  record.set_wall_unix_ms(clock_.WallNowUnixMs());
  if (caller != nullptr) {
    record.set_identity(IdentityUri(caller->identity));
    record.set_certificate_sha256(caller->certificate_sha256);
  }
  record.set_method(std::string(method));
  record.set_decision(judged.ok() ? v1::AuditRecord::ALLOWED : v1::AuditRecord::DENIED);
  const std::string reason =
      judged.ok() ? absl::StrCat("as ", *judged) : std::string(judged.status().message());
  record.set_reason(CutTo(SafeLine(reason), kMostReason));
  return record;
}

absl::Status Trail::Admitted(const Caller& caller, std::string_view method,
                             const google::protobuf::Message& request,
                             const absl::StatusOr<std::string>& judged) {
  v1::AuditRecord record = Record(&caller, method, judged);
  record.set_target(TargetOf(request));
  // An agent's stream is opened again and again by itself.
  const bool reads = OnlyReads(method) || method == kAgentConnect;
  audit::Kind kind = reads ? audit::Kind::Reads : audit::Kind::Each;
  if (!judged.ok() || method == kRenew) kind = audit::Kind::Few;
  if (!summary_.Take(record, kind, record.wall_unix_ms())) return absl::OkStatus();
  record.set_request_sha256(DigestOf(request));
  return store_.AppendAudit({std::move(record)});
}

absl::Status Trail::Stranger(std::string_view method, const std::string& target,
                             const absl::StatusOr<std::string>& judged) {
  v1::AuditRecord record = Record(nullptr, method, judged);
  record.set_target(CutTo(SafeLine(target), kMostValue));
  if (!summary_.Take(record, audit::Kind::Few, record.wall_unix_ms())) return absl::OkStatus();
  return store_.AppendAudit({std::move(record)});
}

absl::Status Trail::Ended(const Caller& caller, std::string_view method, const absl::Status& why) {
  v1::AuditRecord record = Record(&caller, method, why);
  record.set_target("what was open is closed");
  return store_.AppendAudit({std::move(record)});
}

absl::Status Trail::Flush(bool all) {
  return store_.AppendAudit(summary_.Due(clock_.WallNowUnixMs(), all));
}

absl::StatusOr<v1::ListAuditTrailReply> Trail::List(const v1::ListAuditTrailRequest& request) {
  ASSIGN_OR_RETURN(const store::TrailEnd end, store_.EndOfAuditTrail());
  const std::uint32_t limit =
      request.limit() == 0 ? kMostEntries : std::min(request.limit(), kMostEntries);
  std::uint64_t after = std::min(request.after(), end.number);
  if (request.last() > 0) after = end.number - std::min<std::uint64_t>(request.last(), end.number);
  v1::ListAuditTrailReply reply;
  ASSIGN_OR_RETURN(const auto entries, store_.AuditTrail(after, limit));
  for (const v1::AuditEntry& entry : entries) *reply.add_entries() = entry;
  reply.set_newest(end.number);
  reply.set_head(end.hash);
  return reply;
}

}  // namespace belay
