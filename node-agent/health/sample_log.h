// The samples of one gate, equal ones in a row as one entry, bounded.
#pragma once
#include <string>
#include <vector>

#include "belay/v1/journal.pb.h"

namespace belay {

class SampleLog {
 public:
  void Add(double seconds, const std::string& what, bool healthy);
  void Report(v1::StepReport* report) const;

 private:
  std::vector<v1::SampleRun> runs_;
};

}  // namespace belay
