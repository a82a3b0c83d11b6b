#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "server/store/store.h"

namespace belay::store {

absl::Status Store::AppendLockEvent(const v1::LockEvent& event) {
  return database_->Prepare("INSERT INTO lock_events(cluster, event) VALUES(?, ?)")
      .Text(event.cluster())
      .Blob(event.SerializeAsString())
      .Run();
}

absl::StatusOr<std::vector<v1::LockEvent>> Store::LockEvents(const std::string& cluster) {
  std::vector<v1::LockEvent> events;
  Statement statement = database_->Prepare(
      "SELECT number, event FROM lock_events WHERE ?1 = '' OR cluster = ?1 ORDER BY number");
  statement.Text(cluster);
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return events;
    v1::LockEvent event;
    // A lock that is not read would hold nothing: better not to start.
    if (!event.ParseFromString(statement.TextAt(1))) {
      return absl::DataLossError(absl::StrCat(
          "coordinator database: event ", statement.IntegerAt(0), " of the locks cannot be read"));
    }
    events.push_back(std::move(event));
  }
}

}  // namespace belay::store
