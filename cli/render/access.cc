#include "cli/render/access.h"

#include <array>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/render/table.h"
#include "common/base/safe_text.h"
#include "common/base/time_text.h"

namespace belay {
namespace {
constexpr std::array kRoles = {v1::ROLE_VIEWER, v1::ROLE_OPERATOR, v1::ROLE_APPROVER,
                               v1::ROLE_ADMIN};
}  // namespace

std::string RoleWord(v1::Role role) {
  switch (role) {
    case v1::ROLE_VIEWER:
      return "viewer";
    case v1::ROLE_OPERATOR:
      return "operator";
    case v1::ROLE_APPROVER:
      return "approver";
    case v1::ROLE_ADMIN:
      return "admin";
    default:
      return absl::StrCat("unknown-", static_cast<int>(role));
  }
}

v1::Role RoleNamed(const std::string& word) {
  for (const v1::Role role : kRoles) {
    if (RoleWord(role) == word) return role;
  }
  return v1::ROLE_UNSPECIFIED;
}

std::string RoleWords(const v1::OperatorRoles& person) {
  std::vector<std::string> words;
  for (const int role : person.roles()) words.push_back(RoleWord(static_cast<v1::Role>(role)));
  return words.empty() ? "nothing" : absl::StrJoin(words, ", ");
}

std::string RenderRoles(const v1::ListRolesReply& roles) {
  std::vector<std::vector<std::string>> rows;
  for (const v1::OperatorRoles& person : roles.operators()) {
    rows.push_back({person.name(), RoleWords(person), person.changed_by(),
                    FormatUnixSeconds(person.changed_unix_ms() / 1000)});
  }
  std::string text = RenderTable({"OPERATOR", "ROLES", "CHANGED BY", "AT"}, rows);
  if (roles.unlisted_until_unix() == 0) return text;
  absl::StrAppend(
      &text, "\nwhoever is not listed and has a certificate issued until ",
      FormatUnixSeconds(roles.unlisted_until_unix()),
      " may do everything;\nlist them, then end that: belayctl role revoke --unlisted\n");
  return text;
}

std::string RenderTokens(const v1::ListTokensReply& tokens, std::int64_t now_unix) {
  if (tokens.tokens().empty()) return "no token can be used\n";
  std::vector<std::vector<std::string>> rows;
  for (const v1::Token& token : tokens.tokens()) {
    std::string state = token.bound() ? "used, not confirmed" : "open";
    if (token.expires_unix() <= now_unix) state = "expired";
    if (token.spent()) state = "spent";
    if (!token.revoked_by().empty()) state = absl::StrCat("revoked by ", token.revoked_by());
    rows.push_back({token.id(), absl::StrCat(token.cluster(), "/", token.node()), state,
                    token.created_by(), FormatUnixSeconds(token.expires_unix())});
  }
  return RenderTable({"ID", "NODE", "STATE", "MADE BY", "EXPIRES"}, rows);
}

std::string RevokedWords(const v1::Revocation& revocation) {
  const std::string at = FormatUnixSeconds(revocation.revoked_unix_ms() / 1000);
  const std::string what =
      revocation.sha256().empty()
          ? absl::StrCat("all certificates of ", SafeLine(revocation.identity()),
                         " that were issued until ", at)
          : absl::StrCat("certificate ", SafeLine(revocation.sha256()), " at ", at);
  return absl::StrCat(what, ", by ", SafeLine(revocation.revoked_by()), " (",
                      SafeLine(revocation.reason()), ")");
}

std::string RenderCertificates(const v1::ListCertificatesReply& certificates, std::int64_t now_unix,
                               bool wide) {
  std::vector<std::vector<std::string>> rows;
  for (const v1::Certificate& certificate : certificates.certificates()) {
    std::string state = certificate.not_after_unix() < now_unix ? "expired" : "good";
    if (certificate.has_revocation()) state = "revoked";
    rows.push_back({certificate.identity(), state, FormatUnixSeconds(certificate.issued_unix()),
                    FormatUnixSeconds(certificate.not_after_unix()),
                    wide ? certificate.sha256() : certificate.sha256().substr(0, 12)});
  }
  std::string text = RenderTable({"IDENTITY", "STATE", "ISSUED", "EXPIRES", "SHA256"}, rows);
  for (const v1::Revocation& revocation : certificates.revocations()) {
    absl::StrAppend(&text, "revoked: ", RevokedWords(revocation), "\n");
  }
  return text;
}

std::string RenderAuditTrail(const v1::ListAuditTrailReply& trail) {
  std::vector<std::vector<std::string>> rows;
  for (const v1::AuditEntry& entry : trail.entries()) {
    v1::AuditRecord record;
    if (!record.ParseFromString(entry.record())) {
      rows.push_back({"?", "", "", "", "cannot be read: belayctl audit-trail verify"});
      continue;
    }
    std::string decision = record.decision() == v1::AuditRecord::ALLOWED ? "allowed" : "DENIED";
    if (record.more() > 0) absl::StrAppend(&decision, " (", record.more(), " more)");
    rows.push_back({absl::StrCat(record.number()), FormatUnixSeconds(record.wall_unix_ms() / 1000),
                    record.identity().empty() ? "-" : record.identity(), record.method(), decision,
                    record.target(), record.reason()});
  }
  return RenderTable({"NUMBER", "TIME", "IDENTITY", "METHOD", "DECISION", "TARGET", "REASON"},
                     rows);
}

}  // namespace belay
