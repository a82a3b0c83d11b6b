#include <unistd.h>

#include <memory>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "cli/files.h"
#include "cli/render/words.h"
#include "cli/verbs.h"
#include "common/base/safe_text.h"
#include "common/crypto/ed25519.h"

namespace belay {
namespace {

int Generate(Session& session, const std::string& base) {
  const std::string private_path = absl::StrCat(base, ".key");
  const std::string public_path = absl::StrCat(base, ".pub");
  const absl::StatusOr<Ed25519PrivateKey> key = Ed25519PrivateKey::Generate();
  if (!key.ok()) return Fail(session, key.status(), "belayctl key generate --out BASE");
  // The public file first: where it is taken, no private key is left lying about.
  if (const absl::Status status = WriteNewFile(public_path, key->Public().ToPem(), 0644);
      !status.ok()) {
    return Fail(
        session,
        absl::Status(status.code(), absl::StrCat(status.message(), "; nothing was written")),
        "belayctl key generate --out ANOTHER-NAME");
  }
  if (const absl::Status status = WriteNewFile(private_path, key->ToPem(), 0600); !status.ok()) {
    ::unlink(public_path.c_str());
    return Fail(
        session,
        absl::Status(status.code(), absl::StrCat(status.message(), "; nothing was written")),
        "belayctl key generate --out ANOTHER-NAME");
  }
  session.out << "private key  " << SafeLine(private_path) << " (keep it to yourself)\n"
              << "public key   " << SafeLine(public_path) << " (goes to each node's trusted_keys)\n"
              << "key id       " << key->Public().id() << "\n"
              << "next: belayctl plan sign FILE --key " << SafeLine(private_path) << " --out SIGNED"
              << std::endl;
  return kExitDone;
}

}  // namespace

void AddKeyGenerate(CLI::App& parent, Session& session) {
  CLI::App* verb = parent.add_subcommand("generate", "Make a key pair for signing plans (Ed25519)");
  auto base = std::make_shared<std::string>();
  verb->add_option("--out", *base, "writes BASE.key (mode 0600) and BASE.pub; neither may exist")
      ->required();
  verb->footer("Examples:\n  belayctl key generate --out ops");
  verb->callback(
      [&session, base] { session.run = [&session, base] { return Generate(session, *base); }; });
}

}  // namespace belay
