// Asks a component how it is, as its endpoint says, and hears what speaks against a good answer.
// One thread.
#pragma once
#include <string>
#include <vector>

#include "belay/v1/journal.pb.h"
#include "common/os/health_probe.h"
#include "common/os/process_table.h"
#include "node-agent/health/etcd_watch.h"
#include "node-agent/health/gate.h"
#include "node-agent/health/kubelet_watch.h"

namespace belay {

ProbeTarget TargetOf(const v1::HealthEndpoint& endpoint);

// How kubelet will judge each of these probes: 200 to 399 is success, without credentials and
// whatever the certificate.
std::vector<KubeletAnswer> AskAsKubelet(
    HealthProbe& probe, const google::protobuf::RepeatedPtrField<v1::KubeletProbe>& probes);

// One component during one gate.
class Asker {
 public:
  struct Reply {
    ProbeResult probe;
    std::string objection;
  };
  Reply Ask(HealthProbe& probe, const v1::HealthEndpoint& endpoint, std::int64_t boottime_ns);

 private:
  EtcdWatch etcd_;
};

// Of the node that a kubelet serves, at most once a second: during one gate, or once before it.
class NodeAsker {
 public:
  // `proof`: whether a sign of life must come while it looks (KubeletWatch).
  explicit NodeAsker(KubeletWatch::Proof proof) : watch_(proof) {}
  // `running`: pids of kubelets with the expected arguments.  Empty when the node is as it should
  // be.
  std::string Objection(HealthProbe& probe, const v1::Service& service,
                        const std::vector<std::int64_t>& running, std::int64_t boottime_ns);

 private:
  KubeletWatch watch_;
  bool asked_ = false;
  std::int64_t asked_at_ns_ = 0;
  std::vector<std::int64_t> running_;
  std::string objection_;
};

// Static pods that a restart of kubelet has cost their processes; empty when none.
std::string LostPods(const ProcessTable& processes,
                     const google::protobuf::RepeatedPtrField<v1::KeptPod>& kept);

// Of other components that must be healthy too; empty when all are.
std::string AskCompanions(HealthProbe& probe,
                          const google::protobuf::RepeatedPtrField<v1::Companion>& companions);

// "500 [-]etcd failed", "refused"; for people.
std::string AnswerText(const ProbeResult& result);

}  // namespace belay
