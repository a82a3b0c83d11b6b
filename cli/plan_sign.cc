#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/duration.h"
#include "cli/files.h"
#include "cli/render/plan.h"
#include "cli/render/words.h"
#include "cli/signing_key.h"
#include "cli/verbs.h"
#include "common/base/safe_text.h"
#include "common/base/time_text.h"
#include "common/plan/compile.h"
#include "common/plan/sign.h"
#include "common/plan/signed_file.h"

namespace belay {
namespace {

struct Options {
  std::string file;
  SigningKey key;
  std::string out;
  std::string valid_for;
  bool detached = false;
};
constexpr std::int64_t kValidSeconds = std::int64_t{7} * 86400;

// Compiled and with its window filled in, not signed yet.  Nothing: said why, `exit_code` is set.
std::optional<v1::SignedPlan> FromYaml(Session& session, const Options& options,
                                       const std::string& text, int* exit_code) {
  std::int64_t valid_seconds = kValidSeconds;
  if (!options.valid_for.empty()) {
    const absl::StatusOr<std::int64_t> given = ParseSeconds(options.valid_for);
    if (!given.ok()) {
      *exit_code = Fail(session, given.status(), "belayctl plan sign --help", kExitUsage);
      return std::nullopt;
    }
    valid_seconds = *given;
  }
  CompiledPlan compiled = CompilePlan(text);
  session.err << RenderMistakes(options.file, compiled.mistakes, false)
              << RenderMistakes(options.file, compiled.warnings, true);
  if (!compiled.mistakes.empty()) {
    *exit_code = Fail(session, absl::InvalidArgumentError("a plan with mistakes is not signed"),
                      absl::StrCat("${EDITOR:-vi} ", options.file));
    return std::nullopt;
  }
  FillValidity(compiled.plan, session.NowUnix(), valid_seconds);
  return UnsignedPlan(compiled.plan);
}

// One that others have signed already.
std::optional<v1::SignedPlan> FromSigned(Session& session, const Options& options,
                                         const std::string& text, int* exit_code) {
  if (!options.valid_for.empty()) {
    *exit_code = Fail(
        session,
        absl::InvalidArgumentError(
            "the plan is signed already, and its validity with it; --valid-for is for plans in "
            "YAML"),
        "belayctl plan sign --help", kExitUsage);
    return std::nullopt;
  }
  absl::StatusOr<v1::SignedPlan> plan = ReadSignedPlanFile(text);
  if (!plan.ok()) {
    *exit_code = Fail(session, plan.status(), absl::StrCat("belayctl plan show ", options.file));
    return std::nullopt;
  }
  return *std::move(plan);
}

int Write(Session& session, const Options& options, const v1::SignedPlan& plan,
          const v1::RemediationPlan& decoded, const std::string& key_id) {
  std::string text;
  if (options.detached) {
    v1::PlanSignature signature;
    signature.set_plan_digest(PlanDigest(plan));
    *signature.mutable_signature() = plan.signatures(plan.signatures_size() - 1);
    text = WriteSignatureFile(signature);
  } else {
    text = WriteSignedPlanFile(plan);
  }
  if (options.out.empty()) {
    session.out << text << std::flush;
    return kExitDone;
  }
  if (const absl::Status status = ReplaceFile(options.out, text, 0644); !status.ok()) {
    return Fail(session, status, absl::StrCat("ls -ld $(dirname ", options.out, ")"));
  }
  session.out << "signed " << SafeLine(decoded.name()) << " as " << PlanDigest(plan)
              << "\nvalid until " << FormatUnixSeconds(decoded.not_after_unix());
  if (options.detached || plan.signatures_size() > 1) {
    session.out << "\nby key " << key_id << ", signature "
                << (options.detached ? "alone"
                                     : absl::StrCat(plan.signatures_size(), " of this plan"));
  }
  const std::string out = SafeLine(options.out);
  session.out << "\nnext: "
              << (options.detached
                      ? absl::StrCat("belayctl plan attach ", SafeLine(options.file), " ", out,
                                     " --out SIGNED")
                      : absl::StrCat("belayctl rollout start ", out, " --cluster CLUSTER --watch"))
              << std::endl;
  return kExitDone;
}

int Sign(Session& session, const Options& options) {
  const absl::StatusOr<std::string> text = ReadUserFile(options.file);
  if (!text.ok()) return Fail(session, text.status(), absl::StrCat("ls -l ", options.file));
  const bool again = LooksSigned(*text);
  if (options.detached && !again) {
    return Fail(session,
                absl::InvalidArgumentError(
                    "a signature alone needs the signed plan that it is for: its bytes, with their "
                    "window, are fixed by the first signature"),
                absl::StrCat("belayctl plan sign ", options.file, " --key KEY --out SIGNED"),
                kExitUsage);
  }
  int exit_code = kExitOther;
  std::optional<v1::SignedPlan> plan = again ? FromSigned(session, options, *text, &exit_code)
                                             : FromYaml(session, options, *text, &exit_code);
  if (!plan) return exit_code;
  const absl::StatusOr<v1::RemediationPlan> decoded = DecodeUnverified(*plan);
  if (!decoded.ok()) {
    return Fail(session, decoded.status(), absl::StrCat("belayctl plan show ", options.file));
  }
  if (decoded->not_after_unix() <= session.NowUnix()) {
    return Fail(
        session,
        absl::FailedPreconditionError(absl::StrCat("notAfter of the plan has passed: ",
                                                   FormatUnixSeconds(decoded->not_after_unix()))),
        absl::StrCat("${EDITOR:-vi} ", options.file));
  }
  const absl::StatusOr<std::unique_ptr<Ed25519Signer>> signer = OpenSigningKey(options.key);
  if (!signer.ok()) return FailKey(session, signer.status());
  if (const absl::Status status = AddSignature(*plan, **signer); !status.ok()) {
    return Fail(session, status, "belayctl plan sign --help");
  }
  return Write(session, options, *plan, *decoded, (*signer)->Public().id());
}

}  // namespace

void AddPlanSign(CLI::App& parent, Session& session) {
  CLI::App* verb = parent.add_subcommand(
      "sign", "Compile a plan and sign it, or add a signature to a signed one");
  auto options = std::make_shared<Options>();
  verb->add_option("FILE", options->file, "a plan in YAML or a signed one; - is standard input")
      ->required();
  verb->add_option("--key", options->key.key,
                   "the private key (PEM, Ed25519), or pkcs11:token=T;object=O of a token")
      ->required();
  verb->add_option("--passphrase-file", options->key.passphrase_file,
                   "its first line opens the key or the token; asked when not given");
  verb->add_option("--out", options->out, "the signed plan; standard output when not given");
  verb->add_option("--valid-for", options->valid_for,
                   "how long it may be carried out where the plan has no notAfter (7d)");
  verb->add_flag("--detached", options->detached,
                 "write the new signature alone, for belayctl plan attach");
  verb->footer(
      "Whoever signs a signed plan signs the same bytes: look at them first (belayctl plan show).\n"
      "How many must sign, and who, is each node's own to say (required_signatures).\n\n"
      "Examples:\n  belayctl plan sign audit-logging.yaml --key ops.key --out audit-logging.plan\n"
      "  belayctl plan sign audit-logging.yaml --key ops.key --valid-for 24h > audit-logging.plan\n"
      "  belayctl plan sign audit-logging.plan --key security.key --out audit-logging.plan\n"
      "  belayctl plan sign audit-logging.plan --key 'pkcs11:token=hsm;object=security' --detached "
      "--out security.sig");
  verb->callback([&session, options] {
    session.run = [&session, options] { return Sign(session, *options); };
  });
}

}  // namespace belay
