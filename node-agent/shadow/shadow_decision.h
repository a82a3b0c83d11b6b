// What follows from a boot in the shadow.  Pure: it refuses only what the server itself has
// refused, and only where the server of now comes up in the same shadow.
#pragma once
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "belay/v1/shadow.pb.h"

namespace belay {

using ShadowAnswer = absl::StatusOr<v1::ShadowResult>;

struct ShadowDecision {
  enum class Kind {
    Passed,
    Refuse,   // the step must not begin
    NotDone,  // nothing was proved, for a reason that is not the step's
  };
  Kind kind = Kind::NotDone;
  std::string text;  // for people, one line
  bool operator==(const ShadowDecision&) const = default;
};

// Only a server that ended, or answered and was never well, is held against the one of now.
bool NeedsBaseline(const ShadowAnswer& candidate);

// `baseline`: the same for the arguments of now, where NeedsBaseline said so.
ShadowDecision DecideShadow(const ShadowAnswer& candidate,
                            const std::optional<ShadowAnswer>& baseline);

}  // namespace belay
