// Everything `belay-server init` makes: CA, server certificate, database with the first operator as
// its admin, his key, and server.yaml, all or nothing.  It is built in a hidden sibling of the
// directory, synced, and renamed into place, so that a crash leaves either no server or a whole one
// (and at worst a hidden directory to delete).
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/os/file_system.h"
#include "server/enrolment/operator_home.h"

namespace belay {

struct InitOptions {
  std::string directory = "/var/lib/belay-server";
  std::string operator_name;
  std::vector<std::string> advertise;  // host names or addresses that operators and agents dial
  std::string listen = "0.0.0.0:7443";
  std::string enrol_listen = "0.0.0.0:7444";
  std::int64_t now_unix = 0;
};
struct InitResult {
  std::string ca_hash;
  std::string operator_config;  // path
};

// The bytes of a database that knows this operator.
using MakeDatabase = std::function<absl::StatusOr<std::string>(const NewOperator& first)>;

// ALREADY_EXISTS when the directory has anything in it; INVALID_ARGUMENT for names and addresses.
absl::StatusOr<InitResult> InitServer(FileSystem& files, const InitOptions& options,
                                      const MakeDatabase& make_database);

}  // namespace belay
