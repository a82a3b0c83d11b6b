// `belayctl lock list`.  Pure.
#pragma once
#include <cstdint>
#include <string>

#include "belay/v1/admin.pb.h"

namespace belay {

std::string RenderLocks(const v1::ListLocksReply& locks, std::int64_t now_unix_ms, bool wide);
std::string RenderLockHistory(const v1::ListLocksReply& locks);
std::string LockLine(const v1::Lock& lock);  // "locked by bob until 2026-... (reason)"

}  // namespace belay
