#include "common/plan/signed_file.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"
#include "common/base/time_text.h"
#include "common/plan/sign.h"

namespace belay {
namespace {

constexpr absl::string_view kBegin = "-----BEGIN BELAY SIGNED PLAN-----";
constexpr absl::string_view kEnd = "-----END BELAY SIGNED PLAN-----";
constexpr absl::string_view kBeginSignature = "-----BEGIN BELAY PLAN SIGNATURE-----";
constexpr absl::string_view kEndSignature = "-----END BELAY PLAN SIGNATURE-----";
constexpr std::size_t kLine = 64;
constexpr std::size_t kMaxText = std::size_t{4} * 1024 * 1024;

absl::Status Bad(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(
      "not a signed plan: ", what, "; make one with: belayctl plan sign FILE --key KEY"));
}
absl::Status BadSignature(absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("not a signature: ", what,
                   "; make one with: belayctl plan sign SIGNED-PLAN --key KEY --detached"));
}

std::string Block(absl::string_view begin, const std::string& bytes, absl::string_view end) {
  std::string text = absl::StrCat(begin, "\n");
  const std::string base64 = absl::Base64Escape(bytes);
  for (std::size_t at = 0; at < base64.size(); at += kLine) {
    absl::StrAppend(&text, base64.substr(at, kLine), "\n");
  }
  absl::StrAppend(&text, end, "\n");
  return text;
}

// The bytes of exactly one complete block.
absl::StatusOr<std::string> ReadBlock(std::string_view text, absl::string_view begin,
                                      absl::string_view end,
                                      absl::Status (*bad)(absl::string_view)) {
  if (text.size() > kMaxText) return bad("it is larger than 4 MiB");
  enum class Part { Before, Inside, After };
  Part part = Part::Before;
  std::string base64;
  for (absl::string_view line : absl::StrSplit(absl::string_view(text.data(), text.size()), '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (line == begin) {
      if (part != Part::Before) return bad("there is more than one BEGIN line");
      part = Part::Inside;
    } else if (line == end) {
      if (part != Part::Inside) return bad("an END line without its BEGIN line");
      part = Part::After;
    } else if (part == Part::Inside) {
      absl::StrAppend(&base64, line);
    }
  }
  if (part == Part::Before) return bad("there is no BEGIN line");
  if (part == Part::Inside) return bad("the END line is missing, so the file is cut off");
  std::string bytes;
  // Re-encoding must give the same text: a base64 reader that skips what it does not know is none.
  if (!absl::Base64Unescape(base64, &bytes) || absl::Base64Escape(bytes) != base64) {
    return bad("what stands between BEGIN and END is not base64");
  }
  return bytes;
}

}  // namespace

std::string WriteSignedPlanFile(const v1::SignedPlan& plan) {
  std::string text = "# belay signed plan\n";
  const absl::StatusOr<v1::RemediationPlan> decoded = DecodeUnverified(plan);
  // A name that is none could break out of its comment line.
  if (decoded.ok() && IsValidName(decoded->name())) {
    absl::StrAppend(&text, "# name:   ", decoded->name(),
                    "\n# valid:  ", FormatUnixSeconds(decoded->not_before_unix()), " to ",
                    FormatUnixSeconds(decoded->not_after_unix()), "\n");
  }
  absl::StrAppend(&text, "# digest: ", PlanDigest(plan), "\n",
                  Block(kBegin, plan.SerializeAsString(), kEnd));
  return text;
}

absl::StatusOr<v1::SignedPlan> ReadSignedPlanFile(std::string_view text) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadBlock(text, kBegin, kEnd, Bad));
  v1::SignedPlan plan;
  if (!plan.ParseFromString(bytes) || plan.plan().empty()) {
    return Bad("what stands between BEGIN and END is not a signed plan");
  }
  return plan;
}

std::string WriteSignatureFile(const v1::PlanSignature& signature) {
  return absl::StrCat("# belay plan signature\n# digest: ", signature.plan_digest(),
                      "\n# key id: ", signature.signature().key_id(), "\n",
                      Block(kBeginSignature, signature.SerializeAsString(), kEndSignature));
}

absl::StatusOr<v1::PlanSignature> ReadSignatureFile(std::string_view text) {
  ASSIGN_OR_RETURN(const std::string bytes,
                   ReadBlock(text, kBeginSignature, kEndSignature, BadSignature));
  v1::PlanSignature signature;
  if (!signature.ParseFromString(bytes) || signature.signature().signature().empty()) {
    return BadSignature("what stands between BEGIN and END is none");
  }
  return signature;
}

bool LooksSigned(std::string_view text) {
  return text.find(std::string_view(kBegin.data(), kBegin.size())) != std::string_view::npos;
}

}  // namespace belay
