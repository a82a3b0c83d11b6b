// Renews the agent's certificate well before it expires: when between 60 % and two thirds of its
// life have passed, at another moment on each node, and again and again with growing pauses until
// it succeeds.  An expired certificate cannot ask for another one; that is said, and an operator's
// token helps.
//
// Step decides and acts once; Start runs it on a thread of its own, because a renewal blocks.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/crypto/x509.h"
#include "common/loop/mailbox.h"
#include "common/os/clock.h"

namespace belay {

class Renewer {
 public:
  struct Options {
    std::function<absl::StatusOr<CertificateFacts>()> current;
    std::function<absl::Status()> renew;  // may block; what is current is another one afterwards
    std::function<void()> renewed;
    std::function<double()> fraction;  // from 0 to 1
    std::function<void(const std::string&)> log;
  };
  Renewer(Options options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}
  ~Renewer() { Stop(); }

  // What is due now; seconds until it should be called again.
  std::int64_t Step(std::int64_t now_unix);
  void Start();  // once
  void Stop();   // waits for a renewal that is under way

 private:
  std::int64_t Failed(const absl::Status& status, std::int64_t now_unix, std::int64_t left_seconds);
  std::int64_t Pause(std::int64_t now_unix, std::int64_t seconds);  // `seconds`

  const Options options_;
  const Clock& clock_;  // outlives this
  std::string of_;      // the certificate that `part_` was drawn for
  double part_ = 0;     // of its life, after which it is renewed
  int failures_ = 0;
  // Nothing is tried or said from the one to the other; before the first the clock was set back.
  std::int64_t paused_at_unix_ = 0;
  std::int64_t not_before_unix_ = 0;
  Mailbox<int> stop_{1};
  std::thread thread_;
};

}  // namespace belay
