#include "node-agent/health/cluster_objects.h"

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "common/os/ip_address.h"
#include "node-agent/configfile/config_value.h"

namespace belay {
namespace {

using Kind = ConfigValue::Kind;

ConfigValue* Find(ConfigValue& map, std::string_view key, Kind kind) {
  if (map.kind != Kind::Map) return nullptr;
  ConfigValue* const found = map.Find(key);
  return found != nullptr && found->kind == kind ? found : nullptr;
}

// The port that is named https, or the only one; 0: none.
std::uint32_t HttpsPort(ConfigValue& subset) {
  ConfigValue* const ports = Find(subset, "ports", Kind::List);
  if (ports == nullptr) return 0;
  for (ConfigValue& each : ports->list) {
    const ConfigValue* const name = Find(each, "name", Kind::Text);
    const ConfigValue* const number = Find(each, "port", Kind::Number);
    const bool https = name == nullptr ? ports->list.size() == 1 : name->text == "https";
    std::uint32_t port = 0;
    if (https && number != nullptr && absl::SimpleAtoi(number->text, &port) && port < 65536) {
      return port;
    }
  }
  return 0;
}

}  // namespace

std::optional<NodeMarks> ReadNodeMarks(std::string_view node_json) {
  absl::StatusOr<ConfigValue> node = ParseJson(node_json);
  if (!node.ok()) return std::nullopt;
  ConfigValue* const spec = Find(*node, "spec", Kind::Map);
  if (spec == nullptr) return std::nullopt;
  NodeMarks marks;
  const ConfigValue* const told = Find(*spec, "unschedulable", Kind::Bool);
  marks.unschedulable = told != nullptr && told->text == "true";
  ConfigValue* const metadata = Find(*node, "metadata", Kind::Map);
  ConfigValue* const annotations =
      metadata == nullptr ? nullptr : Find(*metadata, "annotations", Kind::Map);
  if (annotations == nullptr) return marks;
  for (const ConfigValue::Entry& entry : annotations->map) {
    if (entry.value.kind == Kind::Text) marks.annotations[entry.key] = entry.value.text;
  }
  return marks;
}

std::optional<std::vector<AdvertisedAddress>> ReadApiServers(std::string_view endpoints_json) {
  absl::StatusOr<ConfigValue> endpoints = ParseJson(endpoints_json);
  if (!endpoints.ok()) return std::nullopt;
  ConfigValue* const subsets = Find(*endpoints, "subsets", Kind::List);
  if (subsets == nullptr) return std::nullopt;
  std::vector<AdvertisedAddress> servers;
  for (ConfigValue& subset : subsets->list) {
    const std::uint32_t port = HttpsPort(subset);
    ConfigValue* const addresses = Find(subset, "addresses", Kind::List);
    if (port == 0 || addresses == nullptr) continue;
    for (ConfigValue& each : addresses->list) {
      const ConfigValue* const ip = Find(each, "ip", Kind::Text);
      if (ip != nullptr && IsIpAddress(ip->text)) servers.push_back({ip->text, port});
    }
  }
  return servers;
}

}  // namespace belay
