#include "cli/render/locks.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/render/table.h"
#include "cli/render/words.h"
#include "common/base/safe_text.h"
#include "common/base/time_text.h"

namespace belay {
namespace {

std::string HolderOf(const v1::Lock& lock) {
  switch (lock.kind()) {
    case v1::LOCK_KIND_OPERATOR:
      return lock.owner();
    case v1::LOCK_KIND_ROLLOUT:
      return absl::StrCat("rollout ", lock.id(), " of ", lock.owner());
    case v1::LOCK_KIND_FLEET:
      return absl::StrCat("fleet ", lock.id(), " of ", lock.owner());
    default:
      return absl::StrCat("unknown (", static_cast<int>(lock.kind()), ") ", lock.id());
  }
}

std::string UntilOf(const v1::Lock& lock) {
  return lock.expires_unix_ms() == 0 ? "it ends" : FormatUnixSeconds(lock.expires_unix_ms() / 1000);
}

}  // namespace

std::string LockLine(const v1::Lock& lock) {
  return absl::StrCat("locked by ", SafeLine(HolderOf(lock)), " until ", UntilOf(lock), " (",
                      SafeLine(lock.reason()), ")");
}

std::string RenderLocks(const v1::ListLocksReply& locks, std::int64_t now_unix_ms, bool wide) {
  if (locks.locks().empty()) return "no cluster is locked\n";
  std::vector<std::string> header = {"CLUSTER", "HELD BY", "UNTIL", "AGE", "REASON"};
  if (wide) header.emplace_back("ID");
  std::vector<std::vector<std::string>> rows;
  for (const v1::Lock& lock : locks.locks()) {
    rows.push_back({lock.cluster(), HolderOf(lock), UntilOf(lock),
                    Age(std::max<std::int64_t>(0, now_unix_ms - lock.since_unix_ms())),
                    lock.reason()});
    if (wide) rows.back().push_back(lock.id());
  }
  return RenderTable(header, rows);
}

std::string RenderLockHistory(const v1::ListLocksReply& locks) {
  if (locks.events().empty()) return "no cluster was ever locked by an operator\n";
  std::vector<std::vector<std::string>> rows;
  for (const v1::LockEvent& event : locks.events()) {
    std::vector<std::string> row = {FormatUnixSeconds(event.wall_unix_ms() / 1000),
                                    event.cluster()};
    switch (event.kind_case()) {
      case v1::LockEvent::kTaken:
        row.insert(row.end(),
                   {absl::StrCat("taken until ",
                                 FormatUnixSeconds(event.taken().expires_unix_ms() / 1000)),
                    event.taken().owner(), event.taken().reason()});
        break;
      case v1::LockEvent::kReleased:
        row.insert(row.end(), {"released", event.released().operator_(), ""});
        break;
      case v1::LockEvent::kBroken:
        row.insert(row.end(), {absl::StrCat("BROKEN, was ", event.broken().owner(), "'s"),
                               event.broken().operator_(), event.broken().reason()});
        break;
      case v1::LockEvent::KIND_NOT_SET:
        row.emplace_back("unknown");
        break;
    }
    rows.push_back(std::move(row));
  }
  return RenderTable({"TIME", "CLUSTER", "WHAT", "BY", "REASON"}, rows);
}

}  // namespace belay
