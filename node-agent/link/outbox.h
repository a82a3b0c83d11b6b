// The journal seen as an outbox: which record goes to the coordinator next.  Records above its
// acknowledgement are offered in order, a bounded number ahead of it, and again after a reconnect.
// One thread.  Keeps every record: a coordinator restored from a backup may ask for old ones.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "belay/v1/journal.pb.h"

namespace belay {

class Outbox {
 public:
  // `records` are the journal's, from sequence number 1 without gaps.
  Outbox(std::vector<v1::Record> records, std::size_t window)
      : records_(std::move(records)), window_(window) {}

  // The next record of the journal.  One that is already there is left out.
  void Add(v1::Record record) {
    if (record.seq() == last_seq() + 1) records_.push_back(std::move(record));
  }
  // A new stream: the coordinator has everything up to here.
  void Restart(std::uint64_t acknowledged) {
    acknowledged_ = acknowledged < last_seq() ? acknowledged : last_seq();
    offered_ = acknowledged_;
  }
  // Never goes back; more than was offered is not believed.
  void Acknowledge(std::uint64_t seq) {
    if (seq > acknowledged_ && seq <= offered_) acknowledged_ = seq;
  }
  // The next one to send; null when all are sent or the window is full.  Valid until Add.
  const v1::Record* Next() {
    if (offered_ >= last_seq() || offered_ - acknowledged_ >= window_) return nullptr;
    return &records_[static_cast<std::size_t>(offered_++)];
  }

  std::uint64_t last_seq() const { return records_.size(); }
  std::uint64_t acknowledged() const { return acknowledged_; }

 private:
  std::vector<v1::Record> records_;
  const std::size_t window_;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t offered_ = 0;  // the last one given to Next's caller
};

}  // namespace belay
