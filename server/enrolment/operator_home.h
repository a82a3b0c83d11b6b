// What an operator needs to use belayctl: a key, a certificate and config.yaml, in a directory that
// is handed to that person.  Made where the CA's key is, by whoever may read it.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

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

// What the coordinator keeps of an operator whom it has made a certificate.
struct NewOperator {
  std::string name;
  std::vector<std::string> roles;  // of them that there are; added to what he has
  std::string certificate_pem;
  std::string certificate_sha256;
  std::int64_t issued_unix = 0;
  std::int64_t not_after_unix = 0;
};
absl::StatusOr<NewOperator> RecordOf(const NewDirectory& home, const std::string& name,
                                     const std::vector<std::string>& roles, std::int64_t now_unix);

struct OperatorOptions {
  std::string directory;  // of the coordinator, absolute
  std::string name;
  std::string server;  // HOST:PORT
  std::vector<std::string> roles = {"operator"};
  std::int64_t now_unix = 0;
};
// The path of config.yaml.  ALREADY_EXISTS when there is such an operator: nobody's key is
// replaced.  `record` makes him known first: a crash after it leaves a name without a key, which
// the same command ends.
absl::StatusOr<std::string> AddOperator(
    FileSystem& files, const OperatorOptions& options,
    const std::function<absl::Status(const NewOperator&)>& record);

}  // namespace belay
