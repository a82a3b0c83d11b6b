#include <memory>
#include <ostream>
#include <string>

#include "cli/files.h"
#include "cli/render/words.h"
#include "cli/signing_key.h"
#include "cli/verbs.h"
#include "common/base/safe_text.h"

namespace belay {
namespace {

struct Options {
  SigningKey key;
  std::string out;
};

int ShowPublic(Session& session, const Options& options) {
  const absl::StatusOr<std::unique_ptr<Ed25519Signer>> signer = OpenSigningKey(options.key);
  if (!signer.ok()) return FailKey(session, signer.status());
  const Ed25519PublicKey key = (*signer)->Public();
  if (options.out.empty()) {
    session.out << key.ToPem() << std::flush;
    return kExitDone;
  }
  if (const absl::Status status = WriteNewFile(options.out, key.ToPem(), 0644); !status.ok()) {
    return Fail(session, status, "belayctl key public --key KEY --out ANOTHER-NAME");
  }
  session.out << "public key   " << SafeLine(options.out)
              << " (goes to each node's trusted_keys)\nkey id       " << key.id()
              << "\nnext: belayctl plan sign FILE --key KEY --out SIGNED" << std::endl;
  return kExitDone;
}

}  // namespace

void AddKeyPublic(CLI::App& parent, Session& session) {
  CLI::App* verb =
      parent.add_subcommand("public", "Write the public half of a key, of a PKCS#11 token's too");
  auto options = std::make_shared<Options>();
  verb->add_option("--key", options->key.key,
                   "the private key (PEM, Ed25519), or pkcs11:token=T;object=O of a token")
      ->required();
  verb->add_option("--passphrase-file", options->key.passphrase_file,
                   "its first line opens the key or the token; asked when not given");
  verb->add_option("--out", options->out, "may not exist yet; standard output when not given");
  verb->footer(
      "Examples:\n  belayctl key public --key 'pkcs11:token=hsm;object=security' --out "
      "security.pub");
  verb->callback([&session, options] {
    session.run = [&session, options] { return ShowPublic(session, *options); };
  });
}

}  // namespace belay
