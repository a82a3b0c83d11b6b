#include "tests/support/oracle/second_opinion.h"

#include <yaml-cpp/yaml.h>

#include <exception>

#include "tests/support/oracle/yaml_value.h"

namespace belay::oracle {
namespace {

constexpr int kMaxDepth = 40;
// Beyond this yaml-cpp takes too long to be asked for every edit.
constexpr size_t kMaxBytes = 200'000;

bool Agrees(const YAML::Node& node, const Value& value, int depth) {
  if (depth > kMaxDepth) return false;
  switch (node.Type()) {
    case YAML::NodeType::Undefined:
    case YAML::NodeType::Null:
      return value.kind == Value::Kind::Null;
    case YAML::NodeType::Scalar:
      if (value.kind == Value::Kind::Bool || value.kind == Value::Kind::Null)
        return node.Tag() == "?";  // yaml-cpp keeps the spelling
      return value.kind != Value::Kind::List && value.kind != Value::Kind::Map &&
             node.Scalar() == value.text;
    case YAML::NodeType::Sequence:
      if (value.kind != Value::Kind::List || node.size() != value.items.size()) return false;
      for (size_t i = 0; i < node.size(); ++i)
        if (!Agrees(node[i], *value.items[i], depth + 1)) return false;
      return true;
    case YAML::NodeType::Map:
      break;
  }
  if (value.kind != Value::Kind::Map || node.size() != value.entries.size()) return false;
  size_t at = 0;
  for (const auto& entry : node) {
    const Entry& ours = value.entries[at++];
    if (!entry.first.IsScalar() || entry.first.Scalar() != ours.key ||
        !Agrees(entry.second, *ours.value, depth + 1)) {
      return false;
    }
  }
  return true;
}

bool ReadsAlike(std::string_view bytes) {
  if (bytes.size() > kMaxBytes) return false;
  // yaml-cpp recurses over brackets.
  int open = 0;
  for (const char c : bytes) {
    open += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
    if (open > kMaxDepth) return false;
  }
  const auto documents = ReadStream(bytes);
  // yaml-cpp is asked for one document only: behind the first it can find documents without end.
  if (!documents.ok() || documents->size() != 1) return false;
  try {
    return Agrees(YAML::Load(std::string(bytes)), *documents->front(), 0);
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace

std::string SecondOpinion(std::string_view before, std::string_view after) {
  if (before == after || !ReadsAlike(before) || ReadsAlike(after)) return "";
  return "yaml-cpp reads the result in another way than libyaml, though not the original";
}

}  // namespace belay::oracle
