// Boots in namespaces of its own: another copy of this very program (ShadowMain) makes them, and
// with it everything in them ends.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "node-agent/shadow/shadow_boot.h"

namespace belay {

// The first argument with which a program that links this must call ShadowMain at once.
inline constexpr const char* kShadowCommand = "shadow-boot";

struct NamespaceBootOptions {
  std::string scratch;         // a folder of ours; only covered, never written to
  std::string host_root = "";  // as of CurlHealthProbeOptions, like the next three
  std::string ca_file;
  std::string client_certificate_file = "";
  std::string client_key_file = "";
  std::uint64_t min_memory_mib = 1024;  // that the machine must have left
  std::function<bool()> stopping = nullptr;
};

class NamespaceShadowBoot final : public ShadowBoot {
 public:
  explicit NamespaceShadowBoot(NamespaceBootOptions options) : options_(std::move(options)) {}
  // UNAVAILABLE or FAILED_PRECONDITION with what is missing.
  absl::StatusOr<v1::ShadowResult> Boot(const v1::ShadowRequest& request) override;

 private:
  const NamespaceBootOptions options_;
};

// Reads a request from standard input, boots, and writes the result to standard output; the exit
// code of the program.  The only thread of its process, of which it makes something else for good.
int ShadowMain();

}  // namespace belay
