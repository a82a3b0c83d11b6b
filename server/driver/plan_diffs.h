// Operators' questions to nodes (what would this plan change on you?) until they are answered: who
// has been asked, who has answered, and when waiting ends.  A question lives in memory only: when
// the coordinator ends, the operator's call fails and he asks again.
//
// Loop thread only; no gRPC.  Each question is answered exactly once.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "belay/v1/admin.pb.h"
#include "belay/v1/agent_link.pb.h"
#include "common/base/ids.h"

namespace belay {

class PlanDiffs {
 public:
  using Answer = std::function<void(absl::StatusOr<v1::DiffPlanReply>)>;

  // `nodes` are those to be asked and those that are not connected, which get their word at once;
  // the caller sends the question with `id` to the others.  Answers at once when nobody is asked.
  struct Asked {
    std::string node;
    bool connected = false;
  };
  void Ask(const std::string& id, const std::string& cluster, const std::vector<Asked>& nodes,
           std::int64_t until_ns, Answer answer);
  bool Full() const;  // too many questions at once: the next one is to be refused

  // A node's answer; one that nobody waits for, or of a node that was not asked, is dropped.
  void Take(const NodeId& node, v1::DiffAnswer answer);
  void Gone(const NodeId& node);     // its stream has ended: what it was asked it will not answer
  void Expire(std::int64_t now_ns);  // answers what has waited long enough
  void EndAll(const absl::Status& status);

 private:
  struct Question {
    std::string cluster;
    std::map<std::string, v1::NodeDiffResult> results;  // by node
    std::map<std::string, bool> waiting;                // by node
    std::size_t bytes = 0;
    std::int64_t until_ns = 0;
    Answer answer;
  };
  using Questions = std::map<std::string, Question>;

  void Settle(Question& question, const std::string& node, v1::NodeDiffResult result);
  // Removes it, then answers.
  Questions::iterator Finish(Questions::iterator it);
  Questions::iterator FinishIfDone(Questions::iterator it);

  Questions questions_;  // by id
};

}  // namespace belay
