#include "server/audit/summary.h"

namespace belay::audit {
namespace {

constexpr std::int64_t kWindowMs = 600'000;
constexpr std::uint64_t kFewRecords = 10;

std::uint64_t MostRecords(Kind kind) { return kind == Kind::Reads ? 1 : kFewRecords; }

// Without an identity what is allowed is a token's, for the one node that it is of; what is denied
// could name anything.
std::string KeyOf(const v1::AuditRecord& record) {
  std::string key = record.identity() + ' ' + record.method() + ' ';
  key += std::to_string(record.decision());
  const bool by_token = record.identity().empty() && record.decision() == v1::AuditRecord::ALLOWED;
  return by_token ? key + ' ' + record.target() : key;
}

// One that would last longer than a window was begun by a clock that was ahead.
bool HasEnded(std::int64_t ends_ms, std::int64_t now_ms) {
  return now_ms >= ends_ms || ends_ms > now_ms + kWindowMs;
}

}  // namespace

bool Summary::Take(const v1::AuditRecord& record, Kind kind, std::int64_t now_ms) {
  if (kind == Kind::Each) return true;
  Window& window = windows_[KeyOf(record)];
  // One that has ended and counted nothing begins anew; what it has counted is told by Due first.
  if (HasEnded(window.ends_ms, now_ms) && window.counted == 0) {
    window.kind = kind;
    window.recorded = 0;
    window.ends_ms = now_ms + kWindowMs;
  }
  if (window.recorded < MostRecords(kind)) {
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
    if (!all && !HasEnded(window.ends_ms, now_ms)) {
      ++it;
      continue;
    }
    const bool noisy = window.counted > 0;
    if (noisy) {
      window.last.set_wall_unix_ms(now_ms);
      window.last.set_more(window.counted);
      window.last.clear_request_sha256();
      due.push_back(window.last);
    }
    if (noisy && window.kind == Kind::Few && !all) {
      // Whoever goes on and on would have ten records in each window otherwise.
      window.counted = 0;
      window.recorded = kFewRecords;
      window.ends_ms = now_ms + kWindowMs;
      ++it;
      continue;
    }
    it = windows_.erase(it);
  }
  return due;
}

}  // namespace belay::audit
