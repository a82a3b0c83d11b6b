#include "node-agent/manifest/argv_view.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/manifest/check_bytes.h"

namespace belay {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// "-999" is a number, not a flag.
bool IsFlagItem(std::string_view text) {
  return text.size() >= 2 && text[0] == '-' && !IsDigit(text[1]);
}

bool IsShell(std::string_view text) {
  static constexpr std::array<std::string_view, 7> kShells = {"sh",  "bash", "ash",    "dash",
                                                              "zsh", "ksh",  "busybox"};
  for (const std::string_view shell : kShells) {
    if (BaseName(text) == shell) return true;
  }
  return false;
}

bool IsProgram(std::string_view text, const std::vector<std::string>& names) {
  const std::string_view base = BaseName(text);
  if (base == "hyperkube") return true;
  for (const std::string& name : names) {
    if (base == name || absl::StrCat("kube-", std::string(base)) == name ||
        base == absl::StrCat("kube-", name)) {
      return true;
    }
  }
  return false;
}

// Index of the program's binary; the items in front of it belong to a wrapper.
absl::StatusOr<size_t> FindProgram(const std::vector<ArgvItem>& argv,
                                   const std::vector<std::string>& names, bool has_command) {
  const auto leads = [&](size_t i) { return argv[i].is_text && IsProgram(argv[i].text, names); };
  if (leads(0)) return size_t{0};
  std::optional<size_t> found;
  for (size_t i = 1; i < argv.size(); ++i) {
    if (!leads(i)) continue;
    // "hyperkube apiserver" is one program, not two.
    if (found.has_value() && *found + 1 == i && BaseName(argv[*found].text) == "hyperkube")
      continue;
    if (found.has_value()) {
      return RefuseAtLine(argv[i].line,
                          absl::StrCat("the program could be '", argv[*found].text, "' or '",
                                       argv[i].text, "'; edit this manifest by hand"));
    }
    found = i;
  }
  if (found.has_value()) return *found;
  if (has_command) {
    return RefuseAtLine(argv[0].line,
                        absl::StrCat("cannot tell which item of the command is the program '",
                                     names.front(), "'; name the binary like the container"));
  }
  return argv.size();
}

absl::Status CheckItems(const std::vector<ArgvItem>& argv) {
  for (const ArgvItem& item : argv) {
    if (item.is_text && !IsFlagItem(item.text) && IsShell(item.text)) {
      return RefuseAtLine(item.line,
                          absl::StrCat("the program is started by a shell ('", item.text,
                                       "'); give its flags as items of command or args"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string_view BaseName(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string NormalFlagName(std::string_view name) {
  std::string normal(name);
  for (char& c : normal) {
    if (c == '_') c = '-';
  }
  return normal;
}

absl::StatusOr<ArgvView> ReadArgv(const std::vector<ArgvItem>& argv,
                                  const std::vector<std::string>& names, bool has_command) {
  if (argv.empty()) return absl::InvalidArgumentError("there is no command line");
  RETURN_IF_ERROR(CheckItems(argv));
  ASSIGN_OR_RETURN(const size_t program, FindProgram(argv, names, has_command));
  ArgvView view;
  view.flags_begin = program < argv.size() ? program + 1 : 0;
  const auto is_word = [&](size_t i) { return argv[i].is_text && !IsFlagItem(argv[i].text); };
  while (view.flags_begin < argv.size() && is_word(view.flags_begin) &&
         argv[view.flags_begin].text != "--") {
    ++view.flags_begin;
  }
  for (size_t i = view.flags_begin; i < argv.size(); ++i) {
    if (!argv[i].is_text) continue;
    const std::string_view text = argv[i].text;
    if (text == "--") break;
    if (!IsFlagItem(text)) continue;
    const std::string_view body = text.substr(text[1] == '-' ? 2 : 1);
    const size_t equals = body.find('=');
    FlagUse use;
    use.index = i;
    use.name = NormalFlagName(body.substr(0, equals));
    if (equals != std::string_view::npos) {
      use.value = std::string(body.substr(equals + 1));
    } else if (i + 1 < argv.size() && is_word(i + 1) && argv[i + 1].text != "--") {
      use.value_index = i + 1;
      use.value = argv[i + 1].text;
      ++i;
    }
    view.uses.push_back(std::move(use));
  }
  return view;
}

}  // namespace belay
