#include <memory>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "cli/duration.h"
#include "cli/files.h"
#include "cli/render/plan.h"
#include "cli/render/words.h"
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
  std::string key;
  std::string out;
  std::string valid_for = "7d";
};

int Sign(Session& session, const Options& options) {
  const absl::StatusOr<std::int64_t> valid_seconds = ParseSeconds(options.valid_for);
  if (!valid_seconds.ok()) {
    return Fail(session, valid_seconds.status(), "belayctl plan sign --help", kExitUsage);
  }
  const absl::StatusOr<std::string> text = ReadUserFile(options.file);
  if (!text.ok()) return Fail(session, text.status(), absl::StrCat("ls -l ", options.file));
  CompiledPlan compiled = CompilePlan(*text);
  session.err << RenderMistakes(options.file, compiled.mistakes, false)
              << RenderMistakes(options.file, compiled.warnings, true);
  if (!compiled.mistakes.empty()) {
    return Fail(session, absl::InvalidArgumentError("a plan with mistakes is not signed"),
                absl::StrCat("${EDITOR:-vi} ", options.file));
  }
  const absl::StatusOr<std::string> pem = ReadUserFile(options.key);
  if (!pem.ok()) return Fail(session, pem.status(), "belayctl key generate --out BASE");
  const absl::StatusOr<Ed25519PrivateKey> key = Ed25519PrivateKey::FromPem(*pem);
  if (!key.ok()) return Fail(session, key.status(), "belayctl key generate --out BASE");
  FillValidity(compiled.plan, session.NowUnix(), *valid_seconds);
  if (compiled.plan.not_after_unix() <= session.NowUnix()) {
    return Fail(session,
                absl::FailedPreconditionError(
                    absl::StrCat("notAfter of the plan has passed: ",
                                 FormatUnixSeconds(compiled.plan.not_after_unix()))),
                absl::StrCat("${EDITOR:-vi} ", options.file));
  }
  const v1::SignedPlan plan = SignPlan(compiled.plan, *key);
  const std::string signed_text = WriteSignedPlanFile(plan);
  if (options.out.empty()) {
    session.out << signed_text << std::flush;
    return kExitDone;
  }
  if (const absl::Status status = ReplaceFile(options.out, signed_text, 0644); !status.ok()) {
    return Fail(session, status, absl::StrCat("ls -ld $(dirname ", options.out, ")"));
  }
  session.out << "signed " << SafeLine(compiled.plan.name()) << " as " << PlanDigest(plan)
              << "\nvalid until " << FormatUnixSeconds(compiled.plan.not_after_unix())
              << "\nnext: belayctl rollout start " << SafeLine(options.out)
              << " --cluster CLUSTER --watch" << std::endl;
  return kExitDone;
}

}  // namespace

void AddPlanSign(CLI::App& parent, Session& session) {
  CLI::App* verb = parent.add_subcommand("sign", "Compile a plan and sign it");
  auto options = std::make_shared<Options>();
  verb->add_option("FILE", options->file, "the plan in YAML; - is standard input")->required();
  verb->add_option("--key", options->key, "the private key (PEM, Ed25519)")->required();
  verb->add_option("--out", options->out, "the signed plan; standard output when not given");
  verb->add_option("--valid-for", options->valid_for,
                   "how long it may be carried out where the plan has no notAfter")
      ->capture_default_str();
  verb->footer(
      "Examples:\n  belayctl plan sign audit-logging.yaml --key ops.key --out audit-logging.plan\n"
      "  belayctl plan sign audit-logging.yaml --key ops.key --valid-for 24h > audit-logging.plan");
  verb->callback([&session, options] {
    session.run = [&session, options] { return Sign(session, *options); };
  });
}

}  // namespace belay
