#include "server/enrolment/operator_home.h"

#include "absl/strings/str_cat.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"

namespace belay {

absl::Status CheckOperatorName(const std::string& name) {
  if (IsValidName(name)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "'", name,
      "' is not a name for an operator: lower-case letters, digits, '-' and '.', at most 63"));
}

std::string DialAddress(const std::string& host, const std::string& listen) {
  const bool bare_ipv6 = host.find(':') != std::string::npos;
  return absl::StrCat(bare_ipv6 ? "[" : "", host, bare_ipv6 ? "]" : "",
                      listen.substr(listen.rfind(':')));
}

absl::StatusOr<NewDirectory> OperatorHome(const KeyPair& ca, const std::string& name,
                                          const std::string& server, std::int64_t now_unix) {
  ASSIGN_OR_RETURN(const KeyPair person, Issue(ca, {.identity = OperatorIdentity{name},
                                                    .dns_names = {},
                                                    .ip_addresses = {},
                                                    .now_unix = now_unix,
                                                    .valid_seconds = kCertificateSeconds}));
  NewDirectory home;
  home.files["/ca.pem"] = ca.certificate_pem;
  home.files["/client.pem"] = person.certificate_pem;
  home.files["/client.key"] = person.private_key_pem;
  home.files["/config.yaml"] = absl::StrCat(
      "server: \"", server, "\"\nca: ca.pem\ncertificate: client.pem\nkey: client.key\n");
  return home;
}

absl::StatusOr<NewOperator> RecordOf(const NewDirectory& home, const std::string& name,
                                     const std::vector<std::string>& roles, std::int64_t now_unix) {
  NewOperator made{name, roles, home.files.at("/client.pem"), "", now_unix, 0};
  ASSIGN_OR_RETURN(const CertificateFacts facts, ReadCertificate(made.certificate_pem));
  made.certificate_sha256 = facts.sha256;
  made.not_after_unix = facts.not_after_unix;
  return made;
}

absl::StatusOr<std::string> AddOperator(
    FileSystem& files, const OperatorOptions& options,
    const std::function<absl::Status(const NewOperator&)>& record) {
  RETURN_IF_ERROR(CheckOperatorName(options.name));
  const std::string home = absl::StrCat(options.directory, "/operators/", options.name);
  RETURN_IF_ERROR(
      RefuseExisting(files, home,
                     ": there is an operator of that name already. Nothing was changed; "
                     "choose another name"));
  KeyPair ca;
  ASSIGN_OR_RETURN(FileContent certificate, files.Read(options.directory + "/ca/ca.pem"));
  ASSIGN_OR_RETURN(FileContent key, files.Read(options.directory + "/ca/ca.key"));
  ca.certificate_pem = certificate.bytes;
  ca.private_key_pem = key.bytes;
  ASSIGN_OR_RETURN(const NewDirectory made,
                   OperatorHome(ca, options.name, options.server, options.now_unix));
  ASSIGN_OR_RETURN(const NewOperator known,
                   RecordOf(made, options.name, options.roles, options.now_unix));
  RETURN_IF_ERROR(WithContext(record(known), "note the operator in the coordinator's database"));
  const absl::Status published = Publish(files, made, home);
  if (!published.ok()) {
    return absl::Status(published.code(), absl::StrCat("make ", home, ": ", published.message()));
  }
  return home + "/config.yaml";
}

}  // namespace belay
