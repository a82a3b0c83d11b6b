#include "node-agent/enrol/renewer.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "common/base/time_text.h"

namespace belay {
namespace {
constexpr double kEarliestPart = 0.60;
constexpr double kSpread = 2.0 / 3 - kEarliestPart;
constexpr std::int64_t kLeastPause = 30;
constexpr std::int64_t kMostPause = 3600;
constexpr int kMostDoublings = 7;
constexpr std::int64_t kLook = 60;  // a clock that is set is noticed so soon
}  // namespace

std::int64_t Renewer::Failed(const absl::Status& status, std::int64_t now_unix,
                             std::int64_t left_seconds) {
  // Never so long that the certificate could expire between two attempts.
  const std::int64_t growing = kLeastPause << std::min(failures_++, kMostDoublings);
  const std::int64_t pause =
      std::clamp(std::min(growing, left_seconds / 10), std::int64_t{1}, kMostPause);
  const auto jitter =
      static_cast<std::int64_t>(static_cast<double>(pause) * options_.fraction() / 2);
  options_.log(absl::StrCat("the certificate could not be renewed: ", status.message(),
                            "; tried again in about ", pause, " seconds"));
  return Pause(now_unix, std::max<std::int64_t>(1, pause - jitter));
}

std::int64_t Renewer::Pause(std::int64_t now_unix, std::int64_t seconds) {
  paused_at_unix_ = now_unix;
  not_before_unix_ = now_unix + seconds;
  return seconds;
}

std::int64_t Renewer::Step(std::int64_t now_unix) {
  // A pause that began in what is the future now is a wrong clock's: waiting for its end could
  // outlast the certificate.
  if (now_unix < paused_at_unix_) paused_at_unix_ = not_before_unix_ = 0;
  const absl::StatusOr<CertificateFacts> facts = options_.current();
  if (!facts.ok()) {
    if (now_unix < not_before_unix_) return not_before_unix_ - now_unix;
    return Failed(facts.status(), now_unix, kMostPause * 10);
  }
  if (facts->sha256 != of_) {
    of_ = facts->sha256;
    part_ = kEarliestPart + kSpread * options_.fraction();
    failures_ = 0;
    paused_at_unix_ = not_before_unix_ = 0;
  }
  if (now_unix < not_before_unix_) return not_before_unix_ - now_unix;
  const std::int64_t left = facts->not_after_unix - now_unix;
  if (left < 0) {
    options_.log(absl::StrCat("the certificate has expired at ",
                              FormatUnixSeconds(facts->not_after_unix),
                              ", and an expired one cannot be renewed. Enrol again: belayctl token "
                              "create, then belay-agent enrol with that token"));
    return Pause(now_unix, kMostPause);  // said once an hour
  }
  const double life = static_cast<double>(facts->not_after_unix - facts->not_before_unix);
  const std::int64_t due = facts->not_before_unix + static_cast<std::int64_t>(life * part_);
  if (now_unix < due) return due - now_unix;
  const absl::Status renewed = options_.renew();
  if (!renewed.ok()) return Failed(renewed, now_unix, left);
  options_.log("the certificate is renewed");
  options_.renewed();
  return 1;  // to draw for the new one
}

void Renewer::Start() {
  thread_ = std::thread([this] {
    while (!stop_.closed()) {
      const std::int64_t wait = std::min(kLook, Step(clock_.WallNowUnixMs() / 1000));
      static_cast<void>(stop_.TakeFor(std::chrono::milliseconds(wait * 1000)));
    }
  });
}

void Renewer::Stop() {
  stop_.Close();
  if (thread_.joinable()) thread_.join();
}

}  // namespace belay
