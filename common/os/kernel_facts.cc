#include "common/os/kernel_facts.h"

#include <unistd.h>

#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/os/proc_files.h"

namespace belay {

std::string HostName() {
  std::array<char, 256> name{};  // one more than any kernel allows
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::optional<std::string> KernelParameter(const std::string& name) {
  auto value = ReadProcFile(absl::StrCat("/proc/sys/", absl::StrReplaceAll(name, {{".", "/"}})));
  if (value) absl::StripTrailingAsciiWhitespace(&*value);
  return value;
}

}  // namespace belay
