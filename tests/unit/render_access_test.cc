// Roles, tokens, certificates and the audit trail, as operators see them (cli_golden.h).
#include <gtest/gtest.h>

#include "cli/render/access.h"
#include "tests/unit/cli_golden.h"

namespace belay {
namespace {

constexpr std::int64_t kNow = 1'795'000'100;

TEST(RenderAccess, RolesAndThatSomeAreNotListed) {
  v1::ListRolesReply reply;
  v1::OperatorRoles& ada = *reply.add_operators();
  ada.set_name("ada");
  ada.add_roles(v1::ROLE_VIEWER);
  ada.add_roles(v1::ROLE_ADMIN);
  ada.set_changed_by("belay-server");
  ada.set_changed_unix_ms(kNow * 1000);
  reply.add_operators()->set_name("bob");
  reply.set_unlisted_until_unix(kNow);
  ExpectGolden("role_list.txt", RenderRoles(reply));
  for (const char* word : {"viewer", "operator", "approver", "admin"}) {
    EXPECT_EQ(RoleWord(RoleNamed(word)), word);
  }
  EXPECT_EQ(RoleNamed("root"), v1::ROLE_UNSPECIFIED);
}

TEST(RenderAccess, TokensInEveryState) {
  v1::ListTokensReply reply;
  EXPECT_EQ(RenderTokens(reply, kNow), "no token can be used\n");
  for (int state = 0; state < 5; ++state) {
    v1::Token& token = *reply.add_tokens();
    token.set_id("0a1b2c3d4e5f607" + std::to_string(state));
    token.set_cluster("prod");
    token.set_node("cp1");
    token.set_created_by("ada");
    token.set_expires_unix(state == 1 ? kNow : kNow + 60);
    token.set_bound(state == 2);
    token.set_spent(state == 3);
    if (state == 4) token.set_revoked_by("bob");
  }
  ExpectGolden("token_list.txt", RenderTokens(reply, kNow));
}

TEST(RenderAccess, CertificatesAndWhatIsRevoked) {
  v1::ListCertificatesReply reply;
  for (int state = 0; state < 3; ++state) {
    v1::Certificate& certificate = *reply.add_certificates();
    certificate.set_sha256(std::string(64, static_cast<char>('a' + state)));
    certificate.set_identity("spiffe://belay/cluster/prod/node/cp1");
    certificate.set_issued_unix(kNow - 1000);
    certificate.set_not_after_unix(state == 1 ? kNow - 1 : kNow + 1000);
    if (state == 2) certificate.mutable_revocation()->set_sha256(certificate.sha256());
  }
  v1::Revocation& revocation = *reply.add_revocations();
  revocation.set_identity("spiffe://belay/operator/bob");
  revocation.set_reason("his \x1b[31mlaptop");
  revocation.set_revoked_by("ada");
  revocation.set_revoked_unix_ms(kNow * 1000);
  ExpectGolden("cert_list.txt", RenderCertificates(reply, kNow, false));
}

TEST(RenderAccess, TheAuditTrail) {
  v1::ListAuditTrailReply reply;
  v1::AuditRecord record;
  record.set_number(7);
  record.set_wall_unix_ms(kNow * 1000);
  record.set_identity("spiffe://belay/operator/vic");
  record.set_method("/belay.v1.Admin/BreakLock");
  record.set_decision(v1::AuditRecord::DENIED);
  record.set_target("cluster=prod");
  record.set_reason("not \x1b[2Jhis");
  reply.add_entries()->set_record(record.SerializeAsString());
  record.set_number(8);
  record.clear_identity();
  record.set_decision(v1::AuditRecord::ALLOWED);
  record.set_more(17);
  reply.add_entries()->set_record(record.SerializeAsString());
  reply.add_entries()->set_record("\xff\xff");
  ExpectGolden("audit_trail_list.txt", RenderAuditTrail(reply));
}

}  // namespace
}  // namespace belay
