// The calls of the Admin service that are about who may call.
#include "server/driver/admin_call.h"
#include "server/driver/admin_service.h"

namespace belay {

grpc::ServerUnaryReactor* AdminService::ListRoles(grpc::CallbackServerContext* context,
                                                  const v1::ListRolesRequest* request,
                                                  v1::ListRolesReply* reply) {
  return Call(loop_, context, kListRoles, request, reply,
              [](Coordinator& coordinator, const std::string&) { return coordinator.ListRoles(); });
}

grpc::ServerUnaryReactor* AdminService::GrantRole(grpc::CallbackServerContext* context,
                                                  const v1::ChangeRoleRequest* request,
                                                  v1::OperatorRoles* reply) {
  return Call(loop_, context, kGrantRole, request, reply,
              [request](Coordinator& coordinator, const std::string& name) {
                return coordinator.GrantRole(*request, name);
              });
}

grpc::ServerUnaryReactor* AdminService::RevokeRole(grpc::CallbackServerContext* context,
                                                   const v1::ChangeRoleRequest* request,
                                                   v1::OperatorRoles* reply) {
  return Call(loop_, context, kRevokeRole, request, reply,
              [request](Coordinator& coordinator, const std::string& name) {
                return coordinator.RevokeRole(*request, name);
              });
}

grpc::ServerUnaryReactor* AdminService::ListTokens(grpc::CallbackServerContext* context,
                                                   const v1::ListTokensRequest* request,
                                                   v1::ListTokensReply* reply) {
  return Call(loop_, context, kListTokens, request, reply,
              [request](Coordinator& coordinator, const std::string&) {
                return coordinator.ListTokens(*request);
              });
}

grpc::ServerUnaryReactor* AdminService::RevokeToken(grpc::CallbackServerContext* context,
                                                    const v1::RevokeTokenRequest* request,
                                                    v1::Token* reply) {
  return Call(loop_, context, kRevokeToken, request, reply,
              [request](Coordinator& coordinator, const std::string& name) {
                return coordinator.RevokeToken(*request, name);
              });
}

grpc::ServerUnaryReactor* AdminService::ListCertificates(grpc::CallbackServerContext* context,
                                                         const v1::ListCertificatesRequest* request,
                                                         v1::ListCertificatesReply* reply) {
  return Call(loop_, context, kListCertificates, request, reply,
              [request](Coordinator& coordinator, const std::string&) {
                return coordinator.ListCertificates(*request);
              });
}

grpc::ServerUnaryReactor* AdminService::RevokeCertificate(
    grpc::CallbackServerContext* context, const v1::RevokeCertificateRequest* request,
    v1::RevokeCertificateReply* reply) {
  return Call(loop_, context, kRevokeCertificate, request, reply,
              [request](Coordinator& coordinator, const std::string& name) {
                return coordinator.RevokeCertificate(*request, name);
              });
}

grpc::ServerUnaryReactor* AdminService::ListAuditTrail(grpc::CallbackServerContext* context,
                                                       const v1::ListAuditTrailRequest* request,
                                                       v1::ListAuditTrailReply* reply) {
  return Call(loop_, context, kListAuditTrail, request, reply,
              [request](Coordinator& coordinator, const std::string&) {
                return coordinator.ListAuditTrail(*request);
              });
}

}  // namespace belay
