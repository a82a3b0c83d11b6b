// The value a setting has in force by one command line: flags as pflag reads them, environment,
// configuration file, and the default of the running version.  Pure.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "common/catalog/catalog.h"
#include "node-agent/audit/snapshot.h"

namespace belay {

struct EffectiveValue {
  enum class Kind { Given, Default, Unset, Unknown };
  Kind kind = Kind::Unset;
  std::string value;
  std::string from;  // "flag", "/var/lib/kubelet/config.yaml", "default of 1.32"; or why not known
  bool is_variable = false;  // $(NAME), which only the process knows
};

EffectiveValue Effective(const SettingCheck& setting, const CommandLine& line,
                         const ComponentState& component,
                         const std::optional<KubernetesMinor>& version);

// "config", or "config-file" of etcd.
std::string ConfigFlag(const std::string& component);
// What the last flag of that name says; nothing where it is not given.
std::optional<std::string> LastFlag(const CommandLine& line, const std::string& flag);

// Does the value keep the test?  `value` is the effective one.
bool Passes(const ValueTest& test, const std::string& value);

}  // namespace belay
