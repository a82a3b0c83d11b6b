// Settings of a component and the files they name, judged by every command line there is of it: the
// manifest (what the next start brings) and the running process (what holds now).  Pure.
#pragma once
#include <string>
#include <vector>

#include "node-agent/audit/judgement.h"
#include "node-agent/audit/snapshot.h"

namespace belay {

Judgement JudgeSetting(const SettingCheck& check, const Snapshot& snapshot);
Judgement JudgeNamedFile(const NamedFileCheck& check, const Snapshot& snapshot);

// A path that a setting gives to the component, and where the node has it.
struct NamedPath {
  std::string where;  // which command line says it
  std::string given;
  std::string on_node;  // empty: not on the node's own file system
  std::string unknown;  // why it could not be told; then the others are empty
};
// Nothing for command lines that do not give it.
std::vector<NamedPath> PathsNamedBy(const std::string& component, const std::string& flag,
                                    const std::string& key, const Snapshot& snapshot);

// The configuration files that the component's command lines name: as given, and on the node.
std::vector<NamedPath> ConfigFilesOf(const std::string& component, const Snapshot& snapshot);

// The manifest's, then the running ones.
std::vector<const CommandLine*> CommandLinesOf(const ComponentState& state);

}  // namespace belay
