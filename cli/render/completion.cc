#include "cli/render/completion.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace belay {
namespace {

std::string Words(const CommandWords& at) {
  std::vector<std::string> words = at.commands;
  words.insert(words.end(), at.options.begin(), at.options.end());
  return absl::StrJoin(words, " ");
}

// case patterns that follow the words typed so far down the tree, for bash and zsh alike
std::string Descend(const std::vector<CommandWords>& tree) {
  std::vector<std::string> patterns;
  for (const CommandWords& at : tree) {
    for (const std::string& command : at.commands) {
      patterns.push_back(absl::StrCat("'", at.path, "/", command, "'"));
    }
  }
  return absl::StrJoin(patterns, "|");
}

std::string Bash(const std::vector<CommandWords>& tree) {
  std::string text = absl::StrCat(
      "# bash completion of belayctl; load it with: source <(belayctl completion bash)\n"
      "_belayctl() {\n"
      "  local at='' word words=''\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \"$at/$word\" in\n"
      "      ",
      Descend(tree),
      ") at=\"${at:+$at }$word\" ;;\n"
      "    esac\n"
      "  done\n"
      "  case \"$at\" in\n");
  for (const CommandWords& at : tree) {
    absl::StrAppend(&text, "    '", at.path, "') words='", Words(at), "' ;;\n");
  }
  return text +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "}\n"
         "complete -o default -F _belayctl belayctl\n";
}

std::string Zsh(const std::vector<CommandWords>& tree) {
  std::string text = absl::StrCat(
      "#compdef belayctl\n"
      "# zsh completion of belayctl; load it with: source <(belayctl completion zsh)\n"
      "_belayctl() {\n"
      "  local at='' word\n"
      "  local -a choices\n"
      "  for word in \"${(@)words[2,CURRENT-1]}\"; do\n"
      "    case \"$at/$word\" in\n"
      "      ",
      Descend(tree),
      ") at=\"${at:+$at }$word\" ;;\n"
      "    esac\n"
      "  done\n"
      "  case \"$at\" in\n");
  for (const CommandWords& at : tree) {
    absl::StrAppend(&text, "    '", at.path, "') choices=(", Words(at), ") ;;\n");
  }
  return text +
         "  esac\n"
         "  compadd -- $choices\n"
         "  _files\n"
         "}\n"
         "compdef _belayctl belayctl\n";
}

std::string Fish(const std::vector<CommandWords>& tree) {
  std::string text =
      "# fish completion of belayctl; load it with: belayctl completion fish | source\n"
      "function __belayctl_at\n"
      "  set -l at ''\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    switch \"$at/$word\"\n";
  for (const CommandWords& at : tree) {
    for (const std::string& command : at.commands) {
      absl::StrAppend(&text, "      case '", at.path, "/", command, "'\n        set at '", at.path,
                      at.path.empty() ? "" : " ", command, "'\n");
    }
  }
  text +=
      "    end\n"
      "  end\n"
      "  test \"$at\" = \"$argv[1]\"\n"
      "end\n";
  for (const CommandWords& at : tree) {
    absl::StrAppend(&text, "complete -c belayctl -n \"__belayctl_at '", at.path, "'\" -a '",
                    Words(at), "'\n");
  }
  return text;
}

}  // namespace

absl::StatusOr<std::string> RenderCompletion(const std::string& shell,
                                             const std::vector<CommandWords>& tree) {
  if (shell == "bash") return Bash(tree);
  if (shell == "zsh") return Zsh(tree);
  if (shell == "fish") return Fish(tree);
  return absl::InvalidArgumentError(
      absl::StrCat("'", shell, "' is not a known shell: bash, zsh and fish are"));
}

}  // namespace belay
