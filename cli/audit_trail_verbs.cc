// audit-trail list, verify.
#include <memory>
#include <ostream>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "cli/render/access.h"
#include "cli/render/words.h"
#include "cli/verbs.h"
#include "common/trail/chain.h"

namespace belay {
namespace {

constexpr std::uint32_t kMostShown = 1000;

int List(Session& session, std::uint32_t last) {
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  v1::ListAuditTrailRequest request;
  request.set_last(last);
  const absl::StatusOr<v1::ListAuditTrailReply> reply = client->ListAuditTrail(request);
  if (!reply.ok()) return FailCall(session, reply.status(), "belayctl audit-trail list --help");
  return Print(session, *reply, [&] { return RenderAuditTrail(*reply); });
}

// The coordinator is believed in nothing but that these are the bytes it has.
absl::StatusOr<TrailReader> ReadAll(Client& client) {
  TrailReader reader;
  while (true) {
    v1::ListAuditTrailRequest request;
    request.set_after(reader.last());
    absl::StatusOr<v1::ListAuditTrailReply> reply = client.ListAuditTrail(request);
    if (!reply.ok()) return reply.status();
    for (const v1::AuditEntry& entry : reply->entries()) {
      if (absl::Status taken = reader.Take(entry); !taken.ok()) return taken;
    }
    if (reply->entries().empty()) return reader;
  }
}

int Verify(Session& session, const std::string& head) {
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  const absl::StatusOr<TrailReader> read = ReadAll(*client);
  if (!read.ok()) return FailCall(session, read.status(), "belayctl audit-trail list");
  if (!head.empty() && !read->Passed(absl::HexStringToBytes(head))) {
    return Fail(session,
                absl::DataLossError(
                    absl::StrCat("the trail of ", read->last(), " records never had the head ",
                                 head, ": its end was cut off, or all of it was written anew")),
                "belayctl audit-trail list", kExitOther);
  }
  session.out << read->last() << " records, each follows from the one before\nhead: "
              << absl::BytesToHexString(read->head()) << "\n";
  return kExitDone;
}

}  // namespace

void AddAuditTrailVerbs(CLI::App& parent, Session& session) {
  CLI::App* list = parent.add_subcommand("list", "Show the newest records");
  auto last = std::make_shared<std::uint32_t>(50);
  list->add_option("--last", *last, "how many")
      ->check(CLI::Range(std::uint32_t{1}, kMostShown))
      ->capture_default_str();
  list->footer("Examples:\n  belayctl audit-trail list --last 200");
  list->callback(
      [&session, last] { session.run = [&session, last] { return List(session, *last); }; });

  CLI::App* verify = parent.add_subcommand(
      "verify", "Read the whole trail and recompute its chain here, record by record");
  auto head = std::make_shared<std::string>();
  verify->add_option("--head", *head, "that was printed earlier and kept elsewhere")
      ->check([](const std::string& text) {
        const bool hex = text.find_first_not_of("0123456789abcdef") == std::string::npos;
        return hex && text.size() == 64 ? std::string() : "it is 64 lower-case hex digits";
      });
  verify->footer(
      "A record that was changed, left out or moved is named.  That the end was cut off or that\n"
      "all was written anew shows only with a head that was kept somewhere else.\n"
      "Exit codes: 0 it is whole, 1 it is not.\n\n"
      "Examples:\n  belayctl audit-trail verify\n  belayctl audit-trail verify --head HASH");
  verify->callback(
      [&session, head] { session.run = [&session, head] { return Verify(session, *head); }; });
}

}  // namespace belay
