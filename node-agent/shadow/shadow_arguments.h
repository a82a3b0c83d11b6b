// The arguments of an API server as they are for a boot in the shadow: everything that would lead
// to other machines leads to a throw-away etcd or nowhere, all else stays as it is.  Pure.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace belay {

// The only etcd that a server in the shadow knows; in a network of its own.
inline constexpr const char* kShadowEtcd = "http://127.0.0.1:2379";

// `argv` with the name of the program, maybe behind a wrapper, which is left out.
// FAILED_PRECONDITION: it does not show what would really be run (a shell, $(VAR)).
//
// Not proved by such a boot, because these are replaced or left out: --etcd-servers and what
// belongs to them, --bind-address where it is one of the machine's, --advertise-address where none
// is given,
// --endpoint-reconciler-type, and --egress-selector-config-file, which could lead out through a
// socket.
absl::StatusOr<std::vector<std::string>> ShadowArguments(const std::vector<std::string>& argv);

// Folders that a server with these arguments writes to, and the log that it would append to (empty:
// none).
struct ShadowWrites {
  std::vector<std::string> folders;
  std::vector<std::string> logs;
};
ShadowWrites WritesOf(const std::vector<std::string>& argv);

}  // namespace belay
