#include "node-agent/manifest/flow_remove.h"

#include <algorithm>
#include <optional>

#include "common/base/status_macros.h"
#include "node-agent/manifest/list_remove.h"

namespace belay {
namespace {

using Splices = std::vector<Splice>;
constexpr std::string_view kBlanks = " \t\r\n";

// The comma behind `from`, over blanks and comments; nothing when the list ends first.
std::optional<size_t> CommaBehind(std::string_view bytes, size_t from) {
  for (size_t at = from; at < bytes.size(); ++at) {
    if (bytes[at] == ',') return at;
    if (bytes[at] == '#') {
      at = NextLine(bytes, at) - 1;
    } else if (kBlanks.find(bytes[at]) == std::string_view::npos) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

// bytes[begin, end) goes; the whole lines, when nothing else stands on them.
Splice Cut(std::string_view bytes, size_t begin, size_t end) {
  const size_t start = LineStart(bytes, begin);
  const size_t next = NextLine(bytes, end);
  const bool alone =
      bytes.substr(start, begin - start).find_first_not_of(" \t") == std::string_view::npos &&
      bytes.substr(end, next - end).find_first_not_of(kBlanks) == std::string_view::npos;
  if (alone) return {start, next, ""};
  while (end < next && bytes[end] == ' ' && begin > 0 && bytes[begin - 1] == ' ') ++end;
  return {begin, end, ""};
}

// In a flow list with comments, or one item a line: each item goes with its comma, what stands
// between stays.
absl::StatusOr<Splices> RemoveBesideComments(std::string_view bytes, const ManifestNode& list,
                                             size_t first, size_t last) {
  Splices splices;
  const bool is_end = last + 1 == list.items.size();
  for (size_t i = first; i <= last; ++i) {
    ASSIGN_OR_RETURN(size_t end, EndOrRefuse(bytes, list.items[i]));
    const std::optional<size_t> comma = CommaBehind(bytes, end);
    if (comma.has_value() && *comma == end) {
      ++end;
    } else if (comma.has_value()) {
      splices.push_back({*comma, *comma + 1, ""});
    }
    splices.push_back(Cut(bytes, list.items[i].begin, end));
  }
  if (is_end && first > 0) {
    ASSIGN_OR_RETURN(const size_t end, EndOrRefuse(bytes, list.items[first - 1]));
    ASSIGN_OR_RETURN(const size_t last_end, EndOrRefuse(bytes, list.items[last]));
    // With a comma behind the last item the one before keeps its own.
    const std::optional<size_t> comma = CommaBehind(bytes, end);
    if (comma.has_value() && !CommaBehind(bytes, last_end).has_value())
      splices.push_back({*comma, *comma + 1, ""});
  }
  return splices;
}

bool HoldsComment(std::string_view gone) {
  for (size_t at = gone.find('#'); at != std::string_view::npos; at = gone.find('#', at + 1)) {
    if (at == 0 || kBlanks.find(gone[at - 1]) != std::string_view::npos) return true;
  }
  return false;
}

// The item has its line to itself, with the comma directly behind it, if any.
bool IsAlone(std::string_view bytes, const ManifestNode& item, size_t end) {
  const size_t start = LineStart(bytes, item.begin);
  if (end < bytes.size() && bytes[end] == ',') ++end;
  const std::string_view rest = bytes.substr(end, NextLine(bytes, end) - end);
  return bytes.substr(start, item.begin - start).find_first_not_of(" \t") ==
             std::string_view::npos &&
         rest.find_first_not_of(kBlanks) == std::string_view::npos;
}

// Is every item of the run?
absl::StatusOr<bool> AreAlone(std::string_view bytes, const ManifestNode& list, size_t first,
                              size_t last) {
  for (size_t i = first; i <= last; ++i) {
    ASSIGN_OR_RETURN(const size_t end, EndOrRefuse(bytes, list.items[i]));
    if (!IsAlone(bytes, list.items[i], end)) return false;
  }
  return true;
}

// Where each line begins with its comma, every item goes with the one in front of it.  Nothing
// where the items do not all stand so.
absl::StatusOr<Splices> RemoveLedRun(std::string_view bytes, const ManifestNode& list, size_t first,
                                     size_t last) {
  Splices splices;
  for (size_t i = first; i <= last; ++i) {
    ASSIGN_OR_RETURN(const size_t end, EndOrRefuse(bytes, list.items[i]));
    const size_t start = LineStart(bytes, list.items[i].begin);
    const size_t comma = bytes.find_first_not_of(" \t", start);
    const size_t next = NextLine(bytes, end);
    const size_t rest = std::min(bytes.find_first_not_of(kBlanks, end), next);
    const bool led = bytes[comma] == ',' &&
                     bytes.find_first_not_of(" \t", comma + 1) == list.items[i].begin &&
                     (rest == next || bytes[rest] == '#' || bytes[rest] == ']');
    if (!led) return Splices{};
    splices.push_back(rest == next ? Splice{start, next, ""} : Splice{comma, end, ""});
  }
  return splices;
}

}  // namespace

absl::StatusOr<std::vector<Splice>> RemoveFlowRun(std::string_view bytes, const ManifestNode& list,
                                                  size_t first, size_t last) {
  if (first > 0) {
    ASSIGN_OR_RETURN(Splices led, RemoveLedRun(bytes, list, first, last));
    if (!led.empty()) return led;
  }
  ASSIGN_OR_RETURN(const size_t last_end, EndOrRefuse(bytes, list.items[last]));
  Splice splice;
  if (first == 0 && last + 1 == list.items.size()) {
    const size_t inside = list.begin + 1;
    splice = {inside, list.begin + list.length - 1, ""};
  } else if (last + 1 < list.items.size()) {
    splice = {list.items[first].begin, list.items[last + 1].begin, ""};
  } else {
    ASSIGN_OR_RETURN(const size_t before, EndOrRefuse(bytes, list.items[first - 1]));
    splice = {before, last_end, ""};
  }
  const std::string_view gone = bytes.substr(splice.begin, splice.end - splice.begin);
  ASSIGN_OR_RETURN(const bool alone, AreAlone(bytes, list, first, last));
  if (alone || HoldsComment(gone)) return RemoveBesideComments(bytes, list, first, last);
  return Splices{splice};
}

}  // namespace belay
