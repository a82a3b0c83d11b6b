// What the API server tells of this node and of its peers, read from the JSON of two objects. Pure.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace belay {

// Of a Node.
struct NodeMarks {
  bool unschedulable = false;                           // cordoned, as by kubectl drain
  std::map<std::string, std::string> annotations = {};  // other tools say there what they are at
};
// Nothing when this is no Node.
std::optional<NodeMarks> ReadNodeMarks(std::string_view node_json);

struct AdvertisedAddress {
  std::string address;  // an IP address
  std::uint32_t port = 0;
  bool operator==(const AdvertisedAddress&) const = default;
};
// Of the Endpoints `kubernetes` in the namespace default: where each API server of the cluster says
// it can be reached (--advertise-address); one that stands still for 15 s is taken out.  Those that
// are no IP address are left out; nothing when these are no Endpoints.
std::optional<std::vector<AdvertisedAddress>> ReadApiServers(std::string_view endpoints_json);

}  // namespace belay
