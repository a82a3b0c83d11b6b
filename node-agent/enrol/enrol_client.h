// The agent's half of enrolment.  Order matters: Enrol, make key and certificate durable, Confirm;
// only Confirm spends the token, so a crash in between is mended by enrolling again with the same
// key.
//
// Blocks up to half a minute.  Errors are the server's, with what to do next.
#pragma once
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace belay {

struct EnrolResult {
  std::string certificate_pem;
  std::string ca_pem;  // the pinned one, fetched by FetchPinnedCa; not what the reply says
  std::string cluster;
  std::string node;
  std::uint16_t link_port = 0;
};

// Checks before it returns that the certificate is for this key, from the pinned CA, valid now, and
// names the node that the reply names.
absl::StatusOr<EnrolResult> Enrol(const std::string& host, std::uint16_t port,
                                  const std::string& ca_hash, const std::string& token,
                                  const std::string& private_key_pem, std::int64_t now_unix);
absl::Status ConfirmEnrolment(const std::string& host, std::uint16_t port,
                              const EnrolResult& result, const std::string& token);

}  // namespace belay
