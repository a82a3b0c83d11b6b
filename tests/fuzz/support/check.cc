#include "tests/fuzz/support/check.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "node-agent/manifest/edit.h"
#include "node-agent/manifest/tree.h"
#include "tests/support/oracle/judge.h"
#include "tests/support/oracle/yaml_value.h"

namespace belay::fuzz {
namespace {

using oracle::Value;

// Do both readers see the same?  Plain scalars are compared as they are written or as text.
std::string Compare(const ManifestNode& ours, const Value& theirs) {
  const auto differs = [&](std::string_view what) {
    return absl::StrCat("line ", ours.line, ": ", std::string(what), ": editor '", ours.value,
                        "', kubelet ", oracle::Print(theirs));
  };
  if (ours.alias) return "";  // kept unexpanded; what it stands for is compared where it stands
  switch (ours.kind) {
    case ManifestNode::Kind::Null:
      return theirs.kind == Value::Kind::Null ? "" : differs("null for one reader only");
    case ManifestNode::Kind::Scalar:
      if (theirs.kind == Value::Kind::List || theirs.kind == Value::Kind::Map)
        return differs("another kind");
      // What kubelet takes for a boolean or null may stand here under any spelling.
      if (theirs.kind == Value::Kind::Bool || theirs.kind == Value::Kind::Null) return "";
      return ours.value == theirs.text ? "" : differs("another text");
    case ManifestNode::Kind::Sequence:
      if (theirs.kind != Value::Kind::List || theirs.items.size() != ours.items.size())
        return differs("another list");
      for (size_t i = 0; i < ours.items.size(); ++i) {
        std::string inner = Compare(ours.items[i], *theirs.items[i]);
        if (!inner.empty()) return inner;
      }
      return "";
    case ManifestNode::Kind::Mapping:
      break;
  }
  if (theirs.kind != Value::Kind::Map || theirs.entries.size() != ours.items.size())
    return differs("another mapping");
  for (size_t i = 0; i < ours.items.size(); ++i) {
    const std::string& key = theirs.entries[i].key;
    if (ours.keys[i].value != key && key != "true" && key != "false" && !key.empty() &&
        key[0] != '\x01') {
      return differs(absl::StrCat("the key '", ours.keys[i].value, "' and '", key, "'"));
    }
    std::string inner = Compare(ours.items[i], *theirs.entries[i].value);
    if (!inner.empty()) return inner;
  }
  return "";
}

}  // namespace

std::string CheckReading(std::string_view text) {
  const absl::StatusOr<std::vector<ManifestNode>> ours = ParseDocuments(text);
  if (!ours.ok()) {
    return ours.status().message().empty() ? "a refusal without a word" : "";
  }
  const auto theirs = oracle::ReadStream(text);
  if (!theirs.ok()) {
    return absl::StrCat("read, but kubelet cannot read it: ", theirs.status().message());
  }
  if (theirs->size() != ours->size()) return "another number of documents";
  for (size_t i = 0; i < ours->size(); ++i) {
    std::string differs = Compare((*ours)[i], *(*theirs)[i]);
    if (!differs.empty()) return differs;
  }
  return "";
}

Verdict CheckPodEdit(std::string_view text, const std::string& manifest, const v1::Edit& edit) {
  const auto outcome = ApplyEdits(text, manifest, {edit});
  if (!outcome.ok()) {
    const std::string message(outcome.status().message());
    if (message.empty()) return {Ending::Wrong, "a refusal without a word"};
    return {Ending::Refused, message};
  }
  if (outcome->changed != (outcome->bytes != text))
    return {Ending::Wrong, "'changed' is not what the bytes say"};
  const std::string wrong = oracle::JudgeEdit(text, outcome->bytes, manifest, edit);
  if (!wrong.empty()) return {Ending::Wrong, absl::StrCat(wrong, "\n=== result\n", outcome->bytes)};
  const auto again = ApplyEdits(outcome->bytes, manifest, {edit});
  if (!again.ok())
    return {Ending::Wrong, absl::StrCat("the second run is refused: ", again.status().message())};
  if (again->bytes != outcome->bytes || again->changed) return {Ending::Wrong, "twice is not once"};
  return {outcome->changed ? Ending::Edited : Ending::Already, ""};
}

}  // namespace belay::fuzz
