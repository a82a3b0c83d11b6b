#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/files.h"
#include "cli/render/words.h"
#include "cli/verbs.h"
#include "common/base/safe_text.h"
#include "common/plan/sign.h"
#include "common/plan/signed_file.h"

namespace belay {
namespace {

struct Options {
  std::string plan;
  std::vector<std::string> signatures;
  std::string out;
};

int Attach(Session& session, const Options& options) {
  const absl::StatusOr<std::string> text = ReadUserFile(options.plan);
  if (!text.ok()) return Fail(session, text.status(), absl::StrCat("ls -l ", options.plan));
  absl::StatusOr<v1::SignedPlan> plan = ReadSignedPlanFile(*text);
  if (!plan.ok()) {
    return Fail(session, plan.status(), absl::StrCat("belayctl plan show ", options.plan));
  }
  for (const std::string& file : options.signatures) {
    const absl::StatusOr<std::string> bytes = ReadUserFile(file);
    if (!bytes.ok()) return Fail(session, bytes.status(), absl::StrCat("ls -l ", file));
    const absl::StatusOr<v1::PlanSignature> signature = ReadSignatureFile(*bytes);
    const std::string next =
        absl::StrCat("belayctl plan sign ", SafeLine(options.plan), " --key KEY --detached");
    if (!signature.ok()) return Fail(session, signature.status(), next);
    if (signature->plan_digest() != PlanDigest(*plan)) {
      return Fail(session,
                  absl::FailedPreconditionError(absl::StrCat(
                      SafeLine(file), " signs plan ", SafeLine(signature->plan_digest()),
                      ", and this one is ", PlanDigest(*plan), "; nothing was written")),
                  next);
    }
    PutSignature(*plan, signature->signature());
  }
  const std::string signed_text = WriteSignedPlanFile(*plan);
  if (options.out.empty()) {
    session.out << signed_text << std::flush;
    return kExitDone;
  }
  if (const absl::Status status = ReplaceFile(options.out, signed_text, 0644); !status.ok()) {
    return Fail(session, status, absl::StrCat("ls -ld $(dirname ", options.out, ")"));
  }
  session.out << SafeLine(options.out) << " has " << plan->signatures_size()
              << (plan->signatures_size() == 1 ? " signature" : " signatures") << " of "
              << PlanDigest(*plan) << "\nnext: belayctl plan show " << SafeLine(options.out)
              << std::endl;
  return kExitDone;
}

}  // namespace

void AddPlanAttach(CLI::App& parent, Session& session) {
  CLI::App* verb =
      parent.add_subcommand("attach", "Put signatures that were made elsewhere to their plan");
  auto options = std::make_shared<Options>();
  verb->add_option("PLAN", options->plan, "the signed plan")->required();
  verb->add_option("SIGNATURE", options->signatures, "files of belayctl plan sign --detached")
      ->required();
  verb->add_option("--out", options->out, "the plan with them; standard output when not given");
  verb->footer(
      "A signature is verified by the nodes, which know the keys; here only that it is one for "
      "this plan.\n\n"
      "Examples:\n  belayctl plan attach audit-logging.plan security.sig --out audit-logging.plan");
  verb->callback([&session, options] {
    session.run = [&session, options] { return Attach(session, *options); };
  });
}

}  // namespace belay
