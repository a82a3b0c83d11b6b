#include "common/os/proc_process_table.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/os/proc_files.h"

namespace belay {
namespace {

std::vector<std::string> SplitArgv(const std::string& cmdline) {
  if (cmdline.empty()) return {};
  return absl::StrSplit(absl::StripSuffix(cmdline, std::string(1, '\0')), '\0');
}

bool RunsAs(const std::vector<std::string>& argv, const std::string& component) {
  return std::any_of(argv.begin(), argv.end(), [&component](const std::string& element) {
    const std::size_t slash = element.rfind('/');
    return element.compare(slash == std::string::npos ? 0 : slash + 1, std::string::npos,
                           component) == 0;
  });
}

// As /proc/net/tcp writes an address: each 32-bit word in the machine's order.
std::string HexWords(const unsigned char* bytes, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; i += sizeof(std::uint32_t)) {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes + i, sizeof(word));
    absl::StrAppend(&text, absl::Hex(word, absl::kZeroPad8));
  }
  return absl::AsciiStrToUpper(text);
}

// The local addresses, as above, of sockets that take connections to `address`: its own, mapped
// into v6, and the wildcards.  Empty when it is no IP address.
std::set<std::string> TakersOf(const std::string& address) {
  std::array<unsigned char, 16> bytes{};
  const std::string any_v6(32, '0');
  if (inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) {
    const std::string v4 = HexWords(bytes.data(), 4);
    const std::array<unsigned char, 4> marker = {0, 0, 0xff, 0xff};
    return {v4, std::string(8, '0'), any_v6,
            absl::StrCat(std::string(16, '0'), HexWords(marker.data(), 4), v4)};
  }
  if (inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) {
    return {HexWords(bytes.data(), 16), any_v6};
  }
  return {};
}

// Inodes of the sockets in `table` (the text of /proc/PID/net/tcp or tcp6) that listen on `port` of
// one of `addresses`.
void AddListeners(const std::string& table, const std::set<std::string>& addresses,
                  std::uint32_t port, std::set<std::string>* inodes) {
  const std::string wanted = absl::AsciiStrToUpper(absl::StrCat(absl::Hex(port, absl::kZeroPad4)));
  for (const absl::string_view line : absl::StrSplit(table, '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ', absl::SkipEmpty());
    constexpr std::size_t kLocal = 1;
    constexpr std::size_t kSocketState = 3;
    constexpr std::size_t kInode = 9;
    if (fields.size() <= kInode || fields[kSocketState] != "0A") continue;
    const std::size_t colon = fields[kLocal].rfind(':');
    if (colon == absl::string_view::npos || fields[kLocal].substr(colon + 1) != wanted) continue;
    if (addresses.count(std::string(fields[kLocal].substr(0, colon))) == 0) continue;
    inodes->insert(std::string(fields[kInode]));
  }
}

bool IsUid(absl::string_view text) {
  return text.size() >= 16 && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isxdigit(static_cast<unsigned char>(c)) || c == '-';
         });
}

}  // namespace

std::vector<Process> ProcProcessTable::List(const std::string& component) const {
  std::vector<Process> found;
  for (const std::string& name : ProcNames(proc_).value_or(std::vector<std::string>())) {
    Process process;
    if (!absl::SimpleAtoi(name, &process.pid)) continue;
    const std::string base = absl::StrCat(proc_, "/", name);
    // Nearly every process is another one: one read tells.
    const auto looked = ReadProcFile(base + "/cmdline");
    if (!looked || looked->empty() || !RunsAs(SplitArgv(*looked), component)) continue;
    const auto before = ReadProcFile(base + "/stat");
    const auto cmdline = ReadProcFile(base + "/cmdline");
    if (!before || !cmdline || cmdline->empty()) continue;
    process.argv = SplitArgv(*cmdline);
    if (!RunsAs(process.argv, component)) continue;
    // Read twice: the pid may have been given to another process in between.
    const auto after = ReadProcFile(base + "/stat");
    const auto started = StartedNs(*before);
    if (!started || !after || StartedNs(*after) != started) continue;
    process.started_boottime_ns = *started;
    process.pod_uid = PodUidOf(ReadProcFile(base + "/cgroup").value_or(""));
    process.rights = RightsOf(ReadProcFile(base + "/status").value_or(""));
    found.push_back(std::move(process));
  }
  std::sort(found.begin(), found.end(), [](const Process& a, const Process& b) {
    return a.started_boottime_ns != b.started_boottime_ns
               ? a.started_boottime_ns < b.started_boottime_ns
               : a.pid < b.pid;
  });
  return found;
}

