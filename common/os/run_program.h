// Runs a program to its end, with nothing of ours in its hands: no descriptor but its output, an
// environment of its own, a deadline after which it and its process group are killed, and an output
// that is bounded.  Any thread; blocks.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/os/confine.h"

namespace belay {

// Of a program that was not there, could not be run or could not be confined.
inline constexpr int kProgramNotStarted = 127;

struct ProgramRun {
  std::string path;               // absolute; where fd is not given
  int fd = -1;                    // of the very file to be run; stays the caller's
  std::vector<std::string> argv;  // the first is the name it is called by
  std::vector<std::string> environment = {};
  const Confinement* confinement = nullptr;  // outlives the run; nullptr: with our own rights
  // What it finds on its standard input, from a file without a name; not given: nothing.
  const std::string* input = nullptr;
  // Asked several times a second; once true, it is ended as at its deadline.
  std::function<bool()> give_up = nullptr;
  int deadline_ms = 60'000;
  std::size_t most_output = std::size_t{1} << 20;  // the rest is read and thrown away
};

struct ProgramEnd {
  int exit_code = -1;      // -1: ended by a signal
  bool timed_out = false;  // and killed
  std::string output;      // standard output and error, as they came
};

// UNAVAILABLE when it could not be started.
absl::StatusOr<ProgramEnd> RunProgram(const ProgramRun& run);

}  // namespace belay
