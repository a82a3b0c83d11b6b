// A stand-in for kube-apiserver: speaks TLS, refuses wrong flags and missing files as the real one
// does, and asks the real etcd.  It serves no API.
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/standin/apiserver_files.h"
#include "tests/support/standin/apiserver_flags.h"
#include "tests/support/standin/apiserver_server.h"
#include "tests/support/standin/container_view.h"
#include "tests/support/standin/posix.h"

namespace {

using namespace belay::standin;

// The real one needs this long to find out; a process that is gone at once could not be seen at
// all.
constexpr std::int64_t kFlagErrorMs = 250;
constexpr std::int64_t kFileErrorMs = 600;

int Fail(const absl::Status& status, std::int64_t after_ms) {
  SleepMs(after_ms);
  std::fputs(absl::StrCat("Error: ", std::string(status.message()), "\n").c_str(), stderr);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && arguments.back() == "--help") {
    // As the real one: what stands before it is parsed first.
    const absl::StatusOr<Flags> before = ParseFlags({arguments.begin(), arguments.end() - 1});
    if (!before.ok()) return Fail(before.status(), 0);
    std::puts(
        "kube-apiserver (Belay's stand-in for tests and the demo; NOT the Kubernetes API server)\n"
        "Takes the flags of kube-apiserver 1.20; answers /livez, /readyz, /healthz and /version "
        "over TLS.");
    return 0;
  }
  Log("this is a stand-in for kube-apiserver, not the real one");
  const absl::StatusOr<Flags> flags = ParseFlags(arguments);
  if (!flags.ok()) return Fail(flags.status(), kFlagErrorMs);
  const ContainerView view = ContainerView::FromEnvironment();
  if (const absl::Status files = CheckFiles(*flags, view); !files.ok())
    return Fail(files, kFileErrorMs);
  ApiServer server(*flags, view);
  if (const absl::Status run = server.Run(); !run.ok()) return Fail(run, 0);
  // Threads of open conversations may still use the server: leave without destructors.
  std::fflush(nullptr);
  _exit(0);
}
