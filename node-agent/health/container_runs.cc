#include "node-agent/health/container_runs.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/utf8.h"

namespace belay {
namespace {

constexpr std::size_t kMostLines = 3;
constexpr std::size_t kMostLine = 300;

// A static pod's uid is a hash; those of the API's pods hold dashes.
bool IsStaticUid(absl::string_view uid) {
  return uid.size() == 32 && std::all_of(uid.begin(), uid.end(), [](char c) {
           return absl::ascii_isxdigit(static_cast<unsigned char>(c));
         });
}

// "2024-01-01T00:00:00.0Z stderr F text" of the container runtime interface; other formats are
// kept.
absl::string_view TextOfLine(absl::string_view line) {
  const std::vector<absl::string_view> parts = absl::StrSplit(line, absl::MaxSplits(' ', 3));
  const bool known = parts.size() == 4 && (parts[1] == "stderr" || parts[1] == "stdout");
  return known ? parts[3] : line;
}

// "Error: ...", "panic: ...", and lines of klog's levels E and F ("E0102 ...").
bool LooksLikeAnError(absl::string_view text) {
  for (const absl::string_view word : {"Error", "error", "panic:", "fatal", "Fatal"}) {
    if (absl::StartsWith(text, word)) return true;
  }
  return text.size() > 5 && (text[0] == 'E' || text[0] == 'F') &&
         std::all_of(text.begin() + 1, text.begin() + 5,
                     [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); });
}

std::string Bounded(absl::string_view text) {
  std::string clean;
  for (const char c : text.substr(0, kMostLine)) {
    clean.push_back(absl::ascii_iscntrl(static_cast<unsigned char>(c)) ? ' ' : c);
  }
  return ValidUtf8(clean);  // may be cut inside of a character
}

}  // namespace

std::vector<ContainerRun> RunsOf(const FileSystem& files, const std::string& pod_logs,
                                 const std::string& pod, const std::string& container) {
  std::vector<ContainerRun> runs;
  const auto pods = files.List(pod_logs);
  if (!pods.ok()) return runs;  // a runtime without them: what is seen of processes must do
  for (const DirectoryEntry& entry : *pods) {
    absl::string_view name = entry.name;
    if (!absl::ConsumePrefix(&name, pod) || !absl::ConsumePrefix(&name, "-")) continue;
    const std::size_t last = name.rfind('_');
    if (last == absl::string_view::npos || !IsStaticUid(name.substr(last + 1))) continue;
    ContainerRun run;
    run.pod_uid = std::string(name.substr(last + 1));
    run.attempt = -1;
    const std::string folder = absl::StrCat(pod_logs, "/", entry.name, "/", container);
    const auto logs = files.List(folder);
    if (!logs.ok()) continue;
    for (const DirectoryEntry& log : *logs) {
      int attempt = 0;
      absl::string_view number = log.name;
      if (!absl::ConsumeSuffix(&number, ".log") || !absl::SimpleAtoi(number, &attempt)) continue;
      if (attempt <= run.attempt) continue;
      run.attempt = attempt;
      run.log = absl::StrCat(folder, "/", log.name);
    }
    if (run.attempt >= 0) runs.push_back(std::move(run));
  }
  return runs;
}

std::string LastWords(const FileSystem& files, const std::string& log) {
  const auto content = files.Read(log);
  if (!content.ok()) return "";
  std::vector<absl::string_view> lines;
  std::vector<absl::string_view> errors;
  for (const absl::string_view line :
       absl::StrSplit(content->bytes, '\n', absl::SkipWhitespace())) {
    const absl::string_view text = TextOfLine(line);
    if (absl::StripAsciiWhitespace(text).empty()) continue;
    lines.push_back(text);
    if (LooksLikeAnError(text)) errors.push_back(text);
  }
  // Some components print pages of usage behind their error.
  std::vector<absl::string_view>& last = errors.empty() ? lines : errors;
  if (last.size() > kMostLines) last.erase(last.begin(), last.end() - kMostLines);
  return absl::StrJoin(last, " | ", [](std::string* out, absl::string_view line) {
    absl::StrAppend(out, Bounded(absl::StripTrailingAsciiWhitespace(line)));
  });
}

}  // namespace belay
