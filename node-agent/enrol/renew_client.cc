#include "node-agent/enrol/renew_client.h"

#include <grpcpp/grpcpp.h>

#include "absl/strings/str_cat.h"
#include "belay/v1/agent_link.grpc.pb.h"
#include "common/base/status_macros.h"
#include "common/crypto/x509.h"
#include "common/rpc/status_wire.h"
#include "node-agent/enrol/identity_files.h"

namespace belay {
namespace {
constexpr int kDeadlineSeconds = 15;

absl::StatusOr<std::string> Ask(const std::string& server, const TlsFiles& current,
                                const std::string& csr, std::int64_t now_unix) {
  ASSIGN_OR_RETURN(const auto credentials, MutualTlsChannelCredentials(current, now_unix));
  const auto stub =
      v1::AgentLink::NewStub(grpc::CreateCustomChannel(server, credentials, ClientArguments()));
  v1::RenewRequest request;
  request.set_csr_pem(csr);
  request.set_agent_unix_seconds(now_unix);
  v1::RenewReply reply;
  grpc::ClientContext context;
  context.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                    gpr_time_from_seconds(kDeadlineSeconds, GPR_TIMESPAN)));
  RETURN_IF_ERROR(FromGrpc(stub->Renew(&context, request, &reply)));
  return reply.certificate_pem();
}
}  // namespace

absl::Status RenewIdentity(FileSystem& files, const std::string& state_dir,
                           const std::string& server, const TlsFiles& current,
                           std::int64_t now_unix) {
  KeyPair pair;
  ASSIGN_OR_RETURN(pair.private_key_pem, GenerateP256KeyPem());
  ASSIGN_OR_RETURN(const std::string csr, MakeCsrPem(pair.private_key_pem));
  ASSIGN_OR_RETURN(const CertificateFacts old, CurrentCertificate(files, state_dir));
  ASSIGN_OR_RETURN(pair.certificate_pem, Ask(server, current, csr, now_unix));
  ASSIGN_OR_RETURN(const FileContent ca, files.Read(current.ca));
  RETURN_IF_ERROR(WithContext(CheckKeyPair(pair, ca.bytes, now_unix),
                              "the certificate that the coordinator has issued"));
  ASSIGN_OR_RETURN(const CertificateFacts fresh, ReadCertificate(pair.certificate_pem));
  if (fresh.uris != old.uris) {
    return absl::FailedPreconditionError(
        "the certificate that the coordinator has issued is of another identity");
  }
  return KeepRenewed(files, state_dir, pair);
}

}  // namespace belay
