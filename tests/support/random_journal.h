// Journals that a node could have written, and the state they fold to as text, for the tests of
// compaction.  The text is made here field by field and not by the program: a field that the
// program forgets to compare is still seen.
#pragma once
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "belay/v1/journal.pb.h"
#include "node-agent/transaction/machine.h"

namespace belay {

// `count` records, each of which can follow those before it; runs of several steps, undoing ones,
// refusals, rollbacks, emergencies and their clearing among them.
std::vector<v1::Record> RandomJournal(std::mt19937& random, std::size_t count);

std::string StateText(const NodeState& state);

}  // namespace belay
