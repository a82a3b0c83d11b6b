// role list, grant, revoke.
#include <memory>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "cli/render/access.h"
#include "cli/render/words.h"
#include "cli/verbs.h"
#include "common/base/safe_text.h"

namespace belay {
namespace {

struct Options {
  std::string name;
  std::string role;
  bool unlisted = false;
};

int List(Session& session, const Options&) {
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  const absl::StatusOr<v1::ListRolesReply> reply = client->ListRoles({});
  if (!reply.ok()) return FailCall(session, reply.status(), "belayctl role list --help");
  return Print(session, *reply, [&] { return RenderRoles(*reply); });
}

int Answer(Session& session, const absl::StatusOr<v1::OperatorRoles>& person) {
  if (!person.ok()) return FailCall(session, person.status(), "belayctl role list");
  return Print(session, *person, [&] {
    if (person->name() == "*") return std::string("who is not listed may do nothing any more\n");
    return absl::StrCat("operator ", SafeLine(person->name()), " has now: ", RoleWords(*person),
                        "\n");
  });
}

v1::ChangeRoleRequest RequestOf(const Options& options) {
  v1::ChangeRoleRequest request;
  request.set_name(options.unlisted ? "*" : options.name);
  request.set_role(RoleNamed(options.role));
  return request;
}

int Grant(Session& session, const Options& options) {
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  return Answer(session, client->GrantRole(RequestOf(options)));
}

int Revoke(Session& session, const Options& options) {
  if (options.unlisted != options.name.empty() || options.name.empty() != options.role.empty()) {
    return Fail(session,
                absl::InvalidArgumentError(
                    "it needs an operator and a role, or --unlisted alone; nothing was changed"),
                "belayctl role revoke --help", kExitUsage);
  }
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  return Answer(session, client->RevokeRole(RequestOf(options)));
}

void AddVerb(CLI::App& verb, Session& session, const std::shared_ptr<Options>& options,
             int (*run)(Session&, const Options&)) {
  verb.callback([&session, options, run] {
    session.run = [&session, options, run] { return run(session, *options); };
  });
}

CLI::Option* AddRole(CLI::App& verb, Options& options) {
  return verb.add_option("ROLE", options.role, "viewer, operator, approver or admin")
      ->check(CLI::IsMember({"viewer", "operator", "approver", "admin"}));
}

}  // namespace

void AddRoleVerbs(CLI::App& parent, Session& session) {
  CLI::App* list = parent.add_subcommand("list", "Show who has which roles");
  list->footer("What each role may do: docs/authorisation.md.\n\nExamples:\n  belayctl role list");
  AddVerb(*list, session, std::make_shared<Options>(), List);

  CLI::App* grant = parent.add_subcommand("grant", "Give an operator one more role");
  auto granted = std::make_shared<Options>();
  grant->add_option("NAME", granted->name, "the operator, as in his certificate")->required();
  AddRole(*grant, *granted)->required();
  grant->footer(
      "A new operator also needs a certificate: belay-server operator add NAME --role ROLE.\n\n"
      "Examples:\n  belayctl role grant bob approver");
  AddVerb(*grant, session, granted, Grant);

  CLI::App* revoke = parent.add_subcommand("revoke", "Take a role from an operator, at once");
  auto revoked = std::make_shared<Options>();
  revoke->add_option("NAME", revoked->name, "the operator");
  AddRole(*revoke, *revoked);
  revoke->add_flag("--unlisted", revoked->unlisted,
                   "everything from all who are not in role list, for ever");
  revoke->footer(
      "What he watches ends as well.  The last admin stays one.\n\n"
      "Examples:\n  belayctl role revoke bob operator\n  belayctl role revoke --unlisted");
  AddVerb(*revoke, session, revoked, Revoke);
}

}  // namespace belay
