#include "server/driver/server_config.h"

#include <yaml-cpp/yaml.h>

#include <map>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/plan/decode.h"

namespace belay {
namespace {

constexpr std::uint32_t kLeastLifetimeMs = 3'600'000;

absl::Status Wrong(const std::string& path, const std::string& what) {
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": ", what, "; the coordinator was not started"));
}

absl::StatusOr<std::map<std::string, std::string>> Scalars(std::string_view yaml,
                                                           const std::string& path) {
  std::map<std::string, std::string> values;
  try {
    const YAML::Node root = YAML::Load(std::string(yaml));
    if (!root.IsMap()) return Wrong(path, "it is not a map of settings");
    for (const auto& entry : root) {
      const std::string key = entry.first.as<std::string>();
      if (!entry.second.IsScalar()) return Wrong(path, absl::StrCat(key, " is not one value"));
      if (!values.emplace(key, entry.second.as<std::string>()).second) {
        return Wrong(path, absl::StrCat(key, " is there twice"));
      }
    }
  } catch (const YAML::Exception& error) {
    return Wrong(path, error.what());
  }
  return values;
}

}  // namespace

absl::StatusOr<ServerConfig> ParseServerConfig(std::string_view yaml, const std::string& path) {
  ASSIGN_OR_RETURN(const auto values, Scalars(yaml, path));
  ServerConfig config;
  const std::map<std::string, std::string*> texts = {{"listen", &config.listen},
                                                     {"enrol_listen", &config.enrol_listen},
                                                     {"advertise", &config.advertise}};
  const std::map<std::string, std::int64_t*> times = {
      {"heartbeat_interval", &config.times.heartbeat_interval_ms},
      {"node_silence_margin", &config.times.node_silence_margin_ms},
      {"readiness_wait", &config.times.readiness_wait_ms},
      {"permit", &config.times.permit_ms},
      {"clock_skew", &config.times.clock_skew_ms}};
  for (const auto& [key, value] : values) {
    if (const auto text = texts.find(key); text != texts.end()) {
      *text->second = value;
    } else if (const auto time = times.find(key); time != times.end()) {
      const absl::StatusOr<std::uint32_t> parsed = ParseDurationMs(value);
      if (!parsed.ok() || *parsed < 100) {
        return Wrong(path, absl::StrCat(key, ": '", value,
                                        "' is not a duration of at least 100ms such as 5s"));
      }
      *time->second = *parsed;
    } else if (key == "node_certificate_lifetime") {
      const absl::StatusOr<std::uint32_t> parsed = ParseDurationMs(value);
      if (!parsed.ok() || *parsed < kLeastLifetimeMs) {
        return Wrong(path, absl::StrCat(key, ": '", value,
                                        "' is not a duration of at least 1h such as 720h"));
      }
      config.node_certificate_seconds = *parsed / 1000;
    } else {
      return Wrong(path, absl::StrCat("unknown setting '", key, "'"));
    }
  }
  for (const auto& [key, text] : texts) {
    if (text->empty()) return Wrong(path, absl::StrCat(key, " is missing"));
  }
  return config;
}

}  // namespace belay
