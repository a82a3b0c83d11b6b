// Asks a component how it is, as its endpoint says, and hears what speaks against a good answer.
// One thread.
#pragma once
#include <string>
#include <vector>

#include "belay/v1/journal.pb.h"
#include "common/os/health_probe.h"
#include "node-agent/health/etcd_watch.h"
#include "node-agent/health/gate.h"

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

// Of other components that must be healthy too; empty when all are.
std::string AskCompanions(HealthProbe& probe,
                          const google::protobuf::RepeatedPtrField<v1::Companion>& companions);

// "500 [-]etcd failed", "refused"; for people.
std::string AnswerText(const ProbeResult& result);

}  // namespace belay
