#include "server/enrolment/init_server.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"
#include "common/crypto/x509.h"

namespace belay {
namespace {

constexpr std::int64_t kYearSeconds = 365LL * 86400;
constexpr char kServerDnsName[] = "belay-coordinator";

bool IsIpAddress(const std::string& text) {
  in6_addr scratch{};
  return inet_pton(AF_INET, text.c_str(), &scratch) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &scratch) == 1;
}

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
  if (!IsValidName(options.operator_name)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", options.operator_name,
        "' is not a name for an operator: lower-case letters, digits, '-' and '.', at most 63"));
  }
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

// Paths below the directory, in the order of their making; a null content is a directory.
struct Tree {
  std::vector<std::string> directories;
  std::map<std::string, std::string> files;
};

std::string ServerYaml(const InitOptions& options, const std::string& host) {
  return absl::StrCat(
      "# Written by belay-server init. Paths are relative to this file's directory.\n",
      "listen: \"", options.listen, "\"            # agents and operators; mutual TLS\n",
      "enrol_listen: \"", options.enrol_listen, "\"      # new agents; Enrolment only\n",
      "advertise: \"", host, "\"\n");
}

absl::StatusOr<Tree> Build(const InitOptions& options, std::string* ca_hash) {
  ASSIGN_OR_RETURN(const KeyPair ca, MakeCa("belay-ca", options.now_unix));
  ASSIGN_OR_RETURN(*ca_hash, CaHash(ca.certificate_pem));
  IssueRequest server{.identity = CoordinatorIdentity{},
                      .dns_names = {kServerDnsName},
                      .ip_addresses = {},
                      .now_unix = options.now_unix,
                      .valid_seconds = kYearSeconds};
  for (const std::string& host : options.advertise) {
    std::vector<std::string>& names = IsIpAddress(host) ? server.ip_addresses : server.dns_names;
    if (std::find(names.begin(), names.end(), host) == names.end()) names.push_back(host);
  }
  ASSIGN_OR_RETURN(const KeyPair server_pair, Issue(ca, server));
  ASSIGN_OR_RETURN(const KeyPair person,
                   Issue(ca, {.identity = OperatorIdentity{options.operator_name},
                              .dns_names = {},
                              .ip_addresses = {},
                              .now_unix = options.now_unix,
                              .valid_seconds = kYearSeconds}));
  const std::string host = options.advertise.empty() ? "127.0.0.1" : options.advertise.front();
  const std::string shown =
      host.find(':') == std::string::npos ? host : absl::StrCat("[", host, "]");
  ASSIGN_OR_RETURN(const std::string port, PortOf(options.listen));
  const std::string home = absl::StrCat("/operators/", options.operator_name);
  Tree tree;
  tree.directories = {"/ca", "/tls", "/operators", home};
  tree.files["/ca/ca.pem"] = ca.certificate_pem;
  tree.files["/ca/ca.key"] = ca.private_key_pem;
  tree.files["/tls/server.pem"] = server_pair.certificate_pem + ca.certificate_pem;
  tree.files["/tls/server.key"] = server_pair.private_key_pem;
  tree.files["/tls/ca.pem"] = ca.certificate_pem;
  tree.files["/server.yaml"] = ServerYaml(options, host);
  tree.files[home + "/ca.pem"] = ca.certificate_pem;
  tree.files[home + "/client.pem"] = person.certificate_pem;
  tree.files[home + "/client.key"] = person.private_key_pem;
  tree.files[home + "/config.yaml"] = absl::StrCat(
      "server: \"", shown, ":", port, "\"\nca: ca.pem\ncertificate: client.pem\nkey: client.key\n");
  return tree;
}

absl::Status MakeParents(FileSystem& files, const std::string& directory) {
  if (files.List(directory).ok()) return absl::OkStatus();
  RETURN_IF_ERROR(MakeParents(files, ParentDirectory(directory)));
  RETURN_IF_ERROR(files.MakeDirectory(directory, 0755));
  return files.Sync(ParentDirectory(directory));
}

absl::Status Write(FileSystem& files, const std::string& root, const Tree& tree) {
  RETURN_IF_ERROR(files.MakeDirectory(root, 0700));
  for (const std::string& directory : tree.directories) {
    RETURN_IF_ERROR(files.MakeDirectory(root + directory, 0700));
  }
  FileAttributes private_file;  // of whoever runs this: the server need not be root
  private_file.mode = 0600;
  private_file.uid = geteuid();
  private_file.gid = getegid();
  for (const auto& [path, bytes] : tree.files) {
    RETURN_IF_ERROR(files.Create(root + path, bytes, private_file));
    RETURN_IF_ERROR(files.Sync(root + path));
  }
  for (const std::string& directory : tree.directories) {
    RETURN_IF_ERROR(files.Sync(root + directory));
  }
  return files.Sync(root);
}

// After an error: what was built has private keys in it and is of no use.
absl::Status Discard(FileSystem& files, const std::string& root, const Tree& tree) {
  absl::Status worst;
  const auto remove = [&](const std::string& path) {
    const absl::Status status = files.Remove(path);
    if (!absl::IsNotFound(status)) worst.Update(status);
  };
  for (const auto& [path, bytes] : tree.files) remove(root + path);
  for (auto it = tree.directories.rbegin(); it != tree.directories.rend(); ++it) remove(root + *it);
  remove(root);
  return worst;
}

absl::Status RefuseExisting(const FileSystem& files, const std::string& directory) {
  const absl::StatusOr<std::vector<DirectoryEntry>> entries = files.List(directory);
  if (absl::IsNotFound(entries.status())) return absl::OkStatus();
  RETURN_IF_ERROR(entries.status());
  if (entries->empty()) return absl::OkStatus();
  return absl::AlreadyExistsError(absl::StrCat(
      directory,
      " is not empty: a server is there already, or something else. Nothing was changed. "
      "Start it with 'belay-server run --dir ",
      directory, "', or choose another --dir"));
}

}  // namespace

absl::StatusOr<InitResult> InitServer(FileSystem& files, const InitOptions& options) {
  RETURN_IF_ERROR(CheckOptions(options));
  RETURN_IF_ERROR(RefuseExisting(files, options.directory));
  InitResult result;
  ASSIGN_OR_RETURN(const Tree tree, Build(options, &result.ca_hash));
  const std::string parent = ParentDirectory(options.directory);
  RETURN_IF_ERROR(MakeParents(files, parent));
  const std::string hidden =
      absl::StrCat(parent == "/" ? "" : parent, "/.", BaseName(options.directory), ".belay-init-",
                   RandomToken(4));
  absl::Status status = Write(files, hidden, tree);
  if (status.ok()) status = files.Rename(hidden, options.directory);  // fails unless empty
  if (!status.ok()) {
    const absl::Status discarded = Discard(files, hidden, tree);
    return absl::Status(status.code(),
                        absl::StrCat("initialise ", options.directory, ": ", status.message(),
                                     ". No server was made",
                                     discarded.ok() ? "" : absl::StrCat("; delete ", hidden)));
  }
  RETURN_IF_ERROR(files.Sync(parent));
  result.operator_config =
      absl::StrCat(options.directory, "/operators/", options.operator_name, "/config.yaml");
  return result;
}

}  // namespace belay
