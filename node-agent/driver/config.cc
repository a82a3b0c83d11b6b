#include "node-agent/driver/config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "common/base/ids.h"
#include "common/base/yaml_events_ignored.h"
#include "common/os/ip_address.h"
#include "node-agent/driver/config_reader.h"

namespace belay {
namespace {

constexpr std::uint64_t kMostMib = std::uint64_t{1024} * 1024;
constexpr const char* kMibWanted = "a number of MiB up to 1048576";
constexpr std::uint32_t kLeastBootSeconds = 10;
constexpr std::uint32_t kMostBootSeconds = 300;
constexpr std::size_t kLongestAnnotation = 400;

bool IsHostAndPort(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return false;
  std::uint32_t port = 0;
  const bool printable =
      std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
  return printable && text.find('/') == std::string::npos &&
         absl::SimpleAtoi(text.substr(colon + 1), &port) && port > 0 && port < 65536;
}

bool IsAnnotation(const std::string& text) {
  return text.size() <= kLongestAnnotation && text[0] != '=' &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
}

void ReadDocument(const YAML::Node& document, ConfigReader& reader, AgentConfig* config) {
  const auto name = [](const std::string& text) { return IsValidName(text); };
  const std::string name_wanted =
      "a DNS label: lower-case letters, digits, '-' and '.', at most 63 characters";
  ApiServerFiles* const files = &config->apiserver;
  ShadowBootConfig* const shadow = &config->shadow_boot;
  ConfigReader::Fields fields = TrustFields(reader, &config->trust);
  fields.merge(ConfigReader::Fields(
      {{"server", reader.Text("server", &config->server, IsHostAndPort, "host:port")},
       {"cluster", reader.Text("cluster", &config->cluster, name, name_wanted)},
       {"node", reader.Text("node", &config->node, name, name_wanted)},
       {"state_dir", reader.Path("state_dir", &config->state_dir)},
       {"host_root", reader.Path("host_root", &config->host_root)},
       {"manifest_dir", reader.Path("manifest_dir", &config->manifest_dir)},
       {"allowed_paths", reader.PathList("allowed_paths", &config->allowed_paths)},
       {"allowed_mounts", reader.PathList("allowed_mounts", &config->allowed_mounts)},
       {"reverts", reader.Switch("reverts", &config->reverts, "allowed", "refused")},
       {"flag_check", reader.Switch("flag_check", &config->flag_check, "help", "off")},
       {"shadow_boot",
        [&reader, shadow](const YAML::Node& node) {
          reader.Map(
              node, "shadow_boot",
              {{"enabled", reader.Switch("enabled", &shadow->enabled, "true", "false")},
               {"etcd", reader.Path("etcd", &shadow->etcd)},
               {"timeout", reader.Number("timeout", &shadow->timeout_seconds, kLeastBootSeconds,
                                         kMostBootSeconds, "s", "seconds from 10s to 300s")},
               {"required", reader.Switch("required", &shadow->required, "true", "false")},
               {"min_memory_mib", reader.Number("min_memory_mib", &shadow->min_memory_mib,
                                                std::uint64_t{0}, kMostMib, "", kMibWanted)}},
              {"enabled"});
        }},
       {"min_free_mib", reader.Number("min_free_mib", &config->min_free_mib, std::uint64_t{0},
                                      kMostMib, "", kMibWanted)},
       {"hold_when_cordoned",
        reader.Switch("hold_when_cordoned", &config->hold_when_cordoned, "true", "false")},
       {"hold_when_unreached",
        reader.Switch("hold_when_unreached", &config->hold_when_unreached, "true", "false")},
       {"hold_annotations", reader.Texts("hold_annotations", &config->hold_annotations,
                                         IsAnnotation, "an annotation's key, or key=value")},
       {"cluster_endpoint",
        reader.Text("cluster_endpoint", &config->cluster_endpoint, IsHostAndPort, "host:port")},
       {"virtual_address",
        reader.Text("virtual_address", &config->virtual_address, IsIpAddress, "an IP address")},
       {"hold_file", reader.Path("hold_file", &config->hold_file)},
       {"kubelet_restart", reader.Path("kubelet_restart", &config->kubelet_restart)},
       {"apiserver", [&reader, files](const YAML::Node& node) {
          reader.Map(node, "apiserver",
                     {{"ca", reader.Path("ca", &files->ca)},
                      {"client_certificate",
                       reader.Path("client_certificate", &files->client_certificate)},
                      {"client_key", reader.Path("client_key", &files->client_key)}},
                     {});
        }}}));
  reader.Map(document, "agent.yaml", fields, {"server", "cluster", "node", "trusted_keys"});
}

absl::Status Describe(const std::vector<ConfigMistake>& mistakes, std::string_view file) {
  std::vector<std::string> lines;
  for (const ConfigMistake& m : mistakes) {
    lines.push_back(absl::StrCat(absl::string_view(file.data(), file.size()), ":", m.line, ":",
                                 m.column, ": ", m.message));
  }
  return absl::InvalidArgumentError(absl::StrJoin(lines, "\n"));
}

// 0, 1, or 2 for more.  YAML::LoadAll is not asked: it finds documents without end in ",S".
int CountDocuments(const std::string& yaml) {
  std::istringstream in(yaml);
  YAML::Parser parser(in);
  YamlEventsIgnored nothing;
  int count = 0;
  while (count < 2 && parser.HandleNextDocument(nothing)) ++count;
  return count;
}

}  // namespace

absl::StatusOr<AgentConfig> ParseAgentConfig(std::string_view yaml, std::string_view file) {
  AgentConfig config;
  ConfigReader reader;
  try {
    const std::string text(yaml);
    const int documents = CountDocuments(text);
    if (documents != 1) {
      return Describe(
          {{1, 1,
            absl::StrCat("must be one YAML document, not ", documents == 0 ? "none" : "several")}},
          file);
    }
    ReadDocument(YAML::Load(text), reader, &config);
  } catch (const YAML::Exception& e) {
    return Describe({{e.mark.line + 1, e.mark.column + 1, e.msg}}, file);
  }
  const std::vector<ConfigMistake> mistakes = reader.TakeMistakes();
  if (!mistakes.empty()) return Describe(mistakes, file);
  for (std::string* const path : {&config.state_dir, &config.host_root, &config.manifest_dir}) {
    if (path->size() > 1 && path->back() == '/') path->pop_back();
  }
  for (std::vector<std::string>* const paths : {&config.allowed_paths, &config.allowed_mounts}) {
    for (std::string& path : *paths) {
      if (path.back() != '/') path += '/';
    }
  }
  return config;
}

std::string FormatAgentConfig(const AgentConfig& config) {
  std::string out =
      "# Belay agent. Everything the agent may do on this node is decided by this file.\n";
  absl::StrAppend(&out, "server: ", QuotedYaml(config.server), "\n");
  absl::StrAppend(&out, "cluster: ", QuotedYaml(config.cluster),
                  "\nnode: ", QuotedYaml(config.node), "\n");
  absl::StrAppend(&out, "state_dir: ", QuotedYaml(config.state_dir), "\n");
  absl::StrAppend(&out, "# The node's file system; the paths below are as seen inside it.\n");
  absl::StrAppend(&out, "host_root: ", QuotedYaml(config.host_root), "\n");
  absl::StrAppend(&out, "manifest_dir: ", QuotedYaml(config.manifest_dir), "\n");
  absl::StrAppend(&out, "apiserver:\n  ca: ", QuotedYaml(config.apiserver.ca),
                  "\n  client_certificate: ", QuotedYaml(config.apiserver.client_certificate),
                  "\n  client_key: ", QuotedYaml(config.apiserver.client_key), "\n");
  if (!config.flag_check) {
    out +=
        "# Arguments are not tried on the running program (--help) before a step.\nflag_check: "
        "off\n";
  }
  if (config.shadow_boot != ShadowBootConfig()) {
    const ShadowBootConfig& shadow = config.shadow_boot;
    absl::StrAppend(&out,
                    "# The real API server is booted with what a step gives it, before the step.\n",
                    "shadow_boot:\n  enabled: ", shadow.enabled ? "true" : "false",
                    shadow.etcd.empty() ? "" : absl::StrCat("\n  etcd: ", QuotedYaml(shadow.etcd)),
                    "\n  timeout: ", shadow.timeout_seconds,
                    "s\n  required: ", shadow.required ? "true" : "false",
                    "\n  min_memory_mib: ", shadow.min_memory_mib, "\n");
  }
  if (!config.kubelet_restart.empty()) {
    absl::StrAppend(&out,
                    "# Restarts kubelet; only root may be able to change it.\nkubelet_restart: ",
                    QuotedYaml(config.kubelet_restart), "\n");
  }
  absl::StrAppend(
      &out,
      "# A rollout waits while there is less room than this, while the node is cordoned, and\n"
      "# while this file is there: its first line is shown as the reason.\nmin_free_mib: ",
      config.min_free_mib, "\nhold_when_cordoned: ", config.hold_when_cordoned ? "true" : "false",
      "\nhold_file: ", QuotedYaml(config.hold_file), "\n");
  absl::StrAppend(
      &out,
      "# Or while an API server of the cluster does not answer where the cluster advertises it.\n",
      "hold_when_unreached: ", config.hold_when_unreached ? "true" : "false", "\n");
  out += YamlList("# Or while another tool says so on the Node object.\nhold_annotations",
                  config.hold_annotations);
  if (!config.cluster_endpoint.empty()) {
    absl::StrAppend(&out, "# The load balancer or virtual address of the API servers.\n",
                    "cluster_endpoint: ", QuotedYaml(config.cluster_endpoint), "\n");
  }
  if (!config.virtual_address.empty()) {
    absl::StrAppend(&out, "# Whoever holds it goes late in a rollout.\nvirtual_address: ",
                    QuotedYaml(config.virtual_address), "\n");
  }
  out += YamlList("# putFile may write only below these.\nallowed_paths", config.allowed_paths);
  out += YamlList("# mountPath may mount only what lies below these.\nallowed_mounts",
                  config.allowed_mounts);
  absl::StrAppend(&out,
                  "# May the coordinator have put back what a signed plan has changed here?\n",
                  "reverts: ", config.reverts ? "allowed" : "refused", "\n");
  absl::StrAppend(&out, FormatTrust(config.trust));
  return out;
}

bool IsCleanPath(std::string_view path) {
  if (path.empty() || path.front() != '/') return false;
  if (path == "/") return true;
  for (const char c : path) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  if (path.back() == '/') path.remove_suffix(1);
  path.remove_prefix(1);
  for (const absl::string_view part :
       absl::StrSplit(absl::string_view(path.data(), path.size()), '/')) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return true;
}

bool IsBelow(std::string_view path, std::string_view directory) {
  if (!directory.empty() && directory.back() == '/') directory.remove_suffix(1);
  return path.size() > directory.size() + 1 && path.substr(0, directory.size()) == directory &&
         path[directory.size()] == '/';
}

}  // namespace belay
