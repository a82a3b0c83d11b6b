#include <unistd.h>

#include <memory>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "cli/files.h"
#include "cli/passphrase.h"
#include "cli/render/words.h"
#include "cli/verbs.h"
#include "common/base/safe_text.h"
#include "common/base/status_macros.h"
#include "common/crypto/ed25519.h"

namespace belay {
namespace {

struct Options {
  std::string base;
  bool encrypt = false;
  std::string passphrase_file;
};

absl::StatusOr<std::string> PemOf(const Ed25519PrivateKey& key, const Options& options) {
  if (!options.encrypt && options.passphrase_file.empty()) return key.ToPem();
  ASSIGN_OR_RETURN(const std::string passphrase,
                   Passphrase(options.passphrase_file, "Passphrase for the new key", true));
  return key.ToEncryptedPem(passphrase);
}

int Generate(Session& session, const Options& options) {
  const std::string& base = options.base;
  const std::string private_path = absl::StrCat(base, ".key");
  const std::string public_path = absl::StrCat(base, ".pub");
  const absl::StatusOr<Ed25519PrivateKey> key = Ed25519PrivateKey::Generate();
  if (!key.ok()) return Fail(session, key.status(), "belayctl key generate --out BASE");
  const absl::StatusOr<std::string> pem = PemOf(*key, options);
  if (!pem.ok()) return Fail(session, pem.status(), "belayctl key generate --help");
  // The public file first: where it is taken, no private key is left lying about.
  if (const absl::Status status = WriteNewFile(public_path, key->Public().ToPem(), 0644);
      !status.ok()) {
    return Fail(
        session,
        absl::Status(status.code(), absl::StrCat(status.message(), "; nothing was written")),
        "belayctl key generate --out ANOTHER-NAME");
  }
  if (const absl::Status status = WriteNewFile(private_path, *pem, 0600); !status.ok()) {
    ::unlink(public_path.c_str());
    return Fail(
        session,
        absl::Status(status.code(), absl::StrCat(status.message(), "; nothing was written")),
        "belayctl key generate --out ANOTHER-NAME");
  }
  session.out << "private key  " << SafeLine(private_path)
              << (IsEncryptedKeyPem(*pem)
                      ? " (opens with the passphrase only)\n"
                      : " (keep it to yourself; --encrypt asks for a passphrase)\n")
              << "public key   " << SafeLine(public_path) << " (goes to each node's trusted_keys)\n"
              << "key id       " << key->Public().id() << "\n"
              << "next: belayctl plan sign FILE --key " << SafeLine(private_path) << " --out SIGNED"
              << std::endl;
  return kExitDone;
}

}  // namespace

void AddKeyGenerate(CLI::App& parent, Session& session) {
  CLI::App* verb = parent.add_subcommand("generate", "Make a key pair for signing plans (Ed25519)");
  auto options = std::make_shared<Options>();
  verb->add_option("--out", options->base,
                   "writes BASE.key (mode 0600) and BASE.pub; neither may exist")
      ->required();
  verb->add_flag("--encrypt", options->encrypt, "ask for a passphrase that opens the private key");
  verb->add_option("--passphrase-file", options->passphrase_file,
                   "encrypt it with the first line of this file");
  verb->footer(
      "A key may also be made in a PKCS#11 token and never leave it: belayctl plan sign --key "
      "pkcs11:...\n\n"
      "Examples:\n  belayctl key generate --out ops --encrypt");
  verb->callback([&session, options] {
    session.run = [&session, options] { return Generate(session, *options); };
  });
}

}  // namespace belay
