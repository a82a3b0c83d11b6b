#include "server/enrolment/init_server.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"
#include "common/crypto/x509.h"
#include "common/os/ip_address.h"
#include "server/enrolment/new_directory.h"
#include "server/enrolment/operator_home.h"

namespace belay {
namespace {

constexpr char kServerDnsName[] = "belay-coordinator";

absl::StatusOr<std::string> PortOf(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  int port = 0;
  if (colon == std::string::npos || colon == 0 ||
      !absl::SimpleAtoi(address.substr(colon + 1), &port) || port < 1 || port > 65535 ||
      address.find_first_of("\n\r\"' ") != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", address, "' is not an address to listen on such as 0.0.0.0:7443"));
  }
  return absl::StrCat(port);
}

absl::Status CheckOptions(const InitOptions& options) {
  RETURN_IF_ERROR(CheckOperatorName(options.operator_name));
  if (options.directory.size() < 2 || options.directory.front() != '/' ||
      options.directory.back() == '/') {
    return absl::InvalidArgumentError(
        absl::StrCat("'", options.directory, "' is not an absolute path without a final '/'"));
  }
  for (const std::string& host : options.advertise) {
    if (!IsIpAddress(host) && !IsValidName(host)) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", host, "' is neither an IP address nor a host name"));
    }
  }
  RETURN_IF_ERROR(PortOf(options.listen).status());
  return PortOf(options.enrol_listen).status();
}

std::string ServerYaml(const InitOptions& options, const std::string& host) {
  return absl::StrCat(
      "# Written by belay-server init. Paths are relative to this file's directory.\n",
      "listen: \"", options.listen, "\"            # agents and operators; mutual TLS\n",
      "enrol_listen: \"", options.enrol_listen, "\"      # new agents; Enrolment only\n",
      "advertise: \"", host, "\"\n");
}

absl::StatusOr<NewDirectory> Build(const InitOptions& options, const MakeDatabase& make_database,
                                   std::string* ca_hash) {
  ASSIGN_OR_RETURN(const KeyPair ca, MakeCa("belay-ca", options.now_unix));
  ASSIGN_OR_RETURN(*ca_hash, CaHash(ca.certificate_pem));
  IssueRequest server{.identity = CoordinatorIdentity{},
                      .dns_names = {kServerDnsName},
                      .ip_addresses = {},
                      .now_unix = options.now_unix,
                      .valid_seconds = kCertificateSeconds};
  for (const std::string& host : options.advertise) {
    std::vector<std::string>& names = IsIpAddress(host) ? server.ip_addresses : server.dns_names;
    if (std::find(names.begin(), names.end(), host) == names.end()) names.push_back(host);
  }
  ASSIGN_OR_RETURN(const KeyPair server_pair, Issue(ca, server));
  const std::string host = options.advertise.empty() ? "127.0.0.1" : options.advertise.front();
  ASSIGN_OR_RETURN(
      const NewDirectory person,
      OperatorHome(ca, options.operator_name, DialAddress(host, options.listen), options.now_unix));
  const std::string home = absl::StrCat("/operators/", options.operator_name);
  ASSIGN_OR_RETURN(const NewOperator first,
                   RecordOf(person, options.operator_name, {"admin"}, options.now_unix));
  NewDirectory tree;
  ASSIGN_OR_RETURN(tree.files["/belay.db"], make_database(first));
  tree.directories = {"/ca", "/tls", "/operators", home};
  tree.files["/ca/ca.pem"] = ca.certificate_pem;
  tree.files["/ca/ca.key"] = ca.private_key_pem;
  tree.files["/tls/server.pem"] = server_pair.certificate_pem + ca.certificate_pem;
  tree.files["/tls/server.key"] = server_pair.private_key_pem;
  tree.files["/tls/ca.pem"] = ca.certificate_pem;
  tree.files["/server.yaml"] = ServerYaml(options, host);
  for (const auto& [path, bytes] : person.files) tree.files[home + path] = bytes;
  return tree;
}

}  // namespace

absl::StatusOr<InitResult> InitServer(FileSystem& files, const InitOptions& options,
                                      const MakeDatabase& make_database) {
  RETURN_IF_ERROR(CheckOptions(options));
  RETURN_IF_ERROR(RefuseExisting(
      files, options.directory,
      absl::StrCat(" is not empty: a server is there already, or something else. Nothing was "
                   "changed. Start it with 'belay-server run --dir ",
                   options.directory, "', or choose another --dir")));
  InitResult result;
  ASSIGN_OR_RETURN(const NewDirectory tree, Build(options, make_database, &result.ca_hash));
  const absl::Status published = Publish(files, tree, options.directory);
  if (!published.ok()) {
    return absl::Status(published.code(),
                        absl::StrCat("initialise ", options.directory, ": ", published.message()));
  }
  result.operator_config =
      absl::StrCat(options.directory, "/operators/", options.operator_name, "/config.yaml");
  return result;
}

}  // namespace belay
