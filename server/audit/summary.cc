#include "server/audit/summary.h"

namespace belay::audit {
namespace {

constexpr std::int64_t kWindowMs = 600'000;
constexpr std::uint64_t kDeniedRecords = 10;

std::string KeyOf(const v1::AuditRecord& record) {
  return record.identity() + ' ' + record.method() + ' ' + std::to_string(record.decision());
}

}  // namespace

bool Summary::Take(const v1::AuditRecord& record, Kind kind, std::int64_t now_ms) {
  if (kind == Kind::Each) return true;
  Window& window = windows_[KeyOf(record)];
  // One that has ended and counted nothing begins anew; what it has counted is told by Due first.
  if (now_ms >= window.ends_ms && window.counted == 0) {
    window.recorded = 0;
    window.ends_ms = now_ms + kWindowMs;
  }
  const std::uint64_t most = kind == Kind::Reads ? 1 : kDeniedRecords;
  if (window.recorded < most) {
    ++window.recorded;
    return true;
  }
  ++window.counted;
  window.last = record;
  return false;
}

std::vector<v1::AuditRecord> Summary::Due(std::int64_t now_ms, bool all) {
  std::vector<v1::AuditRecord> due;
  for (auto it = windows_.begin(); it != windows_.end();) {
    Window& window = it->second;
    if (!all && now_ms < window.ends_ms) {
      ++it;
      continue;
    }
    if (window.counted > 0) {
      window.last.set_wall_unix_ms(now_ms);
      window.last.set_more(window.counted);
      window.last.clear_request_sha256();
      due.push_back(window.last);
    }
    it = windows_.erase(it);
  }
  return due;
}

}  // namespace belay::audit
