// The part of agent.yaml that says whose plans this node carries out and what none of them may do,
// whoever has signed it.  Pure.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "node-agent/change/value_rules.h"
#include "node-agent/driver/config_reader.h"

namespace belay {

struct TrustedKeyFile {
  std::string file;                  // PEM
  std::string role = "";             // empty: none
  std::int64_t not_before_unix = 0;  // 0: no bound
  std::int64_t not_after_unix = 0;
  bool operator==(const TrustedKeyFile&) const = default;
};

struct TrustConfig {
  std::vector<TrustedKeyFile> keys;                      // at least one
  std::uint32_t signatures = 1;                          // by different keys
  std::map<std::string, std::uint32_t> role_signatures;  // and of these roles
  bool untargeted_plans = true;                          // may a plan leave out whom it is for?
  std::vector<std::string> allowed_edits = {};           // "setFlag"; empty: all
  std::vector<std::string> allowed_manifests = {};       // "kube-apiserver"; empty: all with a gate
  std::vector<std::string> forbidden_values = DefaultForbiddenValues();
  bool operator==(const TrustConfig&) const = default;
};

// What reads the keys of this part; `config` outlives the reading.
ConfigReader::Fields TrustFields(ConfigReader& reader, TrustConfig* config);

// The lines of agent.yaml.
std::string FormatTrust(const TrustConfig& config);

}  // namespace belay
