#include "server/driver/authorize.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "belay/v1/admin.pb.h"
#include "belay/v1/agent_link.pb.h"
#include "belay/v1/enrolment.pb.h"

namespace belay {
namespace {

// Every method of every service that there is, from the protos themselves, and what is decided
// apart from its method.
std::set<std::string> AllMethods() {
  std::set<std::string> methods = {kApproveFleet};
  for (const google::protobuf::FileDescriptor* file :
       {v1::CreateTokenRequest::descriptor()->file(), v1::Hello::descriptor()->file(),
        v1::EnrolRequest::descriptor()->file()}) {
    for (int i = 0; i < file->service_count(); ++i) {
      const auto* service = file->service(i);
      for (int m = 0; m < service->method_count(); ++m) {
        methods.insert("/" + service->full_name() + "/" + service->method(m)->name());
      }
    }
  }
  return methods;
}

// The decision for each: letters of the roles that may (v, o, a for approvers, A for admins), n for
// nodes; in small print whether it only reads.
const std::map<std::string, std::string>& Decided() {
  static const std::map<std::string, std::string> decided = {
      {"/belay.v1.AgentLink/Connect", "n"},        {"/belay.v1.AgentLink/Renew", "n"},
      {"/belay.v1.Enrolment/Enrol", ""},           {"/belay.v1.Enrolment/Confirm", ""},
      {"/belay.v1.Admin/ListNodes", "voaA r"},     {"/belay.v1.Admin/ListRollouts", "voaA r"},
      {"/belay.v1.Admin/GetRollout", "voaA r"},    {"/belay.v1.Admin/WatchRollout", "voaA r"},
      {"/belay.v1.Admin/GetReport", "voaA r"},     {"/belay.v1.Admin/ListFleets", "voaA r"},
      {"/belay.v1.Admin/GetFleet", "voaA r"},      {"/belay.v1.Admin/ListLocks", "voaA r"},
      {"/belay.v1.Admin/ListClusters", "voaA r"},  {"/belay.v1.Admin/ListAuditTrail", "voaA r"},
      {"/belay.v1.Admin/DiffPlan", "oaA r"},       {"/belay.v1.Admin/StartRollout", "oA"},
      {"/belay.v1.Admin/PauseRollout", "oA"},      {"/belay.v1.Admin/ResumeRollout", "oA"},
      {"/belay.v1.Admin/AbortRollout", "oA"},      {"/belay.v1.Admin/RetryRollout", "oA"},
      {"/belay.v1.Admin/RevertRollout", "oA"},     {"/belay.v1.Admin/StartFleet", "oA"},
      {"/belay.v1.Admin/ChangeFleet", "oA"},       {"/belay.v1.Admin/TakeLock", "oA"},
      {"/belay.v1.Admin/ReleaseLock", "oA"},       {"/belay.v1.Admin/LabelNode", "oA"},
      {"/belay.v1.Admin/LabelCluster", "oA"},      {"/belay.v1.Admin/ClearEmergency", "oA"},
      {"/belay.v1.Admin/ApproveRollout", "aA"},    {"/belay.v1.Admin/ChangeFleet#approve", "aA"},
      {"/belay.v1.Admin/BreakLock", "A"},          {"/belay.v1.Admin/CreateToken", "A"},
      {"/belay.v1.Admin/ListTokens", "A r"},       {"/belay.v1.Admin/RevokeToken", "A"},
      {"/belay.v1.Admin/ListCertificates", "A r"}, {"/belay.v1.Admin/RevokeCertificate", "A"},
      {"/belay.v1.Admin/ListRoles", "A r"},        {"/belay.v1.Admin/GrantRole", "A"},
      {"/belay.v1.Admin/RevokeRole", "A"}};
  return decided;
}

const std::map<v1::Role, char> kLetters = {{v1::ROLE_VIEWER, 'v'},
                                           {v1::ROLE_OPERATOR, 'o'},
                                           {v1::ROLE_APPROVER, 'a'},
                                           {v1::ROLE_ADMIN, 'A'}};

TEST(Authorize, EveryMethodThatThereIsHasADecisionAndNoOtherOne) {
  std::set<std::string> decided;
  for (const auto& [method, who] : Decided()) decided.insert(method);
  EXPECT_EQ(AllMethods(), decided) << "a new method needs a decision here and in authorize.cc";
}

TEST(Authorize, EveryRoleMayCallExactlyWhatIsDecided) {
  int checked = 0;
  for (const auto& [method, who] : Decided()) {
    for (const auto& [role, letter] : kLetters) {
      const auto as = Authorize(OperatorIdentity{"ada"}, {role}, method);
      EXPECT_EQ(as.ok(), who.find(letter) != std::string::npos) << method << " as " << letter;
      EXPECT_EQ(as.value_or(RoleName(role)), RoleName(role));
      ++checked;
    }
    EXPECT_FALSE(Authorize(OperatorIdentity{"ada"}, {}, method).ok()) << method;
    EXPECT_FALSE(Authorize(OperatorIdentity{"ada"}, {v1::ROLE_UNSPECIFIED}, method).ok()) << method;
    EXPECT_FALSE(Authorize(OperatorIdentity{"ada"}, {static_cast<v1::Role>(9)}, method).ok());
    EXPECT_EQ(Authorize(NodeIdentity{"prod", "cp1"}, {}, method).ok(), who == "n") << method;
    EXPECT_EQ(Authorize(NodeIdentity{"prod", "cp1"}, EveryRole(), method).ok(), who == "n")
        << method << ": roles are of operators only";
    EXPECT_FALSE(Authorize(CoordinatorIdentity{}, EveryRole(), method).ok()) << method;
    EXPECT_EQ(OnlyReads(method), absl::EndsWith(who, " r")) << method;
  }
  EXPECT_EQ(checked, 4 * 39);
}

TEST(Authorize, RolesAddUpAndAdminIsNotWhatTheyAddUpTo) {
  const Roles both = {v1::ROLE_OPERATOR, v1::ROLE_APPROVER};
  EXPECT_TRUE(Authorize(OperatorIdentity{"ada"}, both, kStartRollout).ok());
  EXPECT_TRUE(Authorize(OperatorIdentity{"ada"}, both, kApproveRollout).ok());
  EXPECT_FALSE(Authorize(OperatorIdentity{"ada"}, both, kBreakLock).ok());
}

TEST(Authorize, ARefusalSaysWhoWhatAndWhichRoleMay) {
  const auto status =
      Authorize(OperatorIdentity{"vic"}, {v1::ROLE_VIEWER}, kApproveRollout).status();
  ASSERT_TRUE(absl::IsPermissionDenied(status));
  for (const char* part :
       {"spiffe://belay/operator/vic", kApproveRollout, "nothing was done", "the role viewer",
        "approver or admin", "belayctl role grant vic ROLE"}) {
    EXPECT_NE(status.message().find(part), std::string::npos) << status;
  }
}

TEST(Authorize, WhatIsNotKnownIsDenied) {
  for (const char* method :
       {"", "/", "ListNodes", "/belay.v1.Admin/", "/belay.v1.Admin/Listnodes",
        "/belay.v1.Admin/ListNodes ", "belay.v1.Admin/ListNodes", "/belay.v2.Admin/ListNodes",
        "/belay.v1.AgentLink/", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"}) {
    EXPECT_FALSE(OnlyReads(method));
    for (const Identity& identity :
         {Identity(OperatorIdentity{"ada"}), Identity(NodeIdentity{"prod", "cp1"}),
          Identity(CoordinatorIdentity{})}) {
      const absl::Status status = Authorize(identity, EveryRole(), method).status();
      EXPECT_TRUE(absl::IsPermissionDenied(status)) << method;
      EXPECT_NE(status.message().find(IdentityUri(identity)), std::string::npos);
    }
  }
}

TEST(Authorize, RolesHaveNamesThatAreReadBack) {
  for (const v1::Role role : EveryRole()) EXPECT_EQ(*ParseRole(RoleName(role)), role);
  for (const char* name : {"", "Admin", "root", "unknown-9"}) EXPECT_FALSE(ParseRole(name).ok());
}

}  // namespace
}  // namespace belay
