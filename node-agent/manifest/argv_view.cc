#include "node-agent/manifest/argv_view.h"

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/manifest/check_bytes.h"

namespace belay {
namespace {

class ProgramFinder {
 public:
  ProgramFinder(const std::vector<ArgvItem>& argv, const std::vector<std::string>& names)
      : argv_(argv), names_(names) {}

  // Index of the program's binary; the items in front of it belong to a wrapper.
  absl::StatusOr<size_t> InCommand() const {
    if (!argv_[0].is_text) {
      return RefuseAtLine(argv_[0].line, "the first item of the command is not a text");
    }
    const std::string_view first = argv_[0].text;
    if (IsNamedProgram(first, names_) || (IsKnownProgram(first) && !IsShell(first)))
      return size_t{0};
    if (IsWrapper(first)) return BehindWrapper();
    for (const ArgvItem& item : argv_) {
      if (item.is_text && !IsFlagWord(item.text) && IsShell(item.text)) return ShellRefusal(item);
    }
    if (IsFlagWord(first) || first.find_first_of(" \t\r\n") != std::string_view::npos)
      return Unclear();
    return BehindUnknown();
  }

  // Only args: the image's entry point is the program, unless the first item says otherwise.
  absl::StatusOr<std::optional<size_t>> InArgs() const {
    const std::string_view first = argv_[0].text;
    if (!argv_[0].is_text || IsFlagWord(first)) return std::optional<size_t>();
    if (IsShell(first)) return ShellRefusal(argv_[0]);
    if (IsNamedProgram(first, names_) || IsKnownProgram(first)) return std::optional<size_t>(0);
    if (IsWrapper(first)) {
      ASSIGN_OR_RETURN(const size_t program, BehindWrapper());
      return std::optional<size_t>(program);
    }
    return std::optional<size_t>();
  }

 private:
  bool IsWord(size_t i) const { return argv_[i].is_text && !IsFlagWord(argv_[i].text); }
  // Could the item be the value of the flag in front of it ("--data-dir /var/lib/etcd")?
  bool MayBeValue(size_t i) const {
    return i > 0 && argv_[i - 1].is_text && IsFlagWord(argv_[i - 1].text) &&
           argv_[i - 1].text.find('=') == std::string::npos;
  }
  static bool IsInBin(std::string_view path) {
    const size_t slash = path.rfind('/');
    return slash != std::string_view::npos && slash >= 3 && path.substr(slash - 3, 3) == "bin";
  }

  absl::StatusOr<size_t> BehindWrapper() const {
    std::optional<size_t> found;
    for (size_t i = 1; i < argv_.size(); ++i) {
      if (!IsWord(i)) continue;
      if (!found.has_value() && IsShell(argv_[i].text)) return ShellRefusal(argv_[i]);
      const bool named = IsNamedProgram(argv_[i].text, names_);
      if (!found.has_value()) {
        if (named || IsKnownProgram(argv_[i].text)) found = i;
        continue;
      }
      // "hyperkube apiserver" is one program, not two.
      const bool subcommand = *found + 1 == i && BaseName(argv_[*found].text) == "hyperkube";
      if (named && !subcommand) {
        return RefuseAtLine(argv_[i].line,
                            absl::StrCat("the program could be '", argv_[*found].text, "' or '",
                                         argv_[i].text, "'; edit this manifest by hand"));
      }
    }
    if (!found.has_value()) return Unclear();
    return *found;
  }

  // The first item is nothing known: it is the program, unless another item looks like one.
  absl::StatusOr<size_t> BehindUnknown() const {
    std::optional<size_t> found;
    for (size_t i = 1; i < argv_.size(); ++i) {
      if (!IsWord(i)) continue;
      const std::string_view text = argv_[i].text;
      const bool named = IsNamedProgram(text, names_);
      if (named && !MayBeValue(i) && !found.has_value()) {
        found = i;
        continue;
      }
      const bool subcommand =
          found.has_value() && *found + 1 == i && BaseName(argv_[*found].text) == "hyperkube";
      if (subcommand || (found.has_value() && MayBeValue(i))) continue;
      if (IsInBin(text) || (!MayBeValue(i) && (named || IsKnownProgram(text)))) return Unclear();
    }
    return found.value_or(0);
  }

  absl::Status Unclear() const {
    return RefuseAtLine(argv_[0].line,
                        absl::StrCat("cannot tell which item of the command is the program '",
                                     names_.front(), "'; name the binary like the container"));
  }
  static absl::Status ShellRefusal(const ArgvItem& item) {
    return RefuseAtLine(item.line, absl::StrCat("the program is started by a shell ('", item.text,
                                                "'); give its flags as items of command or args"));
  }

  const std::vector<ArgvItem>& argv_;
  const std::vector<std::string>& names_;
};

}  // namespace

absl::StatusOr<ArgvView> ReadArgv(const std::vector<ArgvItem>& argv,
                                  const std::vector<std::string>& names, bool has_command) {
  if (argv.empty()) return absl::InvalidArgumentError("there is no command line");
  const ProgramFinder finder(argv, names);
  std::optional<size_t> program;
  if (has_command) {
    ASSIGN_OR_RETURN(program, finder.InCommand());
  } else {
    ASSIGN_OR_RETURN(program, finder.InArgs());
  }
  ArgvView view;
  view.flags_begin = program.has_value() ? *program + 1 : 0;
  const auto is_word = [&](size_t i) { return argv[i].is_text && !IsFlagWord(argv[i].text); };
  // Kubelet makes an empty text of an omitted item: it could be a subcommand or a value.
  const auto is_unclear = [&](size_t i) { return i < argv.size() && !argv[i].is_text; };
  const auto refuse = [&](size_t i) {
    return RefuseAtLine(argv[i].line, "an item of the command line is not a text; write it out");
  };
  while (view.flags_begin < argv.size() && is_word(view.flags_begin) &&
         argv[view.flags_begin].text != "--") {
    ++view.flags_begin;
  }
  if (is_unclear(view.flags_begin)) return refuse(view.flags_begin);
  for (size_t i = view.flags_begin; i < argv.size(); ++i) {
    if (!argv[i].is_text) continue;
    const std::string_view text = argv[i].text;
    if (text == "--") break;
    if (!IsFlagWord(text)) continue;
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
    } else if (is_unclear(i + 1)) {
      return refuse(i + 1);
    }
    view.uses.push_back(std::move(use));
  }
  return view;
}

}  // namespace belay
