// token list, revoke.
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

int List(Session& session, bool all) {
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  v1::ListTokensRequest request;
  request.set_all(all);
  const absl::StatusOr<v1::ListTokensReply> reply = client->ListTokens(request);
  if (!reply.ok()) return FailCall(session, reply.status(), "belayctl token list --help");
  return Print(session, *reply, [&] { return RenderTokens(*reply, session.NowUnix()); });
}

int Revoke(Session& session, const std::string& id) {
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  v1::RevokeTokenRequest request;
  request.set_id(id);
  const absl::StatusOr<v1::Token> token = client->RevokeToken(request);
  if (!token.ok()) return FailCall(session, token.status(), "belayctl token list --all");
  return Print(session, *token, [&] {
    return absl::StrCat("token ", SafeLine(token->id()), " for ", SafeLine(token->cluster()), "/",
                        SafeLine(token->node()), " is of no use any more\n");
  });
}

}  // namespace

void AddTokenVerbs(CLI::App& parent, Session& session) {
  CLI::App* list = parent.add_subcommand("list", "Show the tokens that can be used");
  auto all = std::make_shared<bool>(false);
  list->add_flag("--all", *all, "also those that are spent, expired or revoked");
  list->footer("Examples:\n  belayctl token list\n  belayctl token list --all");
  list->callback(
      [&session, all] { session.run = [&session, all] { return List(session, *all); }; });

  CLI::App* revoke = parent.add_subcommand("revoke", "Make a token useless that is not spent");
  auto id = std::make_shared<std::string>();
  revoke->add_option("ID", *id, "what stands before the '.'; see token list")->required();
  revoke->footer(
      "A certificate that was given for it and not yet confirmed is revoked too.\n\n"
      "Examples:\n  belayctl token revoke 0a1b2c3d4e5f6071");
  revoke->callback(
      [&session, id] { session.run = [&session, id] { return Revoke(session, *id); }; });
}

}  // namespace belay
