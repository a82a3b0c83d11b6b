#include "node-agent/health/holds.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "common/base/utf8.h"

namespace belay {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1024} * 1024;
constexpr std::uint64_t kFewFiles = 64;  // a step makes about a dozen
constexpr std::size_t kLongestNote = 200;

// The sub-commands of kubeadm that write manifests, certificates or kubelet's configuration.
constexpr std::array<const char*, 5> kChanging = {"upgrade", "init", "join", "reset", "certs"};

// Its sub-commands that only look.
constexpr std::array<const char*, 3> kLooking = {"check-expiration", "plan", "diff"};

bool IsOneOf(const std::string& word, absl::Span<const char* const> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// The first words that are no flags: "upgrade apply".  Empty where the program itself is another,
// such as a pager that shows kubeadm's manual, or where it only looks.
std::string ChangingCommand(const Process& process) {
  const std::vector<std::string>& argv = process.argv;
  if (argv.empty() || argv[0].substr(argv[0].rfind('/') + 1) != "kubeadm") return "";
  std::vector<std::string> words;
  for (std::size_t i = 1; i < argv.size(); ++i) {
    if (!argv[i].empty() && argv[i][0] != '-') words.push_back(argv[i]);
  }
  if (words.empty() || !IsOneOf(words[0], kChanging)) return "";
  return words.size() > 1 && IsOneOf(words[1], kLooking) ? "" : words[0];
}

// "key", whatever its value, or "key=value".
bool IsMarked(const NodeMarks& node, const std::string& rule) {
  const std::size_t equals = rule.find('=');
  const auto found = node.annotations.find(rule.substr(0, equals));
  if (found == node.annotations.end()) return false;
  return equals == std::string::npos || found->second == rule.substr(equals + 1);
}

// It goes into a message that must be text, and onto terminals and into logs.
std::string OneLine(const std::string& text) {
  std::string line = ValidUtf8(text.substr(0, kLongestNote));
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return absl::ascii_iscntrl(c); }, ' ');
  return line;
}

}  // namespace

std::vector<std::string> Holds(const HoldFacts& facts, const HoldRules& rules) {
  std::vector<std::string> holds;
  if (facts.hold_file) {
    holds.push_back(absl::StrCat("a hold file is on the node: ", facts.hold_file->empty()
                                                                     ? "it does not say why"
                                                                     : OneLine(*facts.hold_file)));
  }
  for (const Process& process : facts.kubeadm) {
    const std::string command = ChangingCommand(process);
    if (command.empty()) continue;
    holds.push_back(absl::StrCat("kubeadm ", command, " runs there (pid ", process.pid, ")"));
  }
  for (const HoldFacts::Disk& disk : facts.disks) {
    if (disk.space.free_bytes < rules.min_free_bytes) {
      holds.push_back(absl::StrCat("the disk of ", disk.path, " has ", disk.space.free_bytes / kMiB,
                                   " MiB left, less than the ", rules.min_free_bytes / kMiB,
                                   " of min_free_mib"));
    } else if (disk.space.counts_files && disk.space.free_files < kFewFiles) {
      holds.push_back(absl::StrCat("the disk of ", disk.path, " has room for only ",
                                   disk.space.free_files, " files"));
    }
  }
  if (facts.node && rules.cordon && facts.node->unschedulable) {
    holds.push_back("the node is cordoned");
  }
  for (const std::string& rule : rules.annotations) {
    if (facts.node && IsMarked(*facts.node, rule)) {
      holds.push_back(absl::StrCat("another tool is at work on the node: its annotation ", rule));
    }
  }
  holds.insert(holds.end(), facts.unreached.begin(), facts.unreached.end());
  return holds;
}

}  // namespace belay
