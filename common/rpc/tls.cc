#include "common/rpc/tls.h"

#include <grpcpp/security/tls_credentials_options.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/crypto/pair_file.h"
#include "common/crypto/x509.h"

namespace belay {
namespace {

constexpr char kSuitesVariable[] = "GRPC_SSL_CIPHER_SUITES";
// A TLS 1.2 suite that only a server with an RSA certificate can speak.  TLS 1.3's are not
// affected.
constexpr char kNoUsableTls12Suite[] = "ECDHE-RSA-AES256-GCM-SHA384";
constexpr std::size_t kMaxFileBytes = std::size_t{64} * 1024;

struct Loaded {
  KeyPair pair;
  std::string ca_pem;
};

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("read ", path, ": ", std::strerror(errno)));
  std::string bytes(std::istreambuf_iterator<char>(file), {});
  if (file.bad() || bytes.size() > kMaxFileBytes) {
    return absl::FailedPreconditionError(
        absl::StrCat("read ", path, ": not a file of at most 64 KiB"));
  }
  return bytes;
}

absl::Status CheckTls13Required() {
  const char* suites = std::getenv(kSuitesVariable);
  if (suites != nullptr && std::string(suites) == kNoUsableTls12Suite) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "TLS 1.2 is not ruled out: RequireTls13() was not called before gRPC was used");
}

absl::StatusOr<Loaded> Load(const TlsFiles& files, std::int64_t now_unix) {
  RETURN_IF_ERROR(CheckTls13Required());
  Loaded loaded;
  ASSIGN_OR_RETURN(loaded.pair.certificate_pem, ReadFile(files.certificate));
  if (files.key == files.certificate) {
    ASSIGN_OR_RETURN(loaded.pair, SplitPair(loaded.pair.certificate_pem));
  } else {
    ASSIGN_OR_RETURN(loaded.pair.private_key_pem, ReadFile(files.key));
  }
  ASSIGN_OR_RETURN(loaded.ca_pem, ReadFile(files.ca));
  const absl::Status checked = CheckKeyPair(loaded.pair, loaded.ca_pem, now_unix);
  if (!checked.ok()) {
    return absl::FailedPreconditionError(absl::StrCat("use ", files.certificate, " with ",
                                                      files.key, " and ", files.ca, ": ",
                                                      checked.message()));
  }
  return loaded;
}

using Provider = grpc::experimental::StaticDataCertificateProvider;

std::shared_ptr<Provider> Identified(const Loaded& loaded) {
  return std::make_shared<Provider>(
      loaded.ca_pem, std::vector<grpc::experimental::IdentityKeyCertPair>{
                         {loaded.pair.private_key_pem, loaded.pair.certificate_pem}});
}

}  // namespace

void RequireTls13() { setenv(kSuitesVariable, kNoUsableTls12Suite, 1); }

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MutualTlsServerCredentials(
    const TlsFiles& files, std::int64_t now_unix) {
  ASSIGN_OR_RETURN(const Loaded loaded, Load(files, now_unix));
  grpc::experimental::TlsServerCredentialsOptions options(Identified(loaded));
  // Each of the three silently weakens the server when it is left out.
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  return grpc::experimental::TlsServerCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> EnrolmentServerCredentials(
    const TlsFiles& files, std::int64_t now_unix) {
  ASSIGN_OR_RETURN(Loaded loaded, Load(files, now_unix));
  // A certificate twice in the chain would be no harm, but a chain without the CA cannot be pinned.
  if (loaded.pair.certificate_pem.find(loaded.ca_pem) == std::string::npos) {
    absl::StrAppend(&loaded.pair.certificate_pem, "\n", loaded.ca_pem);
  }
  grpc::experimental::TlsServerCredentialsOptions options(Identified(loaded));
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  return grpc::experimental::TlsServerCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MutualTlsChannelCredentials(
    const TlsFiles& files, std::int64_t now_unix) {
  ASSIGN_OR_RETURN(const Loaded loaded, Load(files, now_unix));
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(Identified(loaded));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  return grpc::experimental::TlsCredentials(options);  // verifies the host name by default
}

std::shared_ptr<grpc::ChannelCredentials> PinnedChannelCredentials(const std::string& ca_pem) {
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(std::make_shared<Provider>(ca_pem));
  options.watch_root_certs();
  return grpc::experimental::TlsCredentials(options);
}

}  // namespace belay
