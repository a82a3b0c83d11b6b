// Which calls get a record of their own, and which are counted into one: the trail is for people
// and its disk is not for strangers to fill.
//
// Calls are alike by identity, method and decision, and a token's by its node as well.  Of those
// that are counted the first few in a window are recorded, and the rest are told as one record with
// their number when the window ends.  Few that went on beyond their number are told as a number
// alone from then on, until a window passes without any: what a caller can have written is bounded.
// Pure; one thread.  A crash forgets the counts of at most one window.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "belay/v1/access.pb.h"

namespace belay::audit {

enum class Kind {
  Each,   // has a record of its own, always
  Reads,  // allowed and changes nothing: one in ten minutes
  // Ten in ten minutes.  What is denied, because an agent that is refused comes back every few
  // seconds, and what a node or the holder of a token may do as often as it likes.
  Few,
};

class Summary {
 public:
  // Whether `record` is to be written now.
  bool Take(const v1::AuditRecord& record, Kind kind, std::int64_t now_ms);
  // What windows that have ended have counted; with `all`, those that have not as well.
  std::vector<v1::AuditRecord> Due(std::int64_t now_ms, bool all);

 private:
  struct Window {
    v1::AuditRecord last;  // of those that are counted
    Kind kind = Kind::Few;
    std::int64_t ends_ms = 0;
    std::uint64_t recorded = 0;
    std::uint64_t counted = 0;
  };
  std::map<std::string, Window> windows_;
};

}  // namespace belay::audit
