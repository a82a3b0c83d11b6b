// MakeEdit and Damage of pod_maker.h.
#include <algorithm>
#include <array>
#include <string_view>

#include "tests/fuzz/support/pod_maker.h"
#include "tests/fuzz/support/pools.h"

namespace belay::fuzz {
namespace {

std::string FlagName(Choices& choices, const MadePod& pod) {
  if (!pod.flags.empty() && !choices.OneIn(3)) return choices.Of(pod.flags);
  std::string name = Text(choices.Of(kFlags));
  if (choices.OneIn(4) && name.size() > 3) name.resize(name.size() - 1);
  return name;
}

std::string Element(Choices& choices) {
  constexpr std::array<std::string_view, 9> kElements = {
      "A=true", "B=false", "RBAC", "Node", "A=false", "NodeRestriction", "a", "c", "C=1"};
  return Text(choices.Of(kElements));
}

template <typename Message>
Message* Addressed(Message* message, const MadePod& pod, Choices& choices) {
  message->set_manifest(pod.manifest);
  message->set_container(pod.container);
  if (choices.OneIn(40)) message->set_container("sidecar");
  return message;
}

}  // namespace

v1::Edit MakeEdit(Choices& choices, const MadePod& pod) {
  v1::Edit edit;
  switch (choices.Below(10)) {
    case 4:
    case 5: {
      auto* const unset = Addressed(edit.mutable_unset_flag(), pod, choices);
      unset->set_flag(FlagName(choices, pod));
      break;
    }
    case 6:
    case 7: {
      auto* const merge = Addressed(edit.mutable_merge_list_flag(), pod, choices);
      merge->set_flag(FlagName(choices, pod));
      const std::string add = Element(choices);
      merge->add_add(add);
      const std::string gone = Element(choices);
      const auto key = [](const std::string& e) { return e.substr(0, e.find('=')); };
      if (choices.OneIn(2) && key(gone) != key(add)) merge->add_remove(gone);
      break;
    }
    case 8: {
      auto* const mount = Addressed(edit.mutable_mount_path(), pod, choices);
      mount->set_name(Text(choices.Of(kVolumes)));
      mount->set_host_path(Text(choices.Of(kPaths)));
      mount->set_mount_path(mount->host_path());
      mount->set_type("DirectoryOrCreate");
      mount->set_read_only(choices.OneIn(2));
      break;
    }
    case 9: {
      auto* const unmount = Addressed(edit.mutable_unmount_path(), pod, choices);
      if (choices.OneIn(2)) unmount->set_name(Text(choices.Of(kVolumes)));
      if (unmount->name().empty() || choices.OneIn(2))
        unmount->set_mount_path(Text(choices.Of(kPaths)));
      break;
    }
    default: {
      auto* const set = Addressed(edit.mutable_set_flag(), pod, choices);
      set->set_flag(FlagName(choices, pod));
      set->set_value(Text(choices.Of(kValues)));
    }
  }
  return edit;
}

std::string Damage(Choices& choices, std::string text) {
  constexpr std::array<std::string_view, 40> kPieces = {
      " ",     "  ",    "\n",   "\r\n",    "\t",       "-",        "- ",     ":",
      ": ",    "#",     " #",   "'",       "\"",       "[",        "]",      "{",
      "}",     ",",     "|",    ">",       "&a ",      "*a",       "!!str ", "<<: ",
      "---\n", "...\n", "? ",   "%",       "@",        "`",        "\\",     "--v=1",
      "null",  "~",     "|-\n", "  - x\n", "\xC2\x85", "command:", "\r",     "name: main\n"};
  const size_t times = 1 + choices.Below(3);
  for (size_t i = 0; i < times && !text.empty(); ++i) {
    const size_t at = choices.Below(std::min<size_t>(text.size(), 65535));
    const size_t length = std::min(choices.Below(12), text.size() - at);
    switch (choices.Below(4)) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(at, text.substr(at, length));
        break;
      default:
        text.insert(at, choices.Of(kPieces));
    }
  }
  return text;
}

}  // namespace belay::fuzz
