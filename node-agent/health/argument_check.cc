#include "node-agent/health/argument_check.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/utf8.h"
#include "common/os/file_system.h"

namespace belay {
namespace {

constexpr std::size_t kMostWords = 300;

using Argv = google::protobuf::RepeatedPtrField<std::string>;

// What stands behind the program itself; nothing where a shell or a variable of the pod's stands
// between the manifest and what is really run.
std::optional<std::vector<std::string>> ArgumentsOf(const std::string& component,
                                                    const Argv& argv) {
  const auto program = std::find_if(argv.begin(), argv.end(), [&](const std::string& element) {
    return BaseName(element) == component;
  });
  if (program == argv.end()) return std::nullopt;
  std::vector<std::string> arguments(program + 1, argv.end());
  const bool expanded =
      std::any_of(arguments.begin(), arguments.end(),
                  [](const std::string& element) { return absl::StrContains(element, "$("); });
  if (expanded) return std::nullopt;
  return arguments;
}

// The line in which Go's flag packages say what they do not take; empty when there is none.
std::string Complaint(const std::string& output) {
  static constexpr std::array<const char*, 7> kWords = {
      "unknown flag: ",         "unknown shorthand flag: ",        "invalid argument ",
      "flag needs an argument", "flag provided but not defined: ", "invalid value ",
      "invalid boolean value "};
  for (const absl::string_view line : absl::StrSplit(output, '\n')) {
    const bool found = std::any_of(kWords.begin(), kWords.end(), [line](const char* words) {
      return absl::StrContains(line, words);
    });
    if (!found) continue;
    std::string text(absl::StripAsciiWhitespace(line.substr(0, kMostWords)));
    for (char& c : text) {
      if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) c = ' ';
    }
    return ValidUtf8(text);
  }
  return "";
}

}  // namespace

absl::Status RefuseUnknownArguments(const v1::ComponentExpectation& component,
                                    const Process& server, ArgumentTrial& trial) {
  const auto after = ArgumentsOf(component.component(), component.argv_after());
  const auto before = ArgumentsOf(component.component(), component.argv_before());
  if (!after || !before) return absl::OkStatus();
  const absl::StatusOr<TrialAnswer> answer = trial.Try(server, *after);
  if (!answer.ok() || answer->exit_code == 0) return absl::OkStatus();
  const std::string complaint = Complaint(answer->output);
  if (complaint.empty()) return absl::OkStatus();
  // A program that cannot say yes to what it runs with has not understood the question.
  const absl::StatusOr<TrialAnswer> control = trial.Try(server, *before);
  if (!control.ok() || control->exit_code != 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(component.manifest_path(), ": the ", component.component(),
                   " that runs on this node would not start with these arguments: ", complaint));
}

}  // namespace belay
