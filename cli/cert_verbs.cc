// cert list, revoke.
#include <memory>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "cli/node_name.h"
#include "cli/render/access.h"
#include "cli/render/words.h"
#include "cli/verbs.h"

namespace belay {
namespace {

struct Options {
  std::string sha256;
  std::string node;
  std::string person;
  std::string reason;
};

int List(Session& session, bool all) {
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  v1::ListCertificatesRequest request;
  request.set_all(all);
  const absl::StatusOr<v1::ListCertificatesReply> reply = client->ListCertificates(request);
  if (!reply.ok()) return FailCall(session, reply.status(), "belayctl cert list --help");
  return Print(session, *reply, [&] {
    return RenderCertificates(*reply, session.NowUnix(), session.output == "wide");
  });
}

int Revoke(Session& session, const Options& options) {
  v1::RevokeCertificateRequest request;
  if (!options.node.empty()) {
    const absl::StatusOr<NodeName> node = ParseNodeName(options.node);
    if (!node.ok()) return Fail(session, node.status(), "belayctl cert revoke --help", kExitUsage);
    request.set_cluster(node->cluster);
    request.set_node(node->node);
  }
  request.set_sha256(options.sha256);
  request.set_operator_(options.person);
  request.set_reason(options.reason);
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  const absl::StatusOr<v1::RevokeCertificateReply> reply = client->RevokeCertificate(request);
  if (!reply.ok()) return FailCall(session, reply.status(), "belayctl cert list --all");
  return Print(session, *reply, [&] {
    return absl::StrCat("revoked: ", RevokedWords(reply->revocation()), "\n", reply->closed(),
                        " open streams were closed\n");
  });
}

}  // namespace

void AddCertVerbs(CLI::App& parent, Session& session) {
  CLI::App* list = parent.add_subcommand("list", "Show the certificates that are good");
  auto all = std::make_shared<bool>(false);
  list->add_flag("--all", *all, "also those that are expired or revoked");
  list->footer(
      "Of nodes, and of operators since belay-server keeps theirs.\n\n"
      "Examples:\n  belayctl cert list\n  belayctl cert list --all -o wide");
  list->callback(
      [&session, all] { session.run = [&session, all] { return List(session, *all); }; });

  CLI::App* revoke = parent.add_subcommand(
      "revoke", "Refuse a certificate from now on, and close what is open with it");
  auto options = std::make_shared<Options>();
  CLI::Option_group* which = revoke->add_option_group("which");
  which->add_option("--node", options->node, "CLUSTER/NODE: all that it has now");
  which->add_option("--operator", options->person, "all that he has now");
  which->add_option("--sha256", options->sha256, "one; see cert list -o wide");
  which->require_option(1);
  revoke->add_option("--reason", options->reason, "why; it is kept and shown")->required();
  revoke->footer(
      "A certificate that is issued later is good: a node comes back with a new token and\n"
      "belay-agent enrol.\n\n"
      "Examples:\n  belayctl cert revoke --operator bob --reason 'his laptop was stolen'\n"
      "  belayctl cert revoke --node prod/cp1 --reason 'the machine was given away'");
  revoke->callback([&session, options] {
    session.run = [&session, options] { return Revoke(session, *options); };
  });
}

}  // namespace belay
