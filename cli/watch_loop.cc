#include "cli/watch_loop.h"

#include <memory>
#include <ostream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/render/json.h"
#include "cli/render/rollouts.h"
#include "cli/render/watch.h"
#include "cli/render/words.h"
#include "cli/terminal.h"
#include "common/base/safe_text.h"
#include "common/base/time_text.h"
#include "common/os/pause.h"

namespace belay {
namespace {

constexpr int kTickMs = 1000;

bool MayComeBack(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kDeadlineExceeded:
      return true;
    default:
      return false;
  }
}

class Watcher {
 public:
  Watcher(Session& session, Client& client, std::string rollout_id, std::int64_t timeout_ms)
      : session_(session), client_(client), id_(std::move(rollout_id)), timeout_ms_(timeout_ms) {
    watched_.rollout.set_id(id_);
    json_ = session.output == "json";
    live_ = session.out_is_terminal && !json_;
  }

  int Run() {
    std::unique_ptr<RolloutStream> stream = client_.Watch(id_);
    last_contact_ms_ = NowMs();
    for (;;) {
      const std::optional<absl::StatusOr<v1::RolloutUpdate>> item = stream->NextFor(kTickMs);
      if (!item.has_value()) {
        if (heard_) last_contact_ms_ = NowMs();
      } else if (item->ok()) {
        Take(**item);
        if (IsFinished(watched_.rollout)) return Finish();
      } else {
        if (!MayComeBack(item->status()))
          return FailCall(session_, item->status(), "belayctl rollout list");
        Lost(item->status());
        stream.reset();
        Pause();
        stream = client_.Watch(id_);
      }
      if (NowMs() - last_contact_ms_ > timeout_ms_) return GiveUp();
      Draw();
    }
  }

 private:
  std::int64_t NowMs() const { return session_.clock.BootNowNs() / 1'000'000; }

  void Line(const std::string& text) {
    if (live_ || json_) return;
    session_.out << FormatUnixMillis(session_.NowUnixMs()) << " " << text << std::endl;
  }

  void Take(const v1::RolloutUpdate& update) {
    if (!watched_.notice.empty()) Line("connected to the coordinator again");
    watched_.notice.clear();
    heard_ = true;
    last_contact_ms_ = NowMs();
    if (json_) session_.out << ToJsonLine(update) << std::flush;
    for (const std::string& line : TakeUpdate(watched_, update, NowMs())) Line(line);
  }

  void Lost(const absl::Status& status) {
    heard_ = false;
    if (!watched_.notice.empty()) return;
    watched_.notice = absl::StrCat("the coordinator at ", client_.server(), " does not answer (",
                                   std::string(status.message()), "); trying again for up to ",
                                   timeout_ms_ / 1000, " s; the nodes do not need this view");
    if (json_) {
      session_.err << SafeLine(watched_.notice) << std::endl;
    } else {
      Line(SafeLine(watched_.notice));
    }
    Draw();
  }

  // A coordinator that accepts and ends each stream at once must not be asked without a rest.
  void Pause() {
    if (client_.WaitForConnection(kTickMs)) Stopper().For(250'000'000);
  }

  void Draw() {
    if (!live_) return;
    const std::vector<std::string> frame =
        LiveFrame(watched_, ScreenSize(), NowMs(), session_.NowUnixMs());
    // One write: a terminal never shows half a frame.
    session_.out << Redraw(drawn_lines_, frame) << std::flush;
    drawn_lines_ = frame.size();
  }

  int Finish() {
    Draw();
    const int code = ExitCodeOf(watched_.rollout);
    session_.out.flush();
    if (code != kExitDone) {
      session_.err << "belayctl: rollout " << SafeLine(id_) << " " << OutcomeLine(watched_.rollout)
                   << "\nnext: " << SafeLine(NextCommand(watched_.rollout)) << std::endl;
    }
    return code;
  }

  int GiveUp() {
    return Fail(session_,
                absl::UnavailableError(absl::StrCat(
                    "the coordinator at ", client_.server(), " was not reachable for ",
                    timeout_ms_ / 1000, " s; the node in flight ends its transaction by itself")),
                absl::StrCat("belayctl rollout watch ", id_));
  }

  Session& session_;  // outlives this
  Client& client_;    // outlives this
  const std::string id_;
  const std::int64_t timeout_ms_;
  WatchedRollout watched_;
  bool json_ = false;
  bool live_ = false;
  bool heard_ = false;  // on the stream that is open
  std::int64_t last_contact_ms_ = 0;
  std::size_t drawn_lines_ = 0;
};

}  // namespace

int WatchUntilDone(Session& session, Client& client, const std::string& rollout_id) {
  const absl::StatusOr<std::int64_t> timeout_ms = TimeoutMs(session);
  if (!timeout_ms.ok()) return Fail(session, timeout_ms.status(), "belayctl --help", kExitUsage);
  return Watcher(session, client, rollout_id, *timeout_ms).Run();
}

}  // namespace belay
