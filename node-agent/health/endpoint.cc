#include "node-agent/health/endpoint.h"

#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "node-agent/manifest/pod.h"

namespace belay {
namespace {

// What Go's strconv.ParseBool takes for false.
bool IsFalse(const std::string& value) {
  return value == "0" || value == "f" || value == "F" || value == "false" || value == "False" ||
         value == "FALSE";
}

}  // namespace

absl::StatusOr<v1::HealthEndpoint> HealthEndpointFor(const std::vector<std::string>& argv) {
  v1::HealthEndpoint endpoint;
  std::uint32_t port = 6443;
  if (const auto given = FlagValue(argv, "secure-port");
      given && (!absl::SimpleAtoi(*given, &port) || port == 0 || port > 65535)) {
    return absl::FailedPreconditionError(
        absl::StrCat("--secure-port=", *given, " is not a port that can be asked"));
  }
  endpoint.set_port(port);
  const std::string bind = FlagValue(argv, "bind-address").value_or("");
  const bool any = bind.empty() || bind == "0.0.0.0" || bind == "::";
  endpoint.set_dial_address(any ? "127.0.0.1" : bind);
  endpoint.set_anonymous(!IsFalse(FlagValue(argv, "anonymous-auth").value_or("true")));
  return endpoint;
}

}  // namespace belay
