#include "common/os/kernel_facts.h"

#include <unistd.h>

#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
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

std::optional<std::uint64_t> AvailableMemoryMib() {
  constexpr std::uint64_t kKibInMib = 1024;
  const std::string text = ReadProcFile("/proc/meminfo").value_or("");
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    std::uint64_t kib = 0;
    if (absl::ConsumePrefix(&line, "MemAvailable:") && absl::ConsumeSuffix(&line, "kB") &&
        absl::SimpleAtoi(line, &kib)) {
      return kib / kKibInMib;
    }
  }
  return std::nullopt;
}

}  // namespace belay
