#include "node-agent/health/ask.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"

namespace belay {
namespace {

// Kubelet's own default is longer than a gate can wait; an answer that takes so long fails ours
// too.
constexpr int kKubeletTimeoutMs = 2000;
// A node's state is written every few seconds; the API server is not to be busy with us.
constexpr std::int64_t kNodeIntervalNs = 1'000'000'000;

bool IsOk(const ProbeResult& result) {
  return result.kind == ProbeResult::Kind::Answered && result.status == 200;
}

// With the wrong client CA an API server answers strangers well and nobody else: every kubelet and
// every administrator is locked out of a server that looks healthy.
std::string AskAsClient(HealthProbe& probe, ProbeTarget target) {
  target.anonymous = false;
  const ProbeResult result = probe.Ask(target);
  if (IsOk(result)) return "";
  return absl::StrCat("a client with the certificate that agent.yaml names is answered ",
                      AnswerText(result));
}

}  // namespace

ProbeTarget TargetOf(const v1::HealthEndpoint& endpoint) {
  using Trust = ProbeTarget::Trust;
  ProbeTarget target;
  target.dial_address = endpoint.dial_address();
  target.port = endpoint.port();
  target.path = endpoint.path().empty() ? "/readyz" : endpoint.path();
  target.anonymous = endpoint.anonymous();
  if (endpoint.kind() == v1::HealthEndpoint::OWNER) {
    target.trust = Trust::Owner;
    target.certificate_file = endpoint.certificate_file();
  } else if (endpoint.kind() == v1::HealthEndpoint::PLAIN) {
    target.trust = Trust::Plain;
  } else if (endpoint.kind() == v1::HealthEndpoint::ETCD) {
    target.trust = endpoint.ca_file().empty() ? Trust::Plain : Trust::Files;
    target.ca_file = endpoint.ca_file();
    target.client_certificate_file = endpoint.client_certificate_file();
    target.client_key_file = endpoint.client_key_file();
  }
  return target;
}

std::vector<KubeletAnswer> AskAsKubelet(
    HealthProbe& probe, const google::protobuf::RepeatedPtrField<v1::KubeletProbe>& probes) {
  std::vector<KubeletAnswer> answers;
  std::map<std::string, ProbeResult> known;  // liveness and startup usually ask the same
  for (const v1::KubeletProbe& each : probes) {
    ProbeTarget target;
    target.dial_address = each.address();
    target.port = each.port();
    target.path = each.path();
    target.timeout_ms = kKubeletTimeoutMs;
    target.trust = each.https() ? ProbeTarget::Trust::Owner : ProbeTarget::Trust::Plain;
    const std::string question = absl::StrCat(each.https() ? "https " : "http ",
                                              target.dial_address, " ", target.port, target.path);
    const auto [found, is_new] = known.try_emplace(question);
    if (is_new) found->second = probe.Ask(target);
    const ProbeResult& result = found->second;
    KubeletAnswer answer;
    answer.what = absl::StrCat(each.which(), " on ", each.path());
    answer.period_ns = std::int64_t{each.period_ms()} * 1'000'000;
    answer.patience_ns = answer.period_ns * each.failure_threshold();
    answer.success =
        result.kind == ProbeResult::Kind::Answered && result.status >= 200 && result.status < 400;
    answer.answer = AnswerText(result);
    answers.push_back(std::move(answer));
  }
  return answers;
}

Asker::Reply Asker::Ask(HealthProbe& probe, const v1::HealthEndpoint& endpoint,
                        std::int64_t boottime_ns) {
  ProbeTarget target = TargetOf(endpoint);
  Reply reply{probe.Ask(target), ""};
  if (endpoint.lets_client_in() && IsOk(reply.probe)) reply.objection = AskAsClient(probe, target);
  if (endpoint.kind() != v1::HealthEndpoint::ETCD || !IsOk(reply.probe)) return reply;
  target.path = "/metrics";
  target.keep_body = true;
  const ProbeResult metrics = probe.Ask(target);
  reply.objection =
      etcd_.Objection(ParseEtcdMetrics(IsOk(metrics) ? metrics.body : ""), boottime_ns);
  return reply;
}

std::string NodeAsker::Objection(HealthProbe& probe, const v1::Service& service,
                                 const std::vector<std::int64_t>& running,
                                 std::int64_t boottime_ns) {
  if (asked_ && boottime_ns - asked_at_ns_ < kNodeIntervalNs && running == running_) {
    return objection_;
  }
  asked_ = true;
  asked_at_ns_ = boottime_ns;
  running_ = running;
  ProbeTarget target = TargetOf(service.api_server());
  target.keep_body = true;
  target.path = absl::StrCat("/api/v1/nodes/", service.node());
  const ProbeResult node = probe.Ask(target);
  target.path = absl::StrCat("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/",
                             service.node());
  const ProbeResult lease = probe.Ask(target);
  if (!IsOk(node) || !IsOk(lease)) {
    objection_ = absl::StrCat("the API server does not say whether node ", service.node(),
                              " is ready: ", AnswerText(IsOk(node) ? lease : node));
    return objection_;
  }
  objection_ = watch_.Objection(ParseNodeFacts(node.body, lease.body), running);
  return objection_;
}

std::string LostPods(const ProcessTable& processes,
                     const google::protobuf::RepeatedPtrField<v1::KeptPod>& kept) {
  for (const v1::KeptPod& pod : kept) {
    const std::vector<Process> running = processes.List(pod.component());
    const bool there = std::any_of(running.begin(), running.end(), [&pod](const Process& process) {
      return process.pod_uid == pod.pod_uid();
    });
    if (!there) return absl::StrCat("the static pod of ", pod.component(), " has no process");
  }
  return "";
}

std::string AskCompanions(HealthProbe& probe,
                          const google::protobuf::RepeatedPtrField<v1::Companion>& companions) {
  for (const v1::Companion& companion : companions) {
    const ProbeResult result = probe.Ask(TargetOf(companion.health()));
    if (!IsOk(result)) return absl::StrCat(companion.probe(), " is ", AnswerText(result));
  }
  return "";
}

std::string AnswerText(const ProbeResult& result) {
  const auto with_detail = [&result](const std::string& what) {
    return result.detail.empty() ? what : absl::StrCat(what, " ", result.detail);
  };
  switch (result.kind) {
    case ProbeResult::Kind::Answered:
      if (result.status == 200) return "ok";
      if (result.status == 401 || result.status == 403) {
        return absl::StrCat(result.status, " (health unknown: not allowed to ask)");
      }
      return with_detail(absl::StrCat(result.status));
    case ProbeResult::Kind::Refused:
      return "refused";
    case ProbeResult::Kind::TimedOut:
      return "timed out";
    case ProbeResult::Kind::TlsFailed:
      return with_detail("TLS failed:");
    case ProbeResult::Kind::Failed:
      return with_detail("failed:");
  }
  return "unknown answer";
}

}  // namespace belay
