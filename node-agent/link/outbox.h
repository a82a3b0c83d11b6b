// The journal seen as an outbox: which record goes to the coordinator next.  Records above its
// acknowledgement are offered in order, a bounded number ahead of it, and again after a reconnect.
// One thread.  Keeps what the journal keeps: a coordinator restored from a backup may ask for old
// ones, and gets those that are still there.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "belay/v1/journal.pb.h"

namespace belay {

class Outbox {
 public:
  // `records` are the journal's, without gaps; a checkpoint at their beginning is never sent.
  Outbox(std::vector<v1::Record> records, std::size_t window)
      : records_(records.begin(), records.end()), window_(window) {
    if (!records_.empty() && records_.front().has_checkpoint()) {
      dropped_ = records_.front().seq();
      records_.pop_front();
    }
    acknowledged_ = offered_ = dropped_;
  }

  // The next record of the journal.  One that is already there is left out.
  void Add(v1::Record record) {
    if (record.seq() == last_seq() + 1) records_.push_back(std::move(record));
  }
  // A new stream: the coordinator has everything up to here.
  void Restart(std::uint64_t acknowledged) {
    acknowledged_ = std::clamp(acknowledged, dropped_, last_seq());
    offered_ = acknowledged_;
  }
  // Never goes back; more than was offered is not believed.
  void Acknowledge(std::uint64_t seq) {
    if (seq > acknowledged_ && seq <= offered_) acknowledged_ = seq;
  }
  // The next one to send; null when all are sent or the window is full.  Valid until Add.
  const v1::Record* Next() {
    if (offered_ >= last_seq() || offered_ - acknowledged_ >= window_) return nullptr;
    return &records_[static_cast<std::size_t>(offered_++ - dropped_)];
  }
  // The journal has no records before `seq` any more.  Those that this coordinator has not
  // acknowledged stay all the same until it has.
  void Forget(std::uint64_t seq) {
    while (dropped_ + 1 < seq && dropped_ < acknowledged_) {
      records_.pop_front();
      ++dropped_;
    }
  }

  std::uint64_t first_seq() const { return dropped_ + 1; }
  std::uint64_t last_seq() const { return dropped_ + records_.size(); }
  std::uint64_t acknowledged() const { return acknowledged_; }

 private:
  std::deque<v1::Record> records_;
  const std::size_t window_;
  std::uint64_t dropped_ = 0;  // the last one that is not in `records_` any more
  std::uint64_t acknowledged_ = 0;
  std::uint64_t offered_ = 0;  // the last one given to Next's caller
};

}  // namespace belay
