// Random static pods in the styles that occur (EDIT_CASES.md A to H), and edits that fit them.
#pragma once
#include <string>
#include <vector>

#include "belay/v1/plan.pb.h"
#include "tests/fuzz/support/choices.h"

namespace belay::fuzz {

struct MadePod {
  std::string text;
  std::string manifest;             // the name that edits address
  std::string container;            // empty where it is named like the manifest
  std::vector<std::string> argv;    // what the container's command line must read as
  std::vector<std::string> flags;   // names that stand in it
  std::vector<std::string> mounts;  // mount paths of the container
};
MadePod MakePod(Choices& choices);

// An edit of that pod: mostly of what is there, sometimes of what is not.
v1::Edit MakeEdit(Choices& choices, const MadePod& pod);

// Changes some bytes: cuts, doubles or puts in pieces that mean something to YAML.
std::string Damage(Choices& choices, std::string text);

}  // namespace belay::fuzz
