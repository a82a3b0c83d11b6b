#include "common/plan/signed_file.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/ids.h"
#include "common/base/time_text.h"
#include "common/plan/sign.h"

namespace belay {
namespace {

constexpr absl::string_view kBegin = "-----BEGIN BELAY SIGNED PLAN-----";
constexpr absl::string_view kEnd = "-----END BELAY SIGNED PLAN-----";
constexpr std::size_t kLine = 64;
constexpr std::size_t kMaxText = std::size_t{4} * 1024 * 1024;

absl::Status Bad(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(
      "not a signed plan: ", what, "; make one with: belayctl plan sign FILE --key KEY"));
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
  absl::StrAppend(&text, "# digest: ", PlanDigest(plan), "\n", kBegin, "\n");
  const std::string base64 = absl::Base64Escape(plan.SerializeAsString());
  for (std::size_t at = 0; at < base64.size(); at += kLine) {
    absl::StrAppend(&text, base64.substr(at, kLine), "\n");
  }
  absl::StrAppend(&text, kEnd, "\n");
  return text;
}

absl::StatusOr<v1::SignedPlan> ReadSignedPlanFile(std::string_view text) {
  if (text.size() > kMaxText) return Bad("it is larger than 4 MiB");
  enum class Part { Before, Inside, After };
  Part part = Part::Before;
  std::string base64;
  for (absl::string_view line : absl::StrSplit(absl::string_view(text.data(), text.size()), '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (line == kBegin) {
      if (part != Part::Before) return Bad("there is more than one BEGIN line");
      part = Part::Inside;
    } else if (line == kEnd) {
      if (part != Part::Inside) return Bad("an END line without its BEGIN line");
      part = Part::After;
    } else if (part == Part::Inside) {
      absl::StrAppend(&base64, line);
    }
  }
  if (part == Part::Before) return Bad("there is no BEGIN line");
  if (part == Part::Inside) return Bad("the END line is missing, so the file is cut off");
  std::string bytes;
  // Re-encoding must give the same text: a base64 reader that skips what it does not know is none.
  if (!absl::Base64Unescape(base64, &bytes) || absl::Base64Escape(bytes) != base64) {
    return Bad("what stands between BEGIN and END is not base64");
  }
  v1::SignedPlan plan;
  if (!plan.ParseFromString(bytes) || plan.plan().empty()) {
    return Bad("what stands between BEGIN and END is not a signed plan");
  }
  return plan;
}

bool LooksSigned(std::string_view text) {
  return text.find(std::string_view(kBegin.data(), kBegin.size())) != std::string_view::npos;
}

}  // namespace belay