bool ProcProcessTable::OwnsListener(std::int64_t pid, const std::string& address,
                                    std::uint32_t port) const {
  const std::string base = absl::StrCat(proc_, "/", pid);
  const std::string network = ProcLink(base + "/ns/net");
  if (network.empty() || network != ProcLink(proc_ + "/self/ns/net")) return false;
  const std::set<std::string> takers = TakersOf(address);
  std::set<std::string> inodes;
  for (const char* table : {"/net/tcp", "/net/tcp6"}) {
    if (const auto text = ReadProcFile(base + table)) AddListeners(*text, takers, port, &inodes);
  }
  if (inodes.empty()) return false;
  for (const std::string& fd : ProcNames(base + "/fd").value_or(std::vector<std::string>())) {
    inodes.erase(SocketInode(ProcLink(absl::StrCat(base, "/fd/", fd))));
  }
  return inodes.empty();
}

std::string PodUidOf(const std::string& cgroup) {
  for (const absl::string_view line : absl::StrSplit(cgroup, '\n')) {
    for (absl::string_view part : absl::StrSplit(line, '/')) {
      // Of systemd's names only the last piece is the pod's own; '-' separates its slices.
      const bool slice = absl::ConsumeSuffix(&part, ".slice");
      const std::size_t at = slice ? part.rfind("-pod") : absl::string_view::npos;
      if (at != absl::string_view::npos) part.remove_prefix(at + 1);
      if (!absl::ConsumePrefix(&part, "pod")) continue;
      // systemd's names hold the dashes of a uid as '_'.
      const std::string uid = absl::StrReplaceAll(part, {{"_", "-"}});
      if (IsUid(uid)) return uid;
    }
  }
  return "";
}

std::optional<ProcessRights> RightsOf(const std::string& status) {
  ProcessRights rights;
  bool uid = false;
  bool gid = false;
  bool capabilities = false;
  for (const absl::string_view line : absl::StrSplit(status, '\n')) {
    const std::vector<absl::string_view> fields =
        absl::StrSplit(line, absl::ByAnyChar("\t "), absl::SkipEmpty());
    constexpr std::size_t kForFiles = 4;  // behind real, effective and saved
    if (fields.empty()) continue;
    if (fields[0] == "Uid:" && fields.size() > kForFiles) {
      uid = absl::SimpleAtoi(fields[kForFiles], &rights.uid);
    } else if (fields[0] == "Gid:" && fields.size() > kForFiles) {
      gid = absl::SimpleAtoi(fields[kForFiles], &rights.gid);
    } else if (fields[0] == "Groups:") {
      for (std::size_t i = 1; i < fields.size(); ++i) {
        std::uint32_t group = 0;
        if (absl::SimpleAtoi(fields[i], &group)) rights.groups.push_back(group);
      }
    } else if (fields[0] == "CapEff:" && fields.size() > 1) {
      std::uint64_t effective = 0;
      capabilities = absl::SimpleHexAtoi(fields[1], &effective);
      constexpr int kDacOverride = 1;
      // In a user namespace of its own a process has them over its own files only.
      rights.overrides = rights.uid == 0 && (effective >> kDacOverride & 1U) != 0;
    }
  }
  if (!uid || !gid || !capabilities) return std::nullopt;
  return rights;
}

}  // namespace belay
