#include "server/enrolment/enrolment_service.h"

#include "common/crypto/x509.h"
#include "common/rpc/status_wire.h"
#include "common/rpc/tls.h"

namespace belay {
namespace {
constexpr std::size_t kMaxFieldBytes = std::size_t{16} * 1024;

grpc::Status TooLarge() {
  return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT,
                      "the request is larger than any real one");
}
}  // namespace

grpc::Status EnrolmentService::Enrol(grpc::ServerContext*, const v1::EnrolRequest* request,
                                     v1::EnrolReply* reply) {
  if (request->token().size() > kMaxFieldBytes || request->csr_pem().size() > kMaxFieldBytes) {
    return TooLarge();
  }
  const absl::StatusOr<EnrolledNode> enrolled =
      enroller_.Enrol(request->token(), request->csr_pem(), request->agent_unix_seconds(), now_());
  told_("/belay.v1.Enrolment/Enrol",
        enrolled.ok() ? enrolled->node.cluster + "/" + enrolled->node.node : "", enrolled.status());
  if (!enrolled.ok()) return ToGrpc(enrolled.status());
  reply->set_certificate_pem(enrolled->certificate_pem);
  reply->set_ca_pem(enrolled->ca_pem);
  reply->set_cluster(enrolled->node.cluster);
  reply->set_node(enrolled->node.node);
  reply->set_link_port(link_port_);
  reply->set_server_name(kServerName);
  return grpc::Status::OK;
}

grpc::Status EnrolmentService::Confirm(grpc::ServerContext*, const v1::ConfirmRequest* request,
                                       v1::ConfirmReply*) {
  if (request->token().size() > kMaxFieldBytes ||
      request->certificate_sha256().size() > kMaxFieldBytes) {
    return TooLarge();
  }
  const absl::Status confirmed =
      enroller_.Confirm(request->token(), request->certificate_sha256(), now_());
  told_("/belay.v1.Enrolment/Confirm", confirmed.ok() ? request->certificate_sha256() : "",
        confirmed);
  return ToGrpc(confirmed);
}

}  // namespace belay
