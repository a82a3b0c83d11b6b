#include "node-agent/configfile/file_style.h"

#include <algorithm>
#include <map>
#include <optional>

#include "node-agent/configfile/extent.h"
#include "node-agent/manifest/check_bytes.h"
#include "node-agent/manifest/splice.h"

namespace belay {
namespace {

// Where lines begin, so that a file of one long line is not searched once a value.
class LineTable {
 public:
  explicit LineTable(std::string_view bytes) : bytes_(bytes) {
    starts_.push_back(
        bytes.substr(0, kByteOrderMark.size()) == kByteOrderMark ? kByteOrderMark.size() : 0);
    for (size_t at = bytes.find('\n'); at != bytes.npos; at = bytes.find('\n', at + 1)) {
      starts_.push_back(at + 1);
    }
  }

  size_t StartOf(size_t offset) const {
    const auto behind = std::upper_bound(starts_.begin(), starts_.end(), offset);
    return behind == starts_.begin() ? 0 : *(behind - 1);
  }
  size_t ColumnAt(size_t offset) const { return offset - StartOf(offset); }
  std::string_view Indentation(size_t offset) const {
    const size_t start = StartOf(offset);
    const size_t content = std::min(bytes_.find_first_not_of(" \t", start), bytes_.size());
    return bytes_.substr(start, content - start);
  }
  std::string_view Bytes() const { return bytes_; }

