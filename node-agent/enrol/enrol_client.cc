#include "node-agent/enrol/enrol_client.h"

#include <grpcpp/grpcpp.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "belay/v1/enrolment.grpc.pb.h"
#include "common/base/status_macros.h"
#include "common/crypto/x509.h"
#include "common/rpc/pinned_ca.h"
#include "common/rpc/status_wire.h"
#include "common/rpc/tls.h"

namespace belay {
namespace {

constexpr int kDeadlineSeconds = 15;

std::unique_ptr<v1::Enrolment::Stub> Dial(const std::string& host, std::uint16_t port,
                                          const std::string& ca_pem) {
  const bool ipv6 = host.find(':') != std::string::npos;
  const std::string target =
      ipv6 ? absl::StrCat("[", host, "]:", port) : absl::StrCat(host, ":", port);
  return v1::Enrolment::NewStub(
      grpc::CreateCustomChannel(target, PinnedChannelCredentials(ca_pem), ClientArguments()));
}

void SetDeadline(grpc::ClientContext& context) {
  gpr_timespec deadline = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                       gpr_time_from_seconds(kDeadlineSeconds, GPR_TIMESPAN));
  context.set_deadline(deadline);
}

absl::StatusOr<EnrolResult> CheckReply(const v1::EnrolReply& reply, const std::string& ca_pem,
                                       const std::string& private_key_pem, std::int64_t now_unix) {
  RETURN_IF_ERROR(
      WithContext(CheckKeyPair({private_key_pem, reply.certificate_pem()}, ca_pem, now_unix),
                  "the certificate that the coordinator has issued"));
  ASSIGN_OR_RETURN(const CertificateFacts facts, ReadCertificate(reply.certificate_pem()));
  const Identity expected = NodeIdentity{reply.cluster(), reply.node()};
  if (facts.uris.size() != 1 || facts.uris[0] != IdentityUri(expected) ||
      !ParseIdentityUri(facts.uris[0]).ok()) {
    return absl::FailedPreconditionError(
        "the certificate that the coordinator has issued names another node than its answer");
  }
  if (reply.link_port() == 0 || reply.link_port() > 65535 || reply.server_name() != kServerName) {
    return absl::FailedPreconditionError("the coordinator's answer has no usable address");
  }
  return EnrolResult{reply.certificate_pem(), ca_pem, reply.cluster(), reply.node(),
                     static_cast<std::uint16_t>(reply.link_port())};
}

}  // namespace

absl::StatusOr<EnrolResult> Enrol(const std::string& host, std::uint16_t port,
                                  const std::string& ca_hash, const std::string& token,
                                  const std::string& private_key_pem, std::int64_t now_unix) {
  ASSIGN_OR_RETURN(const std::string csr, MakeCsrPem(private_key_pem));
  ASSIGN_OR_RETURN(const std::string ca_pem, FetchPinnedCa(host, port, ca_hash));
  v1::EnrolRequest request;
  request.set_token(token);
  request.set_csr_pem(csr);
  request.set_agent_unix_seconds(now_unix);
  v1::EnrolReply reply;
  grpc::ClientContext context;
  SetDeadline(context);
  RETURN_IF_ERROR(WithContext(FromGrpc(Dial(host, port, ca_pem)->Enrol(&context, request, &reply)),
                              absl::StrCat("enrol at ", host, ":", port)));
  return CheckReply(reply, ca_pem, private_key_pem, now_unix);
}

absl::Status ConfirmEnrolment(const std::string& host, std::uint16_t port,
                              const EnrolResult& result, const std::string& token) {
  ASSIGN_OR_RETURN(const CertificateFacts facts, ReadCertificate(result.certificate_pem));
  v1::ConfirmRequest request;
  request.set_token(token);
  request.set_certificate_sha256(facts.sha256);
  v1::ConfirmReply reply;
  grpc::ClientContext context;
  SetDeadline(context);
  return WithContext(FromGrpc(Dial(host, port, result.ca_pem)->Confirm(&context, request, &reply)),
                     absl::StrCat("confirm the enrolment at ", host, ":", port));
}

}  // namespace belay
