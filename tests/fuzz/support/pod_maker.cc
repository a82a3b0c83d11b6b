#include "tests/fuzz/support/pod_maker.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "tests/fuzz/support/pools.h"
#include "tests/fuzz/support/sketch.h"

namespace belay::fuzz {
namespace {

constexpr std::array<std::string_view, 6> kComments = {
    "# - --profiling=true", "#- --v=9", "# \xE4\xB8\xAD\xE6\x96\x87", "#", "# a: [b",
    "# - --data-dir /x"};

char Quote(Choices& choices) {
  constexpr std::array<char, 8> kQuotes = {' ', ' ', ' ', ' ', ' ', '"', '\'', '"'};
  return choices.Of(kQuotes);
}

void Decorate(Choices& choices, Sketch& sketch) {
  switch (choices.Below(16)) {
    case 12:
      sketch.above.push_back(Text(choices.Of(kComments)));
      break;
    case 13:
      sketch.above.emplace_back("");
      break;
    case 14:
      sketch.behind = std::string(1 + choices.Below(3), ' ') + "# why";
      break;
    case 15:
      sketch.behind = "  ";
      break;
    default:
      break;
  }
}

struct Argv {
  std::vector<std::string> command;
  std::vector<std::string> args;
};

void AddFlags(Choices& choices, std::vector<std::string>& items, std::vector<std::string>& flags) {
  const size_t count = choices.Below(7);
  for (size_t i = 0; i < count; ++i) {
    std::string name = Text(choices.Of(kFlags));
    flags.push_back(name);
    if (choices.OneIn(10)) std::replace(name.begin(), name.end(), '-', '_');
    const std::string dashes = choices.OneIn(12) ? "-" : "--";
    const std::string value = Text(choices.Of(kValues));
    switch (choices.Below(10)) {
      case 7:
        items.push_back(dashes + name);
        items.push_back(value.empty() ? "x" : value);
        break;
      case 8:
        items.push_back(dashes + name);
        break;
      case 9:
        if (choices.OneIn(3)) {
          items.push_back("line one\nline two\n");
          break;
        }
        [[fallthrough]];
      default:
        items.push_back(absl::StrCat(dashes, name, "=", value));
    }
  }
  if (choices.OneIn(24)) {
    items.emplace_back("--");
    items.emplace_back("--v=1");
  }
}

std::string InShell(const std::string& word) {
  if (!word.empty() && word.find_first_of(" \"'\\$#*{}[]()&;|<>~`!?\n") == std::string::npos)
    return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

// A script for a shell that starts the program, as hand-made clusters have it.
std::string MakeScript(Choices& choices, const std::string& program,
                       std::vector<std::string>& flags) {
  constexpr std::array<std::string_view, 4> kEnds = {"", " 2>&1", " 1>>/var/log/x.log 2>&1",
                                                     " >/dev/null"};
  std::vector<std::string> words;
  AddFlags(choices, words, flags);
  std::string script = choices.OneIn(2) ? "exec " + program : "/usr/bin/" + program;
  const bool lines = choices.OneIn(2);
  for (const std::string& word : words) {
    absl::StrAppend(&script, lines && !choices.OneIn(4) ? " \\\n  " : " ", InShell(word));
  }
  script += choices.Of(kEnds);
  if (!lines) return script;
  // Comments and other commands on lines of their own, with what looks like flags.
  if (choices.OneIn(2)) absl::StrAppend(&script, " # isn't --profiling=x");
  if (choices.OneIn(2)) absl::StrAppend(&script, "\nsleep --v=7");
  if (choices.OneIn(3)) script = "#!/bin/sh\n# " + program + " --v=8\nset -x\n" + script;
  return script + "\n";
}

Argv MakeArgv(Choices& choices, const std::string& program, std::vector<std::string>& flags) {
  Argv argv;
  if (choices.OneIn(14)) {
    argv.command = {"/bin/sh", "-c", MakeScript(choices, program, flags)};
    return argv;
  }
  switch (choices.Below(10)) {
    case 6:
      argv.command = {"/usr/local/bin/" + program};
      AddFlags(choices, argv.args, flags);
      return argv;
    case 7:
      AddFlags(choices, argv.args, flags);
      return argv;
    case 8:
      argv.command = {"/hyperkube", program.substr(0, 5) == "kube-" ? program.substr(5) : program};
      break;
    case 9:
      argv.command = {"/go-runner", "--log-file=/var/log/x.log", "--also-stdout",
                      "/bin/" + program};
      break;
    default:
      argv.command = {program};
  }
  AddFlags(choices, argv.command, flags);
  if (choices.OneIn(12)) AddFlags(choices, argv.args, flags);
  return argv;
}

Sketch ListOf(Choices& choices, const std::vector<std::string>& texts) {
  Sketch list = ListSketch({});
  const char quote = Quote(choices);
  for (const std::string& text : texts) {
    Sketch item = TextSketch(text, choices.OneIn(6) ? Quote(choices) : quote);
    if (text.find('\n') != std::string::npos) {
      item.quote = '|';
    } else {
      Decorate(choices, item);
    }
    list.items.push_back(std::move(item));
  }
  list.flow = choices.OneIn(8);
  list.gap = choices.OneIn(10) ? 3 : 1;
  return list;
}

using Entries = std::vector<SketchEntry>;

Sketch VolumeSketch(const std::string& name, const std::string& path, Choices& choices) {
  Entries host = {{"path", TextSketch(path)}};
  if (!choices.OneIn(3)) host.push_back({"type", TextSketch("DirectoryOrCreate")});
  Entries entries = {{"hostPath", MapSketch(host)}, {"name", TextSketch(name)}};
  if (choices.OneIn(4)) entries[0] = {"emptyDir", MapSketch({})};
  if (choices.OneIn(2)) std::swap(entries[0], entries[1]);
  return MapSketch(std::move(entries));
}

Sketch MountSketch(const std::string& name, const std::string& path, Choices& choices) {
  Entries entries = {{"mountPath", TextSketch(path)}, {"name", TextSketch(name)}};
  if (choices.OneIn(2)) entries.push_back({"readOnly", LiteralSketch("true")});
  if (choices.OneIn(12)) entries.push_back({"subPath", TextSketch("sub")});
  return MapSketch(std::move(entries));
}

void Style(Choices& choices, Sketch& list) {
  if (choices.OneIn(10)) list.flow = true;
  for (Sketch& item : list.items) {
    if (choices.OneIn(8)) item.flow = true;
    if (choices.OneIn(8)) Decorate(choices, item);
  }
}

template <typename List>
void Shuffle(Choices& choices, List& list) {
  for (size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[choices.Below(i)]);
}

Sketch ContainerSketch(Choices& choices, const std::string& name, const Argv& argv, size_t mounts) {
  Entries entries = {{"name", TextSketch(name, Quote(choices))},
                     {"image", TextSketch("registry.k8s.io/" + name + ":v1.28.0")}};
  if (!argv.command.empty())
    entries.insert(entries.begin(), {"command", ListOf(choices, argv.command)});
  if (!argv.args.empty()) entries.push_back({"args", ListOf(choices, argv.args)});
  if (choices.OneIn(2)) entries.push_back({"resources", MapSketch({})});
  if (choices.OneIn(4)) {
    entries.push_back(
        {"livenessProbe", MapSketch({{"httpGet", MapSketch({{"path", TextSketch("/livez")},
                                                            {"port", LiteralSketch("6443")}})},
                                     {"timeoutSeconds", LiteralSketch("15")}})});
  }
  Sketch list = ListSketch({});
  for (size_t i = 0; i < mounts; ++i)
    list.items.push_back(MountSketch(Text(kVolumes[i]), Text(kPaths[i]), choices));
  Style(choices, list);
  if (mounts > 0 || choices.OneIn(4)) entries.push_back({"volumeMounts", std::move(list)});
  if (choices.OneIn(3)) Shuffle(choices, entries);
  Sketch map = MapSketch(std::move(entries));
  return map;
}

Look MakeLook(Choices& choices) {
  Look look;
  if (choices.OneIn(3)) look.lists_in_column = false;
  if (choices.OneIn(5)) look.step = 2 + 2 * choices.Below(2);
  if (choices.OneIn(8)) look.end = "\r\n";
  if (choices.OneIn(16)) look.quoted_keys = true;
  if (choices.OneIn(8)) {
    look.json = true;
    look.one_line = choices.OneIn(3);
    if (choices.OneIn(3)) look.tab = "\t";
    if (choices.OneIn(4)) look.colon = ":";
  }
  return look;
}

}  // namespace

MadePod MakePod(Choices& choices) {
  MadePod made;
  made.manifest = choices.OneIn(4) ? "etcd" : "kube-apiserver";
  const Look look = MakeLook(choices);
  std::string name = made.manifest;
  if (choices.OneIn(8)) made.container = name = "main";
  Argv argv = MakeArgv(choices, made.manifest, made.flags);
  made.argv = argv.command;
  made.argv.insert(made.argv.end(), argv.args.begin(), argv.args.end());
  const size_t mounts = choices.Below(4);
  for (size_t i = 0; i < mounts; ++i) made.mounts.push_back(Text(kPaths[i]));

  Sketch containers = ListSketch({ContainerSketch(choices, name, argv, mounts)});
  if (choices.OneIn(5)) {
    std::vector<std::string> other_flags;
    const Argv other = MakeArgv(choices, made.manifest, other_flags);
    containers.items.push_back(ContainerSketch(choices, "sidecar", other, choices.Below(2)));
    if (choices.OneIn(2)) std::swap(containers.items[0], containers.items[1]);
  }
  Sketch volumes = ListSketch({});
  for (size_t i = 0; i < mounts; ++i)
    volumes.items.push_back(VolumeSketch(Text(kVolumes[i]), Text(kPaths[i]), choices));
  Style(choices, volumes);
  Entries spec = {{"containers", std::move(containers)}, {"hostNetwork", LiteralSketch("true")}};
  if (choices.OneIn(4)) {
    spec.insert(spec.begin(), {"initContainers",
                               ListSketch({ContainerSketch(
                                   choices, "init", {{made.manifest, "--profiling=x"}, {}}, 1)})});
  }
  if (mounts > 0 || choices.OneIn(4)) spec.push_back({"volumes", std::move(volumes)});
  if (choices.OneIn(3)) Shuffle(choices, spec);
  Entries root = {{"apiVersion", TextSketch("v1")},
                  {"kind", TextSketch("Pod", Quote(choices))},
                  {"metadata", MapSketch({{"name", TextSketch(made.manifest)},
                                          {"namespace", TextSketch("kube-system")}})},
                  {"spec", MapSketch(std::move(spec))}};
  if (choices.OneIn(2)) root.push_back({"status", MapSketch({})});
  if (choices.OneIn(4)) Shuffle(choices, root);
  if (!look.json) Decorate(choices, root.front().value);
  made.text = Write(MapSketch(std::move(root)), look);
  if (!look.json && choices.OneIn(4)) made.text = "---" + look.end + made.text;
  if (!look.json && choices.OneIn(6)) made.text += "# the end" + look.end;
  if (choices.OneIn(6)) made.text += look.end;
  // The text of a block scalar at the end would lose its own end of line.
  const bool script_ends =
      std::any_of(made.argv.begin(), made.argv.end(),
                  [](const std::string& item) { return item.find('\n') != std::string::npos; });
  if (choices.OneIn(4) && !script_ends) made.text.resize(made.text.size() - look.end.size());
  if (choices.OneIn(12)) made.text = "\xEF\xBB\xBF" + made.text;
  return made;
}

}  // namespace belay::fuzz
