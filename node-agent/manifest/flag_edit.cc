#include "node-agent/manifest/flag_edit.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "node-agent/manifest/argv_view.h"
#include "node-agent/manifest/check_bytes.h"
#include "node-agent/manifest/list_edit.h"
#include "node-agent/manifest/merge_list.h"
#include "node-agent/manifest/new_key.h"
#include "node-agent/manifest/script_edit.h"
#include "node-agent/manifest/write_scalar.h"

namespace belay {
namespace {

using Splices = std::vector<Splice>;

struct CommandLine {
  std::vector<ArgvItem> items;
  std::optional<ScriptPlace> script;  // where the items are words of a script
  ArgvView view;
  std::vector<FlagUse> uses;  // of the flag that is edited
};

// command and args are one command line with one numbering; this is the way back to the lists.
struct ItemPlace {
  const ManifestNode* list;
  size_t index;
};
ItemPlace PlaceOf(const EditPlace& place, size_t item) {
  const size_t in_command = place.command == nullptr ? 0 : place.command->items.size();
  if (item < in_command) return {place.command, item};
  return {place.args, item - in_command};
}
const ManifestNode& NodeOf(const EditPlace& place, size_t item) {
  const ItemPlace at = PlaceOf(place, item);
  return at.list->items[at.index];
}

absl::Status CheckNotUnclear(const CommandLine& line, const std::string& flag) {
  for (size_t i = line.view.flags_begin; i < line.items.size(); ++i) {
    const ArgvItem& item = line.items[i];
    if (!item.is_text || item.text.size() < 2 || item.text[0] != '-') continue;
    const size_t blank = item.text.find_first_of(" \t\n");
    if (blank == std::string::npos || item.text.find('=') < blank) continue;
    const size_t dashes = item.text[1] == '-' ? 2 : 1;
    if (NormalFlagName(std::string_view(item.text).substr(dashes, blank - dashes)) == flag) {
      return RefuseAtLine(item.line, absl::StrCat("'", item.text,
                                                  "' holds flag and value in one item with a "
                                                  "blank between; the program does not read that"));
    }
  }
  for (const FlagUse& use : line.uses) {
    // pflag gives a boolean flag no second item, so "--f false" means --f=true and an argument.
    if (use.value_index.has_value() && (*use.value == "true" || *use.value == "false")) {
      return RefuseAtLine(line.items[*use.value_index].line,
                          absl::StrCat("'", *use.value, "' stands in its own item behind --", flag,
                                       "; write --", flag, "=", *use.value));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckFlagName(const std::string& flag) {
  if (!flag.empty() && flag[0] != '-' && flag.find_first_of("= \t\r\n\"'") == std::string::npos)
    return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("'", flag, "' is not the name of a flag; give it without dashes"));
}

// Without any item no flag stands there, and nothing else is read.
absl::StatusOr<CommandLine> ReadCommandLine(const EditPlace& place, const std::string& flag_text) {
  RETURN_IF_ERROR(CheckFlagName(flag_text));
  const std::string flag = NormalFlagName(flag_text);
  CommandLine line;
  line.items = ArgvItems(place);
  if (line.items.empty()) return line;
  ASSIGN_OR_RETURN(line.script, FindScript(place));
  if (line.script.has_value()) {
    line.items.clear();
    for (const ShellWord& word : line.script->words)
      line.items.push_back({word.text, true, line.script->node->line});
  }
  ASSIGN_OR_RETURN(line.view, ReadArgv(line.items, place.names,
                                       place.command != nullptr && !place.command->items.empty()));
  for (const FlagUse& use : line.view.uses) {
    if (use.name == flag) line.uses.push_back(use);
  }
  RETURN_IF_ERROR(CheckNotUnclear(line, flag));
  return line;
}

absl::Status CheckValue(std::string_view value) {
  for (const char c : value) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      return absl::InvalidArgumentError("the value holds a control character");
    }
  }
  return absl::OkStatus();
}

NewItem ItemOf(const std::string& text, ManifestNode::Style like, bool json) {
  return {{WriteScalar(text, like, false, json)}, WriteScalar(text, like, true, json)};
}

// The container has no item of a command line: the image's entry point is the program, and takes
// its flags from `args`.  `command` would replace it.
absl::StatusOr<Splices> FillArgs(std::string_view bytes, const EditPlace& place,
                                 const std::string& text) {
  for (const ManifestNode& key : place.container->keys) {
    if (IsContainerKey(key.value)) continue;
    return RefuseAtLine(key.line,
                        absl::StrCat("the container has neither command nor args, and '", key.value,
                                     "' is no key of a container; is it misspelt?"));
  }
  ASSIGN_OR_RETURN(const ManifestNode* const image, FindKey(*place.container, "image"));
  if (image != nullptr && IsRunByImageCommand(image->value)) {
    return RefuseAtLine(place.container->line,
                        absl::StrCat("the container has neither command nor args, and what the "
                                     "image '",
                                     image->value,
                                     "' runs by itself would be replaced by args; write its "
                                     "command into the manifest first"));
  }
  ASSIGN_OR_RETURN(const ManifestNode* const args, FindKey(*place.container, "args"));
  const NewItem item = ItemOf(text, ManifestNode::Style::Plain, place.json);
  ASSIGN_OR_RETURN(const Splice splice,
                   args == nullptr ? InsertListKey(bytes, place, *place.container, "args", item)
                                   : FillEmpty(bytes, *args, item));
  return Splices{splice};
}

// Behind the last flag, or behind binary and subcommand when there is none.
absl::StatusOr<Splices> InsertFlag(std::string_view bytes, const EditPlace& place,
                                   const CommandLine& line, const std::string& text) {
  if (line.items.empty()) return FillArgs(bytes, place, text);
  size_t anchor = 0;
  if (!line.view.uses.empty()) {
    const FlagUse& last = line.view.uses.back();
    anchor = last.value_index.value_or(last.index);
  } else if (line.view.flags_begin > 0) {
    anchor = line.view.flags_begin - 1;
  } else {
    return RefuseAtLine(line.items.front().line,
                        "no flag and no program stands in the command line");
  }
  if (line.script.has_value()) {
    ASSIGN_OR_RETURN(const Splice splice, InsertWordBehind(bytes, *line.script, anchor, text));
    return Splices{splice};
  }
  const ItemPlace at = PlaceOf(place, anchor);
  const ManifestNode& neighbour = at.list->items[at.index];
  return InsertBehind(bytes, *at.list, at.index, ItemOf(text, neighbour.style, place.json));
}

absl::StatusOr<Splice> ReplaceValue(std::string_view bytes, const EditPlace& place,
                                    const CommandLine& line, const FlagUse& use,
                                    const std::string& value) {
  const size_t item = use.value_index.value_or(use.index);
  if (use.value_index.has_value() && (IsFlagWord(value) || value == "--")) {
    return RefuseAtLine(line.items[item].line,
                        absl::StrCat("the value of --", use.name,
                                     " stands in its own item behind "
                                     "the flag, where '",
                                     value, "' looks like a flag; write --", use.name, "=", value));
  }
  if (use.value_index.has_value() && (value == "true" || value == "false")) {
    return RefuseAtLine(line.items[item].line,
                        absl::StrCat("the value of --", use.name,
                                     " stands in its own item behind "
                                     "the flag, where a program may not take '",
                                     value, "' as its value; write --", use.name, "=", value));
  }
  std::string text = value;
  if (!use.value_index.has_value()) {
    // The name keeps the spelling it has.
    const std::string& old = line.items[use.index].text;
    text = absl::StrCat(old.substr(0, old.find('=')), "=", value);
  }
  if (line.script.has_value()) return ReplaceWord(bytes, *line.script, item, text);
  const ItemPlace at = PlaceOf(place, item);
  return ReplaceScalar(bytes, NodeOf(place, item), at.list->flow, place.json, text);
}

// In order, also where a flag has its value in a word or item of its own.
std::vector<size_t> ItemsOf(const std::vector<FlagUse>& uses) {
  std::vector<size_t> items;
  for (const FlagUse& use : uses) {
    items.push_back(use.index);
    if (use.value_index.has_value()) items.push_back(*use.value_index);
  }
  return items;
}

absl::StatusOr<Splices> RemoveUses(std::string_view bytes, const EditPlace& place,
                                   const CommandLine& line, const std::vector<FlagUse>& uses) {
  if (line.script.has_value()) return RemoveWords(bytes, *line.script, ItemsOf(uses));
  std::vector<size_t> in_command;
  std::vector<size_t> in_args;
  for (const size_t item : ItemsOf(uses)) {
    const ItemPlace at = PlaceOf(place, item);
    (at.list == place.command ? in_command : in_args).push_back(at.index);
  }
  Splices splices;
  for (const auto& [list, indexes] :
       {std::pair(place.command, in_command), std::pair(place.args, in_args)}) {
    if (indexes.empty()) continue;
    const ManifestNode& key = *KeyOf(*place.container, list);
    ASSIGN_OR_RETURN(const Splices removed, RemoveItems(bytes, key, *list, indexes));
    splices.insert(splices.end(), removed.begin(), removed.end());
  }
  return splices;
}

// Does the text say what the program will see?  Not where a shell replaces a part of it.
bool IsLiteral(const CommandLine& line, const FlagUse& use) {
  return !line.script.has_value() ||
         line.script->words[use.value_index.value_or(use.index)].literal;
}

// kube-apiserver reads the old name of this list into the same setting and refuses both together.
std::vector<FlagUse> OldNameUses(const CommandLine& line, const std::string& flag) {
  std::vector<FlagUse> uses;
  if (NormalFlagName(flag) != "enable-admission-plugins") return uses;
  for (const FlagUse& use : line.view.uses) {
    if (use.name == "admission-control") uses.push_back(use);
  }
  return uses;
}

}  // namespace

absl::StatusOr<Splices> SetFlagSplices(std::string_view bytes, const EditPlace& place,
                                       const v1::SetFlag& edit) {
  RETURN_IF_ERROR(CheckValue(edit.value()));
  ASSIGN_OR_RETURN(CommandLine line, ReadCommandLine(place, edit.flag()));
  if (line.uses.empty()) {
    const std::vector<FlagUse> old = OldNameUses(line, edit.flag());
    if (!old.empty()) {
      return RefuseAtLine(line.items[old.front().index].line,
                          "the old flag --admission-control is given, which stands for a whole "
                          "list; merge into the list (mergeListFlag), or rename the flag first");
    }
    return InsertFlag(bytes, place, line, absl::StrCat("--", edit.flag(), "=", edit.value()));
  }
  // Given several times with that value: whichever counts, the program reads what is wanted.
  const bool already = std::all_of(line.uses.begin(), line.uses.end(), [&](const FlagUse& use) {
    return use.value.value_or("true") == edit.value() && IsLiteral(line, use);
  });
  if (already) return Splices{};
  // The last use is the one that counts; it stays, the others go.
  const FlagUse kept = line.uses.back();
  line.uses.pop_back();
  ASSIGN_OR_RETURN(Splices splices, RemoveUses(bytes, place, line, line.uses));
  if (kept.value.value_or("true") != edit.value() || !IsLiteral(line, kept)) {
    ASSIGN_OR_RETURN(const Splice splice, ReplaceValue(bytes, place, line, kept, edit.value()));
    splices.push_back(splice);
  }
  return splices;
}

absl::StatusOr<Splices> UnsetFlagSplices(std::string_view bytes, const EditPlace& place,
                                         const v1::UnsetFlag& edit) {
  ASSIGN_OR_RETURN(const CommandLine line, ReadCommandLine(place, edit.flag()));
  return RemoveUses(bytes, place, line, line.uses);
}

absl::StatusOr<Splices> MergeListFlagSplices(std::string_view bytes, const EditPlace& place,
                                             const v1::MergeListFlag& edit) {
  const std::vector<std::string> add(edit.add().begin(), edit.add().end());
  const std::vector<std::string> remove(edit.remove().begin(), edit.remove().end());
  for (const std::vector<std::string>* const list : {&add, &remove}) {
    for (const std::string& element : *list) {
      RETURN_IF_ERROR(CheckValue(element));
      if (element.empty() || element.find_first_of(",\"\\ ") != std::string::npos) {
        return absl::InvalidArgumentError(
            absl::StrCat("'", element, "' is not one element of a list"));
      }
    }
  }
  ASSIGN_OR_RETURN(CommandLine line, ReadCommandLine(place, edit.flag()));
  if (line.uses.empty()) line.uses = OldNameUses(line, edit.flag());
  std::vector<std::string> before;
  for (const FlagUse& use : line.uses) {
    if (!IsLiteral(line, use)) {
      return RefuseAtLine(line.items[use.index].line,
                          absl::StrCat("the value of --", use.name,
                                       " comes from a variable or wildcard of the script"));
    }
    if (!use.value.has_value()) {
      return RefuseAtLine(line.items[use.index].line,
                          absl::StrCat("--", use.name, " has no value to merge into"));
    }
    before.push_back(*use.value);
  }
  if (before.empty()) {
    if (add.empty()) return Splices{};
    ASSIGN_OR_RETURN(const std::vector<std::string> value, MergeList({""}, add, {}));
    return InsertFlag(bytes, place, line, absl::StrCat("--", edit.flag(), "=", value[0]));
  }
  absl::StatusOr<std::vector<std::string>> after = MergeList(before, add, remove);
  if (!after.ok())
    return RefuseAtLine(line.items[line.uses.back().index].line,
                        std::string(after.status().message()));
  Splices splices;
  for (size_t i = 0; i < before.size(); ++i) {
    if (before[i] == (*after)[i]) continue;
    ASSIGN_OR_RETURN(const Splice splice,
                     ReplaceValue(bytes, place, line, line.uses[i], (*after)[i]));
    splices.push_back(splice);
  }
  return splices;
}

}  // namespace belay
