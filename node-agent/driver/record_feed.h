// Records on their way from the thread that journals them to the loop.  Unlike a mailbox it is
// never full: a record that is durable must not be lost on the way to the outbox.
#pragma once
#include <utility>
#include <vector>

#include "belay/v1/journal.pb.h"
#include "common/base/mutex.h"

namespace belay {

class RecordFeed {
 public:
  void Put(v1::Record record) {
    MutexLock lock(mu_);
    records_.push_back(std::move(record));
  }
  std::vector<v1::Record> TakeAll() {
    MutexLock lock(mu_);
    return std::exchange(records_, {});
  }

 private:
  Mutex mu_;
  std::vector<v1::Record> records_ GUARDED_BY(mu_);
};

}  // namespace belay
