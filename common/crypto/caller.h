// Who calls, and by which certificate: what a connection has proved, as a value without gRPC.
#pragma once
#include <cstdint>
#include <string>

#include "common/crypto/x509.h"

namespace belay {

struct Caller {
  Identity identity;
  std::string certificate_sha256;  // of the DER, lower-case hex
  std::int64_t not_before_unix = 0;
  std::int64_t not_after_unix = 0;
};

}  // namespace belay
