#include <algorithm>
#include <cstdint>
#include <iostream>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/crypto/x509.h"
#include "common/os/posix_file_system.h"
#include "common/os/system_clock.h"
#include "common/rpc/tls.h"
#include "node-agent/driver/commands.h"
#include "node-agent/driver/local_files.h"
#include "node-agent/enrol/enrol_client.h"

namespace belay {
namespace {

struct HostAndPort {
  std::string host;
  std::uint16_t port = 0;
};

absl::StatusOr<HostAndPort> SplitServer(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  std::uint32_t port = 0;
  if (colon == std::string::npos || colon == 0 ||
      !absl::SimpleAtoi(text.substr(colon + 1), &port) || port == 0 || port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--server ", text,
        " is not HOST:PORT; give the coordinator's enrolment address, e.g. host:7444"));
  }
  return HostAndPort{text.substr(0, colon), static_cast<std::uint16_t>(port)};
}

void Override(const std::string& given, std::string* value) {
  if (!given.empty()) *value = given;
}

// What this node's configuration says already, or the defaults, with what was given on top.
absl::StatusOr<AgentConfig> BeginConfig(const FileSystem& files, const EnrolCommand& command) {
  AgentConfig config;
  absl::StatusOr<AgentConfig> existing = LoadConfig(files, command.config_path);
  if (existing.ok()) {
    config = *existing;
  } else if (!absl::IsNotFound(existing.status())) {
    return WithContext(existing.status(),
                       "the configuration that is there already has mistakes; correct or move it");
  }
  if (!existing.ok()) config.hold_file = ParentDirectory(command.config_path) + "/hold";
  Override(command.state_dir, &config.state_dir);
  Override(command.host_root, &config.host_root);
  Override(command.manifest_dir, &config.manifest_dir);
  if (!command.allowed_paths.empty()) config.allowed_paths = command.allowed_paths;
  if (config.trust.keys.empty() && command.trust_keys.empty()) {
    return absl::InvalidArgumentError(
        "no key to trust: an agent carries out only plans signed by a key in its own "
        "configuration; give "
        "--trust-key FILE (the public half, PEM). Nothing was changed");
  }
  return config;
}

// A wrong file is found now, not at `run`.
absl::Status CheckGivenKeys(const FileSystem& files, const std::vector<std::string>& paths) {
  if (paths.empty()) return absl::OkStatus();
  TrustConfig given;
  for (const std::string& path : paths) given.keys.push_back({path});
  return LoadTrust(files, given).status();
}

absl::Status CopyTrustedKeys(FileSystem& files, const EnrolCommand& command, AgentConfig* config) {
  if (command.trust_keys.empty()) return absl::OkStatus();
  const std::string directory = absl::StrCat(ParentDirectory(command.config_path), "/keys");
  RETURN_IF_ERROR(MakeDirectories(files, directory));
  for (const std::string& path : command.trust_keys) {
    ASSIGN_OR_RETURN(const FileContent key, files.Read(path));
    const std::string copy = absl::StrCat(directory, "/", BaseName(path));
    if (copy != path) RETURN_IF_ERROR(WriteDurably(files, copy, key.bytes, 0644));
    std::vector<TrustedKeyFile>& known = config->trust.keys;
    const bool is_known = std::any_of(known.begin(), known.end(),
                                      [&copy](const auto& each) { return each.file == copy; });
    if (!is_known) known.push_back({copy});
  }
  return absl::OkStatus();
}

// The key of an enrolment that was cut off is used again: the server gives the same certificate.
absl::StatusOr<std::string> FindOrMakeKey(FileSystem& files, const IdentityFiles& identity) {
  const absl::StatusOr<FileContent> existing = files.Read(identity.key);
  if (existing.ok()) return existing->bytes;
  if (!absl::IsNotFound(existing.status())) return existing.status();
  ASSIGN_OR_RETURN(const std::string key, GenerateP256KeyPem());
  RETURN_IF_ERROR(WriteDurably(files, identity.key, key, 0600));
  return key;
}

}  // namespace

absl::Status EnrolAgent(const EnrolCommand& command) {
  ASSIGN_OR_RETURN(const HostAndPort server, SplitServer(command.server));
  ASSIGN_OR_RETURN(const std::unique_ptr<PosixFileSystem> files, PosixFileSystem::Open("/"));
  ASSIGN_OR_RETURN(const std::unique_ptr<SystemClock> clock, SystemClock::Open());
  ASSIGN_OR_RETURN(AgentConfig config, BeginConfig(*files, command));
  // Every given key is looked at before anything is written.
  RETURN_IF_ERROR(CheckGivenKeys(*files, command.trust_keys));

  const IdentityFiles identity = IdentityIn(config.state_dir);
  RETURN_IF_ERROR(
      WithContext(MakeDirectories(*files, identity.directory), "make the state directory"));
  ASSIGN_OR_RETURN(const std::string key, FindOrMakeKey(*files, identity));
  ASSIGN_OR_RETURN(const EnrolResult result,
                   Enrol(server.host, server.port, command.ca_hash, command.token, key,
                         clock->WallNowUnixMs() / 1000));
  RETURN_IF_ERROR(WriteDurably(*files, identity.ca, result.ca_pem, 0644));
  RETURN_IF_ERROR(WriteDurably(*files, identity.certificate, result.certificate_pem, 0644));
  RETURN_IF_ERROR(ForgetRenewed(*files, config.state_dir));
  config.server = absl::StrCat(server.host, ":", result.link_port);
  config.cluster = result.cluster;
  config.node = result.node;
  RETURN_IF_ERROR(MakeDirectories(*files, ParentDirectory(command.config_path)));
  RETURN_IF_ERROR(CopyTrustedKeys(*files, command, &config));
  const std::string text = FormatAgentConfig(config);
  RETURN_IF_ERROR(
      WithContext(ParseAgentConfig(text, command.config_path).status(),
                  "what was given does not make a good configuration; nothing was written to it"));
  RETURN_IF_ERROR(WriteDurably(*files, command.config_path, text, 0600));
  RETURN_IF_ERROR(WithContext(
      ConfirmEnrolment(server.host, server.port, result, command.token),
      "the certificate is saved but the coordinator has not heard so; run the same command again"));
  std::cout << "enrolled as node " << config.node << " of cluster " << config.cluster
            << "\nconfiguration: " << command.config_path << "\nnext: belay-agent run --config "
            << command.config_path << "\n";
  return absl::OkStatus();
}

}  // namespace belay
