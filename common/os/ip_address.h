// IP addresses as texts, and those of this machine.
#pragma once
#include <string>

namespace belay {

// IPv4 or IPv6, without brackets, zone or port.
bool IsIpAddress(const std::string& text);

// Whether a network interface of this machine (in the namespace of this process) has this address
// now.  False for what is no address, and where the kernel does not say.
bool IsAddressOfThisMachine(const std::string& ip_address);

}  // namespace belay
