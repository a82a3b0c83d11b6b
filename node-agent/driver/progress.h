// What a gate is waiting for, on its way to whoever watches: named with run and step, and only when
// it says something new.  Used by the executor's thread only.
#pragma once
#include <string>

#include "node-agent/driver/agent.h"
#include "node-agent/transaction/executor.h"

namespace belay {

class ProgressReporter {
 public:
  // Both outlive this.
  ProgressReporter(AgentMail& mail, const Clock& clock) : mail_(mail), clock_(clock) {}
  // Before the first Show; the executor is made with a reference to this.
  void Of(const Executor& executor) { executor_ = &executor; }
  void Show(const std::string& what);

 private:
  AgentMail& mail_;
  const Clock& clock_;
  const Executor* executor_ = nullptr;
  std::string last_;
};

}  // namespace belay
