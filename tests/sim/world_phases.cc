// Plans with phases: whatever happens, no node has anything of a later phase while another node of
// its cluster lacks the one before it; told from the disks, at every change of a manifest.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/sim/world.h"

namespace belay::sim {
namespace {

// As SimNode::Prepare writes the steps of MakePlan.
bool HasFirst(const SimNode& node) { return absl::StrContains(node.Manifest(), " one"); }
bool HasSecond(const SimNode& node) { return absl::StrContains(node.Manifest(), " two"); }

}  // namespace

void World::CheckBarrier(const SimNode& changed) {
  if (!trouble_.phases) return;
  for (const auto& later : nodes_) {
    if (later->id().cluster != changed.id().cluster || !HasSecond(*later)) continue;
    for (const auto& other : nodes_) {
      if (other->id().cluster != changed.id().cluster || HasFirst(*other)) continue;
      Broken(absl::StrCat("barrier: ", later->name(), " has the second phase while ", other->name(),
                          " lacks the first"));
    }
  }
}

// What is there to be kept stays, and nothing of the later phase is left.
void World::CheckKept(const Asked& revert) {
  for (const auto& node : nodes_) {
    if (node->id().cluster == revert.cluster && HasSecond(*node)) {
      Broken(absl::StrCat(node->name(), " was put back to the first phase and has the second"));
    }
  }
}

bool World::HasWholePlan(const SimNode& node) const { return HasFirst(node) && HasSecond(node); }

}  // namespace belay::sim
