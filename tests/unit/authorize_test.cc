#include "server/driver/authorize.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "belay/v1/admin.pb.h"
#include "belay/v1/agent_link.pb.h"
#include "belay/v1/enrolment.pb.h"

namespace belay {
namespace {

// Every method of every service that there is, from the protos themselves.
std::set<std::string> AllMethods() {
  std::set<std::string> methods;
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

TEST(Authorize, EveryIdentityMayCallExactlyItsOwnMethods) {
  const std::set<std::string> all = AllMethods();
  ASSERT_EQ(all.size(), 29u) << "a new method needs a decision here";
  for (const std::string& method : all) {
    const bool admin = method.rfind("/belay.v1.Admin/", 0) == 0;
    const bool link = method == "/belay.v1.AgentLink/Connect";
    EXPECT_EQ(Authorize(OperatorIdentity{"ada"}, method).ok(), admin) << method;
    EXPECT_EQ(Authorize(NodeIdentity{"prod", "cp1"}, method).ok(), link) << method;
    EXPECT_FALSE(Authorize(CoordinatorIdentity{}, method).ok()) << method;
  }
}

TEST(Authorize, WhatIsNotKnownIsDenied) {
  for (const char* method :
       {"", "/", "ListNodes", "/belay.v1.Admin/", "/belay.v1.Admin/Listnodes",
        "/belay.v1.Admin/ListNodes ", "belay.v1.Admin/ListNodes", "/belay.v2.Admin/ListNodes",
        "/belay.v1.AgentLink/", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"}) {
    for (const Identity& identity :
         {Identity(OperatorIdentity{"ada"}), Identity(NodeIdentity{"prod", "cp1"}),
          Identity(CoordinatorIdentity{})}) {
      const absl::Status status = Authorize(identity, method);
      EXPECT_TRUE(absl::IsPermissionDenied(status)) << method;
      EXPECT_NE(status.message().find(IdentityUri(identity)), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace belay
