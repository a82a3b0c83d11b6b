#include "cli/rollout_flags.h"

#include "absl/strings/str_cat.h"
#include "cli/duration.h"
#include "cli/window_text.h"
#include "common/base/status_macros.h"

namespace belay {
namespace {

// "" is nothing.
absl::StatusOr<std::uint64_t> Milliseconds(const std::string& option, const std::string& text) {
  if (text.empty()) return 0;
  const absl::StatusOr<std::int64_t> seconds = ParseSeconds(text);
  if (!seconds.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(option, ": ", std::string(seconds.status().message())));
  }
  return static_cast<std::uint64_t>(*seconds) * 1000;
}

}  // namespace

void AddRolloutFlags(CLI::App& verb, RolloutFlags& flags) {
  verb.add_option("--soak", flags.soak,
                  "wait this long after each node before the next begins, such as 10m");
  verb.add_option("--deadline", flags.deadline,
                  "begin no node any more when this has passed, such as 4h");
  verb.add_option("--window", flags.windows,
                  "begin a node only within it: 'sat,sun 22:00-04:00', every week, UTC; several "
                  "for several windows");
  verb.add_flag("--approval", flags.approval,
                "begin only when somebody else has said: belayctl rollout approve");
}

absl::StatusOr<v1::RolloutOptions> OptionsOf(const RolloutFlags& flags) {
  v1::RolloutOptions options;
  ASSIGN_OR_RETURN(const std::uint64_t soak_ms, Milliseconds("--soak", flags.soak));
  ASSIGN_OR_RETURN(const std::uint64_t deadline_ms, Milliseconds("--deadline", flags.deadline));
  for (const std::string& text : flags.windows) {
    const absl::StatusOr<v1::MaintenanceWindow> window = ParseWindow(text);
    if (!window.ok()) return WithContext(window.status(), "--window");
    *options.add_windows() = *window;
  }
  options.set_approval(flags.approval);
  options.set_soak_ms(soak_ms);
  options.set_deadline_ms(deadline_ms);
  return options;
}

}  // namespace belay
