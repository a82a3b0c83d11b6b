#include "common/base/status_macros.h"
#include "common/trail/chain.h"
#include "server/store/store.h"

namespace belay::store {

absl::StatusOr<TrailEnd> Store::EndOfAuditTrail() {
  Statement statement =
      database_->Prepare("SELECT number, hash FROM audit_trail ORDER BY number DESC LIMIT 1");
  ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (!row) return TrailEnd{0, TrailBeginning()};
  return TrailEnd{statement.UnsignedAt(0), statement.TextAt(1)};
}

absl::Status Store::AppendAudit(std::vector<v1::AuditRecord> records) {
  if (records.empty()) return absl::OkStatus();
  // Another process may append as well: what comes last is looked at with the lock held.
  ASSIGN_OR_RETURN(Transaction transaction, Begin());
  ASSIGN_OR_RETURN(TrailEnd end, EndOfAuditTrail());
  for (v1::AuditRecord& record : records) {
    record.set_number(++end.number);
    const std::string bytes = record.SerializeAsString();
    end.hash = ChainHash(end.hash, bytes);
    RETURN_IF_ERROR(database_->Prepare("INSERT INTO audit_trail VALUES(?, ?, ?)")
                        .Unsigned(end.number)
                        .Blob(bytes)
                        .Blob(end.hash)
                        .Run());
  }
  return transaction.Commit();
}

absl::StatusOr<std::vector<v1::AuditEntry>> Store::AuditTrail(std::uint64_t after,
                                                              std::uint32_t limit) {
  std::vector<v1::AuditEntry> entries;
  Statement statement = database_->Prepare(
      "SELECT record, hash FROM audit_trail WHERE number > ? ORDER BY number LIMIT ?");
  statement.Unsigned(after).Integer(limit);
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return entries;
    v1::AuditEntry& entry = entries.emplace_back();
    entry.set_record(statement.TextAt(0));
    entry.set_hash(statement.TextAt(1));
  }
}

}  // namespace belay::store
