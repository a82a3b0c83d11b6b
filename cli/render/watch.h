// A rollout as it goes: the frame of the live view, the escape codes that redraw it in place, and
// the plain lines for a pipe.  Pure: clock, width and height come from the caller.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "belay/v1/admin.pb.h"

namespace belay {

struct WatchedRollout {
  v1::Rollout rollout;                           // the last snapshot
  std::map<std::string, v1::Progress> progress;  // by node, the last of each
  std::map<std::string, std::int64_t> since_ms;  // by node, when its progress came (caller's clock)
  std::string notice;  // shown below the table: no coordinator, for example
};

struct Screen {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

// Takes an update in; returns the plain lines for what has changed, without time and line break.
std::vector<std::string> TakeUpdate(WatchedRollout& watched, const v1::RolloutUpdate& update,
                                    std::int64_t now_ms);

// Lines that fit the screen.
std::vector<std::string> LiveFrame(const WatchedRollout& watched, const Screen& screen,
                                   std::int64_t now_ms, std::int64_t now_unix_ms);

// Written at once, replaces a frame of `previous_lines` lines that was written last.
std::string Redraw(std::size_t previous_lines, const std::vector<std::string>& frame);

}  // namespace belay
