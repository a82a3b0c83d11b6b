// The chain of an audit trail: each record's bytes are bound to all before them by SHA-256(hash
// before || bytes), 32 zero bytes before the first.  A record that is changed, left out, doubled or
// moved breaks it where that was done.  What it cannot show by itself is a whole chain written anew
// or one whose end was cut off: for that somebody keeps a head elsewhere.  Pure.
#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "belay/v1/access.pb.h"

namespace belay {

std::string TrailBeginning();  // the hash before the first record
std::string ChainHash(std::string_view before, std::string_view record);  // 32 bytes

// Reads a trail from its first record on.
class TrailReader {
 public:
  // DATA_LOSS names the record and what is wrong with it; nothing after it means anything.
  absl::Status Take(const v1::AuditEntry& entry);
  std::uint64_t last() const { return last_; }       // number of the last record; 0: none
  const std::string& head() const { return head_; }  // its hash
  // Whether this was the head once: the trail until then is as it was then.
  bool Passed(const std::string& head) const { return heads_.contains(head); }

 private:
  std::uint64_t last_ = 0;
  std::string head_ = TrailBeginning();
  std::set<std::string> heads_;
};

}  // namespace belay
