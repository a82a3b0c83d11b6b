// What every verb shares: the global options, where to print, and how to fail.  A verb registers
// itself with CLI11 and sets `run`; main runs the one that was chosen.
#pragma once
#include <google/protobuf/message.h>

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/client.h"
#include "common/os/clock.h"

namespace belay {

struct Session {
  std::ostream& out;
  std::ostream& err;
  const Clock& clock;
  bool out_is_terminal = false;
  std::string config_path;       // --config
  std::string timeout = "30s";   // --timeout
  std::string output = "table";  // -o: table, wide, json, yaml
  std::function<int()> run;      // of the chosen verb; returns the exit code

  std::int64_t NowUnixMs() const { return clock.WallNowUnixMs(); }
  std::int64_t NowUnix() const { return NowUnixMs() / 1000; }
};

// Prints the error and, as the last line, the next command to type.  Returns `exit_code`.
int Fail(Session& session, const absl::Status& status, const std::string& next, int exit_code = 1);

absl::StatusOr<std::int64_t> TimeoutMs(const Session& session);

// Reads the configuration and opens a client; on failure prints it and returns null.
std::unique_ptr<Client> Connect(Session& session);

// A failed call of the client: chooses the next command by what went wrong.
int FailCall(Session& session, const absl::Status& status, const std::string& next);

// In the format of -o; `table` is called for table and wide only.
int Print(Session& session, const google::protobuf::Message& message,
          const std::function<std::string()>& table);

}  // namespace belay
