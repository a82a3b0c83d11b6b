#include "node-agent/manifest/shell_words.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/manifest/programs.h"

namespace belay {
namespace {

bool IsDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

absl::Status Unclear(std::string_view what) {
  return absl::FailedPreconditionError(std::string(what));
}

class Reader {
 public:
  explicit Reader(std::string_view script) : script_(script) {}

  absl::StatusOr<std::vector<std::vector<ShellWord>>> Commands() {
    while (at_ < script_.size()) {
      RETURN_IF_ERROR(Step());
    }
    EndCommand();
    return std::move(commands_);
  }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < script_.size() ? script_[at_ + ahead] : '\0';
  }

  absl::Status Step() {
    switch (Peek()) {
      case ' ':
      case '\t':
        ++at_;
        return absl::OkStatus();
      case '\n':
      case ';':
      case '|':
        ++at_;
        EndCommand();
        return absl::OkStatus();
      case '&':
        ++at_;
        if (Peek() == '>') return Redirection();
        EndCommand();
        return absl::OkStatus();
      case '<':
      case '>':
        return Redirection();
      case '(':
      case ')':
        return Unclear("has subshells or functions");
      case '#':
        at_ = std::min(script_.find('\n', at_), script_.size());
        return absl::OkStatus();
      case '\\':
        if (Peek(1) != '\n') break;
        at_ += 2;
        return absl::OkStatus();
      default:
        break;
    }
    ASSIGN_OR_RETURN(ShellWord word, Word());
    const bool number = IsDigits(word.text) && (Peek() == '>' || Peek() == '<');
    if (number) return Redirection();
    command_.push_back(std::move(word));
    return absl::OkStatus();
  }

  // The operator and its operand, which is no argument of the command.
  absl::Status Redirection() {
    if (Peek() == '<' && Peek(1) == '<') return Unclear("has a here-document");
    while (Peek() == '<' || Peek() == '>' || Peek() == '&' || Peek() == '|') ++at_;
    while (Peek() == ' ' || Peek() == '\t') ++at_;
    if (at_ >= script_.size() || std::string_view("\n;()#").find(Peek()) != std::string_view::npos)
      return Unclear("has a redirection to nothing");
    return Word().status();
  }

  absl::StatusOr<ShellWord> Word() {
    ShellWord word;
    word.begin = at_;
    while (at_ < script_.size()) {
      const char c = Peek();
      if (std::string_view(" \t\n;|&<>()").find(c) != std::string_view::npos) break;
      if (c == '\'') {
        const size_t close = script_.find('\'', at_ + 1);
        if (close == std::string_view::npos) return Unclear("has an open quote");
        word.text.append(script_.substr(at_ + 1, close - at_ - 1));
        at_ = close + 1;
        continue;
      }
      if (c == '"') {
        RETURN_IF_ERROR(DoubleQuoted(word));
        continue;
      }
      if (c == '`' || (c == '$' && (Peek(1) == '(' || Peek(1) == '\'' || Peek(1) == '"')))
        return Unclear("substitutes commands or variables of the manifest");
      if (c == '\\') return Unclear("has backslashes");
      if (std::string_view("$*?[~").find(c) != std::string_view::npos) word.literal = false;
      word.text += c;
      ++at_;
    }
    if (Peek() == '(') return Unclear("has subshells or functions");
    word.end = at_;
    return word;
  }

  absl::Status DoubleQuoted(ShellWord& word) {
    const size_t close = script_.find('"', at_ + 1);
    if (close == std::string_view::npos) return Unclear("has an open quote");
    const std::string_view inside = script_.substr(at_ + 1, close - at_ - 1);
    if (inside.find_first_of("\\`") != std::string_view::npos ||
        inside.find("$(") != std::string_view::npos) {
      return Unclear("substitutes commands or has backslashes");
    }
    if (inside.find('$') != std::string_view::npos) word.literal = false;
    word.text.append(inside);
    at_ = close + 1;
    return absl::OkStatus();
  }

  void EndCommand() {
    if (!command_.empty()) commands_.push_back(std::move(command_));
    command_.clear();
  }

  const std::string_view script_;
  size_t at_ = 0;
  std::vector<ShellWord> command_;
  std::vector<std::vector<ShellWord>> commands_;
};

bool IsReserved(std::string_view word) {
  static constexpr std::array<std::string_view, 24> kWords = {
      "if", "then",     "elif",   "else", "fi",    "for",    "while", "until",
      "do", "done",     "case",   "esac", "in",    "{",      "}",     "!",
      "[[", "function", "select", "eval", "alias", "source", ".",     "time"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

bool IsAssignment(std::string_view word) {
  const size_t equals = word.find('=');
  return equals != std::string_view::npos && equals > 0 && word[0] != '-' &&
         word.substr(0, equals).find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
             std::string_view::npos;
}

}  // namespace

absl::StatusOr<std::vector<ShellWord>> ProgramWords(std::string_view script,
                                                    const std::vector<std::string>& names) {
  ASSIGN_OR_RETURN(const auto commands, Reader(script).Commands());
  std::vector<ShellWord> found;
  for (const std::vector<ShellWord>& command : commands) {
    size_t first = 0;
    while (first < command.size() &&
           (command[first].text == "exec" || IsAssignment(command[first].text)))
      ++first;
    if (first == command.size()) continue;
    const ShellWord& program = command[first];
    if (IsReserved(program.text) || IsShell(program.text)) return Unclear("has control flow");
    if (!program.literal) return Unclear("runs what a variable says");
    if (!IsNamedProgram(program.text, names) && !IsKnownProgram(program.text)) continue;
    if (!found.empty()) return Unclear("runs the program twice");
    found.assign(command.begin() + static_cast<std::ptrdiff_t>(first), command.end());
  }
  if (found.empty()) return Unclear("runs no program of that name");
  for (const ShellWord& word : found) {
    // It may hold any number of flags.
    if (!word.literal && word.text[0] == '$') return Unclear("takes flags from a variable");
  }
  return found;
}

std::vector<std::string> WithScriptWords(const std::vector<std::string>& argv,
                                         const std::vector<std::string>& names) {
  const bool script = argv.size() == 3 && IsShell(argv[0]) && IsScriptOption(argv[1]);
  if (!script) return argv;
  const absl::StatusOr<std::vector<ShellWord>> words = ProgramWords(argv[2], names);
  if (!words.ok()) return argv;
  std::vector<std::string> texts;
  for (const ShellWord& word : *words) texts.push_back(word.text);
  return texts;
}

std::string ShellQuoted(std::string_view text) {
  const bool plain =
      !text.empty() && text.find_first_not_of(
                           "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                           "_@%+=:,./-") == std::string_view::npos;
  if (plain) return std::string(text);
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\"'\"'";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

}  // namespace belay
