#include "common/os/ip_address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>

namespace belay {
namespace {

// Both families, as bytes.
struct Address {
  int family = AF_UNSPEC;
  in_addr v4{};
  in6_addr v6{};
};

Address Parse(const std::string& text) {
  Address address;
  if (inet_pton(AF_INET, text.c_str(), &address.v4) == 1) {
    address.family = AF_INET;
  } else if (inet_pton(AF_INET6, text.c_str(), &address.v6) == 1) {
    address.family = AF_INET6;
  }
  return address;
}

// `own` is as long as its family says.
bool Has(const sockaddr* own, const Address& wanted) {
  if (own->sa_family != wanted.family) return false;
  if (wanted.family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, own, sizeof(in));
    return in.sin_addr.s_addr == wanted.v4.s_addr;
  }
  sockaddr_in6 in6{};
  std::memcpy(&in6, own, sizeof(in6));
  return std::memcmp(&in6.sin6_addr, &wanted.v6, sizeof(wanted.v6)) == 0;
}

}  // namespace

bool IsIpAddress(const std::string& text) { return Parse(text).family != AF_UNSPEC; }

bool IsAddressOfThisMachine(const std::string& ip_address) {
  const Address wanted = Parse(ip_address);
  if (wanted.family == AF_UNSPEC) return false;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return false;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owned(list, &freeifaddrs);
  for (const ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr != nullptr && Has(each->ifa_addr, wanted)) return true;
  }
  return false;
}

}  // namespace belay