 private:
  const std::string_view bytes_;
  std::vector<size_t> starts_;
};

bool IsCollection(const ManifestNode& node) {
  return node.kind == ManifestNode::Kind::Mapping || node.kind == ManifestNode::Kind::Sequence;
}

// The step from key `i` to its block value; nothing when the value is no block of that kind.
std::optional<size_t> StepOf(const LineTable& lines, const ManifestNode& mapping, size_t i,
                             ManifestNode::Kind kind) {
  const ManifestNode& value = mapping.items[i];
  if (mapping.flow || value.kind != kind || value.flow || value.items.empty()) return std::nullopt;
  const size_t key = lines.ColumnAt(mapping.keys[i].begin);
  const size_t column = lines.ColumnAt(value.begin);
  if (column < key || (column == key && kind == ManifestNode::Kind::Mapping)) return std::nullopt;
  return column - key;
}

struct Census {
  std::map<size_t, int> map_steps;
  std::map<size_t, int> dash_steps;
  std::map<size_t, int> dash_widths;
  std::map<std::string, int> flow_steps;
  int block_texts = 0;  // lists of scalars in block style
  int flow_texts = 0;   // on one line in []
  int long_lists = 0;   // in [], one item a line
  std::optional<std::string> colon;
  std::optional<std::string> comma;
};

std::string_view Between(std::string_view bytes, size_t begin, size_t end) {
  return begin <= end && end <= bytes.size() ? bytes.substr(begin, end - begin)
                                             : std::string_view();
}

void CountFlow(const LineTable& lines, const ManifestNode& node, Census& census) {
  if (node.items.empty()) return;
  const bool mapping = node.kind == ManifestNode::Kind::Mapping;
  const std::vector<ManifestNode>& starts = mapping ? node.keys : node.items;
  const bool one_line = lines.StartOf(node.begin) == lines.StartOf(starts.front().begin);
  if (!mapping && std::none_of(node.items.begin(), node.items.end(), IsCollection)) {
    ++(one_line ? census.flow_texts : census.long_lists);
  }
  if (!one_line) {
    const std::string_view outer = lines.Indentation(node.begin);
    const std::string_view inner = lines.Indentation(starts.front().begin);
    if (inner.size() > outer.size() && inner.substr(0, outer.size()) == outer) {
      ++census.flow_steps[std::string(inner.substr(outer.size()))];
    }
  }
  if (mapping && !census.colon.has_value()) {
    const auto extent = ExtentOf(lines.Bytes(), node, 0);
    if (extent.ok()) {
      const std::string_view gap = Between(lines.Bytes(), extent->after_colon, extent->value_begin);
      if (gap.size() <= 1 && gap.find_first_not_of(' ') == std::string_view::npos) {
        census.colon = ":" + std::string(gap);
      }
    }
  }
  if (one_line && starts.size() > 1 && !census.comma.has_value()) {
    const size_t comma = lines.Bytes().rfind(',', starts[1].begin);
    const std::string_view gap = Between(lines.Bytes(), comma, starts[1].begin);
    if (!gap.empty() && gap.size() <= 2 && gap.find_first_not_of(", ") == gap.npos) {
      census.comma = std::string(gap);
    }
  }
}

void Count(const LineTable& lines, const ManifestNode& node, Census& census) {
  if (node.flow) {
    CountFlow(lines, node, census);
  } else if (node.kind == ManifestNode::Kind::Sequence && !node.items.empty()) {
    const ManifestNode& first = node.items.front();
    if (first.kind != ManifestNode::Kind::Null && first.begin > node.begin &&
        lines.StartOf(first.begin) == lines.StartOf(node.begin)) {
      ++census.dash_widths[first.begin - node.begin];
    }
    census.block_texts += std::none_of(node.items.begin(), node.items.end(), IsCollection) ? 1 : 0;
  }
  for (size_t i = 0; i < node.items.size(); ++i) {
    if (node.kind == ManifestNode::Kind::Mapping) {
      const auto map_step = StepOf(lines, node, i, ManifestNode::Kind::Mapping);
      if (map_step.has_value()) ++census.map_steps[*map_step];
      const auto dash_step = StepOf(lines, node, i, ManifestNode::Kind::Sequence);
      if (dash_step.has_value()) ++census.dash_steps[*dash_step];
    }
    Count(lines, node.items[i], census);
  }
}

template <typename T>
T MostFrequent(const std::map<T, int>& counts, T otherwise) {
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? otherwise : most->first;
}

// Of the last entry that shows it.
std::optional<size_t> LocalStep(const LineTable& lines, const ManifestNode* mapping,
                                ManifestNode::Kind kind) {
  if (mapping == nullptr || mapping->kind != ManifestNode::Kind::Mapping) return std::nullopt;
  for (size_t i = mapping->items.size(); i > 0; --i) {
    const auto step = StepOf(lines, *mapping, i - 1, kind);
    if (step.has_value()) return step;
  }
  return std::nullopt;
}

}  // namespace

FileStyle StyleAt(std::string_view bytes, const ManifestNode& root, const ManifestNode& at,
                  const ManifestNode* above, bool json) {
  const LineTable lines(bytes);
  Census census;
  Count(lines, root, census);
  FileStyle style;
  style.json = json;
  style.map_step = MostFrequent<size_t>(census.map_steps, 2);
  style.dash_step = MostFrequent<size_t>(census.dash_steps, 0);
  style.dash_width = MostFrequent<size_t>(census.dash_widths, 2);
  style.flow_step = MostFrequent<std::string>(census.flow_steps, "  ");
  style.long_flow = root.flow && !census.flow_steps.empty();
  style.flow_texts = root.flow ? census.flow_texts > census.long_lists
                               : census.flow_texts > 0 && census.block_texts == 0;
  // In YAML "a:1" is one text; only JSON's quotes make the colon stand alone.
  style.colon = json ? census.colon.value_or(": ") : ": ";
  style.comma = census.comma.value_or(style.colon == ":" && json ? "," : ", ");
  style.end_of_line = EndOfLine(bytes, at.begin);
  for (const ManifestNode* const near : {above, &at}) {
    const auto map_step = LocalStep(lines, near, ManifestNode::Kind::Mapping);
    if (map_step.has_value()) style.map_step = *map_step;
    const auto dash_step = LocalStep(lines, near, ManifestNode::Kind::Sequence);
    if (dash_step.has_value()) style.dash_step = *dash_step;
  }
  return style;
}

}  // namespace belay
