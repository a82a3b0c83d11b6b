// What an operator needs to use belayctl: a key, a certificate and config.yaml, in a directory that
// is handed to that person.  Made where the CA's key is, by whoever may read it.
#pragma once
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/crypto/x509.h"
#include "common/os/file_system.h"
#include "server/enrolment/new_directory.h"

namespace belay {

constexpr std::int64_t kCertificateSeconds = 365LL * 86400;  // of operators and coordinator

absl::Status CheckOperatorName(const std::string& name);

// HOST:PORT that operators dial; `listen` has the port, IPv6 hosts get their brackets.
std::string DialAddress(const std::string& host, const std::string& listen);

absl::StatusOr<NewDirectory> OperatorHome(const KeyPair& ca, const std::string& name,
                                          const std::string& server, std::int64_t now_unix);

struct OperatorOptions {
  std::string directory;  // of the coordinator, absolute
  std::string name;
  std::string server;  // HOST:PORT
  std::int64_t now_unix = 0;
};
// The path of config.yaml.  ALREADY_EXISTS when there is such an operator: nobody's key is
// replaced.
absl::StatusOr<std::string> AddOperator(FileSystem& files, const OperatorOptions& options);

}  // namespace belay
