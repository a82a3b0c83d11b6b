#include "node-agent/shadow/shadow_decision.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/safe_text.h"

namespace belay {
namespace {

constexpr std::size_t kMostLines = 3;
constexpr std::size_t kMostColumns = 400;

using End = v1::ShadowResult;

std::string Said(std::string_view text) { return CutTo(SafeLine(text), kMostColumns); }

std::string Seconds(const End& end) { return absl::StrFormat("%.1f s", end.seconds()); }

// The last lines, and the one with which a Go program begins to die where that is none of them.
std::string LastWords(const std::string& log) {
  std::vector<std::string> lines;
  std::string panic;
  for (const absl::string_view line : absl::StrSplit(log, '\n')) {
    const absl::string_view text = absl::StripAsciiWhitespace(line);
    if (text.empty()) continue;
    lines.push_back(Said({text.data(), text.size()}));
    if (panic.empty() && absl::StartsWith(text, "panic:")) panic = lines.back();
  }
  if (lines.empty()) return "it wrote nothing";
  // With this Kubernetes' programs end what they have to say of their arguments and files.
  const bool whole = absl::StartsWith(lines.back(), "Error: ");
  if (whole) lines.erase(lines.begin(), lines.end() - 1);
  lines.erase(lines.begin(),
              lines.end() - static_cast<std::ptrdiff_t>(std::min(lines.size(), kMostLines)));
  if (!panic.empty() && std::find(lines.begin(), lines.end(), panic) == lines.end()) {
    lines.insert(lines.begin(), panic);
  }
  return absl::StrCat("its last words: ", absl::StrJoin(lines, " | "));
}

// In one phrase; nothing of it is known to be the server's own where it is `NOT_BOOTED`.
std::string WhatHappened(const ShadowAnswer& answer) {
  if (!answer.ok()) return Said(std::string(answer.status().message()));
  const End& end = *answer;
  switch (end.end()) {
    case End::READY:
      return absl::StrCat("it was ready after ", Seconds(end));
    case End::EXITED:
      return absl::StrCat(
          "it ended by itself after ", Seconds(end),
          end.exit_code() < 0 ? " by a signal" : absl::StrCat(" with code ", end.exit_code()), "; ",
          LastWords(end.log()));
    case End::NOT_READY:
      return absl::StrCat("it was not ready within ", Seconds(end), ", its last answer was ",
                          Said(end.answer()), "; ", LastWords(end.log()));
    case End::SILENT:
      return absl::StrCat("it gave no answer within ", Seconds(end), "; ", LastWords(end.log()));
    default:  // NOT_BOOTED, and what a newer copy of this program might say
      return end.why().empty() ? "no reason was given" : Said(end.why());
  }
}

bool IsReady(const ShadowAnswer& answer) { return answer.ok() && answer->end() == End::READY; }

// The one of now is booted second, when everything is in memory: it must have been much faster for
// a server that was never well to count as one that never would be.
bool MayOnlyBeSlow(const ShadowAnswer& candidate, const std::optional<ShadowAnswer>& baseline) {
  return candidate.ok() && candidate->end() == End::NOT_READY && baseline && IsReady(*baseline) &&
         (*baseline)->seconds() * 2 > candidate->seconds();
}

}  // namespace

bool NeedsBaseline(const ShadowAnswer& candidate) {
  return candidate.ok() && (candidate->end() == End::EXITED || candidate->end() == End::NOT_READY);
}

ShadowDecision DecideShadow(const ShadowAnswer& candidate,
                            const std::optional<ShadowAnswer>& baseline) {
  using Kind = ShadowDecision::Kind;
  if (IsReady(candidate)) {
    return {Kind::Passed, absl::StrCat("the new arguments and files were tried in a shadow boot of "
                                       "this node's kube-apiserver: ",
                                       WhatHappened(candidate))};
  }
  if (MayOnlyBeSlow(candidate, baseline)) {
    return {Kind::NotDone, absl::StrCat("the shadow boot proves nothing: ", WhatHappened(candidate),
                                        ", and with the arguments of now ", WhatHappened(*baseline),
                                        ", so that it may only be slow here")};
  }
  if (NeedsBaseline(candidate) && baseline && IsReady(*baseline)) {
    return {Kind::Refuse,
            absl::StrCat("the kube-apiserver that runs on this node does not come up with the new "
                         "arguments and files: booted in the shadow, without network and with an "
                         "empty etcd, ",
                         WhatHappened(candidate), ". With the arguments of now ",
                         WhatHappened(*baseline),
                         " there. Nothing was changed and nothing restarted; correct the plan")};
  }
  if (NeedsBaseline(candidate) && baseline) {
    return {Kind::NotDone,
            absl::StrCat("no shadow boot could prove anything here: not even with the arguments of "
                         "now does the API server come up in it (",
                         WhatHappened(*baseline), ")")};
  }
  return {Kind::NotDone,
          absl::StrCat("the shadow boot could not be made: ", WhatHappened(candidate))};
}

}  // namespace belay
