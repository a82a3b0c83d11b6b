#include <memory>
#include <ostream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/duration.h"
#include "cli/render/words.h"
#include "cli/verbs.h"
#include "common/base/safe_text.h"
#include "common/base/time_text.h"

namespace belay {
namespace {

struct Options {
  std::string cluster;
  std::string node;
  std::string valid_for = "24h";
};

// An address that means "every interface" is of no use to an agent: then the name that we reached
// the coordinator by is taken.
std::string EnrolAddress(const std::string& told, const std::string& our_server) {
  const std::size_t colon = told.rfind(':');
  const std::string host = told.substr(0, colon);
  if (colon == std::string::npos || !(host.empty() || host == "0.0.0.0" || host == "[::]"))
    return told;
  return absl::StrCat(our_server.substr(0, our_server.rfind(':')), told.substr(colon));
}

std::string Table(const v1::CreateTokenReply& reply, const Options& options,
                  const std::string& server) {
  return absl::StrCat("token    ", SafeLine(reply.token()), "\nfor      ",
                      SafeLine(options.cluster), "/", SafeLine(options.node), ", once, until ",
                      FormatUnixSeconds(reply.expires_unix()),
                      "\n\nOn the node, as root:\n\n  belay-agent enrol --server ",
                      SafeLine(EnrolAddress(reply.enrol_address(), server)), " --ca-hash ",
                      SafeLine(reply.ca_hash()), " --token ", SafeLine(reply.token()), "\n");
}

int Create(Session& session, const Options& options) {
  const absl::StatusOr<std::int64_t> seconds = ParseSeconds(options.valid_for);
  if (!seconds.ok())
    return Fail(session, seconds.status(), "belayctl token create --help", kExitUsage);
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  v1::CreateTokenRequest request;
  request.set_cluster(options.cluster);
  request.set_node(options.node);
  request.set_valid_seconds(static_cast<std::uint32_t>(*seconds));
  const absl::StatusOr<v1::CreateTokenReply> reply = client->CreateToken(request);
  if (!reply.ok()) return FailCall(session, reply.status(), "belayctl token create --help");
  return Print(session, *reply, [&] { return Table(*reply, options, client->server()); });
}

}  // namespace

void AddTokenCreate(CLI::App& parent, Session& session) {
  CLI::App* verb =
      parent.add_subcommand("create", "Make a one-time token with which one node joins");
  auto options = std::make_shared<Options>();
  verb->add_option("--cluster", options->cluster, "the node's cluster")->required();
  verb->add_option("--node", options->node, "the node's name")->required();
  verb->add_option("--valid-for", options->valid_for, "until when it can be used")
      ->capture_default_str();
  verb->footer(
      "Prints the command to paste on the node.\n\n"
      "Examples:\n  belayctl token create --cluster prod --node cp1\n"
      "  belayctl token create --cluster prod --node cp1 --valid-for 1h -o json");
  verb->callback([&session, options] {
    session.run = [&session, options] { return Create(session, *options); };
  });
}

}  // namespace belay
