// What a kubelet's own healthy answer does not say: whether the cluster has its node back.  The API
// server calls a node ready for 40 s after its kubelet has died, so that a sign of life is needed
// that only the new process can have given: the node's lease renewed while it was looked at.  Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace belay {

struct NodeFacts {
  std::optional<bool> ready;           // its Ready condition; nothing when there is none
  std::string why = "";                // the condition's own words
  std::optional<std::string> renewed;  // of its lease, as written
};

// Of the API server's answers about a node and about its lease.  What cannot be read is not there.
NodeFacts ParseNodeFacts(std::string_view node_json, std::string_view lease_json);

class KubeletWatch {
 public:
  enum class Proof {
    ReadyNow,     // before anything was changed: what the API server says is enough
    SignsOfLife,  // and the lease has been renewed since the process that now runs came
  };
  explicit KubeletWatch(Proof proof) : proof_(proof) {}

  // Empty when nothing speaks against it.  `running`: pids of kubelets.
  std::string Objection(const NodeFacts& facts, const std::vector<std::int64_t>& running);

 private:
  const Proof proof_;
  std::vector<std::int64_t> running_;
  std::optional<std::string> last_;    // what the lease said the last time
  std::optional<std::string> before_;  // what it said when these came
  bool renewed_ = false;
};

}  // namespace belay
