// The static pods that can be proved healthy, and the probes that prove them.  Nothing else is ever
// changed by a plan.
#pragma once
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "belay/v1/plan.pb.h"

namespace belay {

struct GatedComponent {
  std::string_view manifest;  // also the name of its container and its process
  std::string_view probe;     // as plans name it
};

inline constexpr std::array<GatedComponent, 4> kGatedComponents = {{
    {"kube-apiserver", "apiserver-readyz"},
    {"kube-controller-manager", "controller-manager-healthz"},
    {"kube-scheduler", "scheduler-healthz"},
    {"etcd", "etcd-health"},
}};

// No static pod: the one service that a step may restart, and what proves it.
inline constexpr std::string_view kKubelet = "kubelet";
inline constexpr std::string_view kKubeletProbe = "kubelet-healthz";

// Nothing when there is no gate for it.
inline const GatedComponent* FindGated(std::string_view manifest) {
  for (const GatedComponent& each : kGatedComponents) {
    if (each.manifest == manifest) return &each;
  }
  return nullptr;
}
inline const GatedComponent* FindGatedByProbe(std::string_view probe) {
  for (const GatedComponent& each : kGatedComponents) {
    if (each.probe == probe) return &each;
  }
  return nullptr;
}

// The manifest an edit is about; empty for edits of other files and of no known kind.
std::string ManifestOf(const v1::Edit& edit);

// Names of the manifests that the step edits, each once, in the order of their first edit.
std::vector<std::string> TouchedManifests(const v1::Step& step);

// The service that the step restarts; empty when none.
std::string RestartedService(const v1::Step& step);

// Does the step make something start anew, so that there is something to gate?
bool StartsSomething(const v1::Step& step);

// What proves this step where its plan names no probes: the probe of each manifest or service, and
// for etcd and kubelet also that the API server beside it is still well.
std::vector<std::string> DefaultProbes(const v1::Step& step);

// "a, b, c and d"
std::string GatedManifestsText();
std::string ProbesText();

}  // namespace belay
