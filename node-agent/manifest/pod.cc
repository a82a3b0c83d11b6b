#include "node-agent/manifest/pod.h"

#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/status_macros.h"
#include "node-agent/manifest/check_bytes.h"
#include "node-agent/manifest/expand.h"
#include "node-agent/manifest/locate.h"
#include "node-agent/manifest/programs.h"
#include "node-agent/manifest/shell_words.h"
#include "node-agent/manifest/tree.h"
#include "node-agent/manifest/volume_list.h"

namespace belay {
namespace {

// Text of a key of a mapping; empty when it is missing or no text.
absl::StatusOr<std::string> TextOf(const ManifestNode* mapping, std::string_view key) {
  if (mapping == nullptr || mapping->kind != ManifestNode::Kind::Mapping) return std::string();
  ASSIGN_OR_RETURN(const ManifestNode* const node, FindKey(*mapping, key));
  return node == nullptr || node->kind == ManifestNode::Kind::Null ? std::string() : node->value;
}

absl::StatusOr<const ManifestNode*> ListOf(const ManifestNode& mapping, std::string_view key) {
  ASSIGN_OR_RETURN(const ManifestNode* const node, FindKey(mapping, key));
  if (node == nullptr || node->kind == ManifestNode::Kind::Null) return nullptr;
  if (node->kind != ManifestNode::Kind::Sequence) {
    return RefuseAtLine(node->line, absl::StrCat("'", std::string(key), "' is not a list"));
  }
  return node;
}

absl::Status ReadTexts(const ManifestNode& container, std::string_view key,
                       std::vector<std::string>& texts) {
  ASSIGN_OR_RETURN(const ManifestNode* const list, ListOf(container, key));
  if (list == nullptr) return absl::OkStatus();
  for (const ManifestNode& item : list->items) {
    if (item.kind != ManifestNode::Kind::Scalar) {
      return RefuseAtLine(item.line,
                          absl::StrCat("an item of '", std::string(key), "' is not a text"));
    }
    texts.push_back(item.value);
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> SendsAuthorization(const ManifestNode& get) {
  ASSIGN_OR_RETURN(const ManifestNode* const headers, ListOf(get, "httpHeaders"));
  if (headers == nullptr) return false;
  for (const ManifestNode& header : headers->items) {
    ASSIGN_OR_RETURN(const std::string name, TextOf(&header, "name"));
    if (absl::AsciiStrToLower(name) == "authorization") return true;
  }
  return false;
}

// A number as YAML or as text; `otherwise` where it is neither.
absl::StatusOr<std::uint32_t> NumberOf(const ManifestNode* mapping, std::string_view key,
                                       std::uint32_t otherwise) {
  ASSIGN_OR_RETURN(const std::string text, TextOf(mapping, key));
  std::uint32_t number = 0;
  return absl::SimpleAtoi(text, &number) ? number : otherwise;
}

// A port is a number or the name of one of the container's.
absl::StatusOr<std::uint32_t> PortOf(const ManifestNode& container, const ManifestNode& get) {
  ASSIGN_OR_RETURN(const std::string wanted, TextOf(&get, "port"));
  ASSIGN_OR_RETURN(const ManifestNode* const ports, ListOf(container, "ports"));
  if (ports != nullptr) {
    for (const ManifestNode& port : ports->items) {
      ASSIGN_OR_RETURN(const std::string name, TextOf(&port, "name"));
      if (!name.empty() && name == wanted) return NumberOf(&port, "containerPort", 0);
    }
  }
  return NumberOf(&get, "port", 0);
}

absl::Status ReadProbes(const ManifestNode& container, ContainerFacts& facts) {
  for (const char* const which : {"livenessProbe", "readinessProbe", "startupProbe"}) {
    ASSIGN_OR_RETURN(const ManifestNode* const probe, FindKey(container, which));
    if (probe == nullptr || probe->kind != ManifestNode::Kind::Mapping) continue;
    ASSIGN_OR_RETURN(const ManifestNode* const get, FindKey(*probe, "httpGet"));
    if (get == nullptr || get->kind != ManifestNode::Kind::Mapping) continue;
    HttpProbeFacts http;
    http.which = which;
    ASSIGN_OR_RETURN(http.path, TextOf(get, "path"));
    ASSIGN_OR_RETURN(http.sends_authorization, SendsAuthorization(*get));
    ASSIGN_OR_RETURN(http.host, TextOf(get, "host"));
    ASSIGN_OR_RETURN(http.port, PortOf(container, *get));
    ASSIGN_OR_RETURN(const std::string scheme, TextOf(get, "scheme"));
    http.https = scheme == "HTTPS";
    ASSIGN_OR_RETURN(http.period_seconds, NumberOf(probe, "periodSeconds", 10));
    ASSIGN_OR_RETURN(http.failure_threshold, NumberOf(probe, "failureThreshold", 3));
    facts.http_probes.push_back(std::move(http));
  }
  return absl::OkStatus();
}

// The host's path of a volume and its type; empty for every other kind.
absl::Status ReadVolume(const ManifestNode* volumes, std::string_view wanted, MountFacts* mount) {
  if (volumes == nullptr) return absl::OkStatus();
  for (const ManifestNode& volume : volumes->items) {
    ASSIGN_OR_RETURN(const std::string name, TextOf(&volume, "name"));
    if (name != wanted || volume.kind != ManifestNode::Kind::Mapping) continue;
    ASSIGN_OR_RETURN(const ManifestNode* const host, FindKey(volume, "hostPath"));
    ASSIGN_OR_RETURN(mount->host_path, TextOf(host, "path"));
    ASSIGN_OR_RETURN(mount->host_type, TextOf(host, "type"));
    return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::StatusOr<ContainerFacts> ReadContainer(const ManifestNode& container,
                                             const ManifestNode* volumes) {
  if (container.kind != ManifestNode::Kind::Mapping) {
    return RefuseAtLine(container.line, "an item of 'containers' is not a container");
  }
  ContainerFacts facts;
  ASSIGN_OR_RETURN(facts.name, TextOf(&container, "name"));
  RETURN_IF_ERROR(ReadTexts(container, "command", facts.command));
  RETURN_IF_ERROR(ReadTexts(container, "args", facts.args));
  RETURN_IF_ERROR(ReadProbes(container, facts));
  ASSIGN_OR_RETURN(const ManifestNode* const mounts, ListOf(container, "volumeMounts"));
  if (mounts != nullptr) {
    for (const ManifestNode& mount : mounts->items) {
      MountFacts seen;
      ASSIGN_OR_RETURN(seen.mount_path, TextOf(&mount, "mountPath"));
      ASSIGN_OR_RETURN(const std::string volume, TextOf(&mount, "name"));
      ASSIGN_OR_RETURN(const std::string part, TextOf(&mount, "subPath"));
      if (mount.kind == ManifestNode::Kind::Mapping) {
        ASSIGN_OR_RETURN(seen.read_only, BoolOf(mount, "readOnly"));
      }
      RETURN_IF_ERROR(ReadVolume(volumes, volume, &seen));
      if (!part.empty()) seen.host_path = "";
      facts.mount_paths.push_back(seen.mount_path);
      facts.mounts.push_back(std::move(seen));
    }
  }
  return facts;
}

// Behind the binary where one of the known ones is seen: what stands in front is a wrapper's.
size_t FlagsBegin(const std::vector<std::string>& argv) {
  static constexpr std::array<std::string_view, 6> kPrograms = {
      "kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd", "kubelet",
      "hyperkube"};
  for (size_t i = 0; i < argv.size(); ++i) {
    for (const std::string_view program : kPrograms) {
      if (!IsFlagWord(argv[i]) && BaseName(argv[i]) == program) return i + 1;
    }
  }
  return 0;
}

}  // namespace

absl::StatusOr<PodFacts> ReadPod(std::string_view bytes) {
  ASSIGN_OR_RETURN(const std::vector<ManifestNode> documents, ParseDocuments(bytes));
  ASSIGN_OR_RETURN(const ManifestNode* const chosen, ChoosePod(documents, ""));
  ASSIGN_OR_RETURN(const ManifestNode root, WithAliasesWrittenOut(*chosen));
  ASSIGN_OR_RETURN(const ManifestNode* const spec, PodSpec(root));
  PodFacts facts;
  facts.kind = "Pod";
  ASSIGN_OR_RETURN(const ManifestNode* const metadata, FindKey(root, "metadata"));
  ASSIGN_OR_RETURN(facts.name, TextOf(metadata, "name"));
  ASSIGN_OR_RETURN(facts.name_space, TextOf(metadata, "namespace"));
  if (facts.name_space.empty()) facts.name_space = "default";
  ASSIGN_OR_RETURN(facts.host_network, BoolOf(*spec, "hostNetwork"));
  ASSIGN_OR_RETURN(const ManifestNode* const containers, ListOf(*spec, "containers"));
  if (containers == nullptr) return facts;
  ASSIGN_OR_RETURN(const ManifestNode* const volumes, ListOf(*spec, "volumes"));
  for (const ManifestNode& container : containers->items) {
    ASSIGN_OR_RETURN(ContainerFacts read, ReadContainer(container, volumes));
    facts.containers.push_back(std::move(read));
  }
  return facts;
}

std::optional<std::string> HostPathOf(const ContainerFacts& container, std::string_view path) {
  std::optional<std::string> found;
  std::size_t longest = 0;
  for (const MountFacts& mount : container.mounts) {
    std::string_view at = mount.mount_path;
    while (at.size() > 1 && at.back() == '/') at.remove_suffix(1);
    const bool root = at == "/";
    if (at.empty() || path.substr(0, at.size()) != at) continue;
    if (!root && path.size() > at.size() && path[at.size()] != '/') continue;
    if (found && at.size() < longest) continue;
    longest = at.size();
    std::string_view on_host = mount.host_path;
    while (!on_host.empty() && on_host.back() == '/') on_host.remove_suffix(1);
    found = std::string(on_host);
    if (!mount.host_path.empty()) found->append(root ? path : path.substr(at.size()));
  }
  if (found && found->empty()) return std::nullopt;
  return found;
}

std::vector<std::string> Argv(const ContainerFacts& container) {
  std::vector<std::string> argv = container.command;
  argv.insert(argv.end(), container.args.begin(), container.args.end());
  return argv;
}

std::vector<std::string> FlagValues(const std::vector<std::string>& given, std::string_view flag) {
  const std::vector<std::string> argv = WithScriptWords(given, {});
  const std::string wanted = NormalFlagName(flag);
  std::vector<std::string> values;
  for (size_t i = FlagsBegin(argv); i < argv.size(); ++i) {
    const std::string_view text = argv[i];
    if (text == "--") break;
    if (!IsFlagWord(text)) continue;
    const std::string_view body = text.substr(text[1] == '-' ? 2 : 1);
    const size_t equals = body.find('=');
    if (NormalFlagName(body.substr(0, equals)) != wanted) continue;
    if (equals != std::string_view::npos) {
      values.emplace_back(body.substr(equals + 1));
      continue;
    }
    // A boolean flag takes no second item, so "--f false" is --f=true and an argument.
    const bool takes_next = i + 1 < argv.size() && !IsFlagWord(argv[i + 1]) &&
                            argv[i + 1] != "--" && argv[i + 1] != "true" && argv[i + 1] != "false";
    values.push_back(takes_next ? argv[i + 1] : "true");
  }
  return values;
}

std::optional<std::string> FlagValue(const std::vector<std::string>& argv, std::string_view flag) {
  std::vector<std::string> values = FlagValues(argv, flag);
  if (values.empty()) return std::nullopt;
  return std::move(values.back());
}

}  // namespace belay
