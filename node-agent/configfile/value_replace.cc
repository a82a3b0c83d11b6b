#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "node-agent/configfile/extent.h"
#include "node-agent/configfile/value_splice.h"
#include "node-agent/configfile/write_value.h"
#include "node-agent/manifest/check_bytes.h"

namespace belay {
namespace {

using Splices = std::vector<Splice>;

// All lines but the first are indented.
std::string Lines(const std::vector<std::string>& lines, size_t indent,
                  const std::string& end_of_line) {
  return absl::StrJoin(lines, end_of_line + std::string(indent, ' '));
}

// The lines as whole lines behind the one that holds `offset`.
Splice InsertLinesBehind(const SpliceContext& context, size_t offset,
                         const std::vector<std::string>& lines, size_t indent) {
  const std::string_view bytes = context.bytes;
  const std::string eol = EndOfLine(bytes, offset);
  const size_t at = NextLine(bytes, offset);
  const bool unfinished = at == bytes.size() && bytes.back() != '\n';
  const std::string text = std::string(indent, ' ') + Lines(lines, indent, eol);
  return {at, at, unfinished ? eol + text : text + eol};
}

// Lines [begin, end) go; the file keeps ending with or without an end of line as it did.
Splice RemoveLines(std::string_view bytes, size_t begin, size_t end) {
  if (end == bytes.size() && bytes.back() != '\n' && begin > 0) {
    do {
      begin -= EndOfLine(bytes, begin - 1).size();
    } while (begin > 0 && bytes[begin - 1] == '\n');  // blank lines that would end the file
  }
  return {begin, end, ""};
}

// Where the lines of the new value begin: where the old ones did, when they are of the same kind.
size_t IndentOf(const SpliceContext& context, const ManifestNode& old, const EntryExtent& extent,
                const ConfigValue& value) {
  const bool same_kind =
      (old.kind == ManifestNode::Kind::Mapping && value.kind == ConfigValue::Kind::Map) ||
      (old.kind == ManifestNode::Kind::Sequence && value.kind == ConfigValue::Kind::List);
  if (same_kind && !old.flow) return ColumnOf(context.bytes, old.begin);
  const size_t step =
      value.kind == ConfigValue::Kind::Map ? context.style.map_step : context.style.dash_step;
  return ColumnOf(context.bytes, extent.key_begin) + step;
}

// What the new text looks like: the quotes of the old one.
ManifestNode::Style LikeOf(const ManifestNode& node) {
  const bool list = node.kind == ManifestNode::Kind::Sequence && !node.items.empty();
  const ManifestNode& shown = list ? node.items.front() : node;
  return shown.kind == ManifestNode::Kind::Scalar ? shown.style : ManifestNode::Style::Plain;
}

// A list or map that was in brackets on one line stays so.
bool StaysInline(const ManifestNode& old, const ConfigValue& value, const FileStyle& style) {
  if (IsWrittenInline(value, style)) return true;
  const bool same_kind =
      (old.kind == ManifestNode::Kind::Sequence) == (value.kind == ConfigValue::Kind::List);
  return same_kind && old.flow && !old.items.empty();
}

absl::StatusOr<Splices> ReplaceInFlow(const SpliceContext& context, const ManifestNode& old,
                                      size_t begin, size_t end, bool omitted,
                                      const ConfigValue& value) {
  const std::string text =
      WriteFlow(value, context.style, IndentationAt(context.bytes, begin), LikeOf(old));
  return Splices{{begin, end, omitted ? " " + text : text}};
}

absl::StatusOr<Splices> ReplaceBlockEntry(const SpliceContext& context, const ManifestNode& old,
                                          const EntryExtent& extent, const ConfigValue& value) {
  const std::string_view bytes = context.bytes;
  const bool is_inline = StaysInline(old, value, context.style);
  const auto text = [&] { return WriteInline(value, context.style, false, LikeOf(old)); };
  const size_t indent = is_inline ? 0 : IndentOf(context, old, extent, value);
  RETURN_IF_ERROR(RequireFreeLineEnd(bytes, extent.value_end));
  if (extent.omitted) {
    if (is_inline) return Splices{{extent.after_colon, extent.after_colon, " " + text()}};
    return Splices{InsertLinesBehind(context, extent.after_colon,
                                     WriteBlock(value, context.style, LikeOf(old)), indent)};
  }
  const size_t first_line = LineStart(bytes, extent.value_begin);
  if (first_line <= extent.key_begin) {
    if (is_inline) return Splices{{extent.value_begin, extent.value_end, text()}};
    return Splices{{extent.after_colon, extent.value_end, ""},
                   InsertLinesBehind(context, extent.value_end,
                                     WriteBlock(value, context.style, LikeOf(old)), indent)};
  }
  if (!OnlyIndented(bytes, extent.value_begin, false)) {
    return RefuseAtLine(old.line, "the value shares its line with something else");
  }
  if (!is_inline) {
    const std::string block =
        std::string(indent, ' ') + Lines(WriteBlock(value, context.style, LikeOf(old)), indent,
                                         EndOfLine(bytes, extent.key_begin));
    return Splices{{first_line, extent.value_end, block}};
  }
  const Splice gone = RemoveLines(bytes, first_line, NextLine(bytes, extent.value_end));
  if (gone.begin == extent.after_colon) return Splices{{gone.begin, gone.end, " " + text()}};
  return Splices{{extent.after_colon, extent.after_colon, " " + text()}, gone};
}

absl::StatusOr<Splices> ReplaceBlockItem(const SpliceContext& context, const ManifestNode& old,
                                         const ConfigValue& value) {
  const std::string_view bytes = context.bytes;
  const size_t end = ContentEnd(old);
  RETURN_IF_ERROR(RequireFreeLineEnd(bytes, end));
  if (old.length == 0) {  // a dash alone
    const bool one_line = IsWrittenInline(value, context.style);
    const std::string text =
        one_line ? WriteInline(value, context.style, false, LikeOf(old))
                 : Lines(WriteBlock(value, context.style, LikeOf(old)),
                         ColumnOf(bytes, old.begin) + 1, EndOfLine(bytes, old.begin));
    return Splices{{old.begin, end, " " + text}};
  }
  if (StaysInline(old, value, context.style)) {
    return Splices{{old.begin, end, WriteInline(value, context.style, false, LikeOf(old))}};
  }
  if (!OnlyIndented(bytes, old.begin, true)) {
    return RefuseAtLine(old.line, "the item shares its line with something else");
  }
  return Splices{{old.begin, end,
                  Lines(WriteBlock(value, context.style, LikeOf(old)), ColumnOf(bytes, old.begin),
                        EndOfLine(bytes, old.begin))}};
}

// Behind the entry [begin, end) of {} or []; on lines of their own when that one is.  `write` gives
// the texts.
template <typename Write>
Splices InsertInFlow(const SpliceContext& context, size_t begin, size_t end, const Write& write) {
  const std::string_view bytes = context.bytes;
  const std::string indent = IndentationAt(bytes, begin);
  const bool own_line = indent.size() == ColumnOf(bytes, begin) && LineStart(bytes, begin) != 0;
  FileStyle style = context.style;
  style.long_flow = style.long_flow && own_line;
  const std::vector<std::string> texts = write(style, indent);
  if (!own_line) return {{end, end, style.comma + absl::StrJoin(texts, style.comma)}};
  const std::string eol = EndOfLine(bytes, begin);
  const std::string text = absl::StrJoin(texts, "," + eol + indent);
  const size_t behind = std::min(bytes.find_first_not_of(" \t", end), bytes.size() - 1);
  const bool comma = bytes[behind] == ',';
  const size_t comment =
      std::min(bytes.find_first_not_of(" \t", comma ? behind + 1 : behind), bytes.size() - 1);
  if (bytes[comment] != '#') return {{end, end, absl::StrCat(",", eol, indent, text)}};
  // The comment stays beside its entry.
  const size_t next = NextLine(bytes, comment);
  const Splice line{next, next, absl::StrCat(indent, text, comma ? "," : "", eol)};
  if (comma) return {line};
  return {{end, end, ","}, line};
}

}  // namespace

absl::StatusOr<Splices> ReplaceValue(const SpliceContext& context, const PlaceStep& step,
                                     const ConfigValue& value) {
  const ManifestNode& old = step.node->items[step.child];
  if (step.node->kind == ManifestNode::Kind::Mapping) {
    ASSIGN_OR_RETURN(const EntryExtent extent, ExtentOf(context.bytes, *step.node, step.child));
    if (!step.node->flow) return ReplaceBlockEntry(context, old, extent, value);
    return ReplaceInFlow(context, old, extent.value_begin, extent.value_end, extent.omitted, value);
  }
  if (!step.node->flow) return ReplaceBlockItem(context, old, value);
  return ReplaceInFlow(context, old, old.begin, ContentEnd(old), false, value);
}

absl::StatusOr<Splices> ReplaceRoot(const SpliceContext& context, const ManifestNode& root,
                                    const ConfigValue& value) {
  const std::string_view bytes = context.bytes;
  const size_t end = ContentEnd(root);
  RETURN_IF_ERROR(RequireFreeLineEnd(bytes, end));
  if (root.flow || value.IsEmptyContainer()) {
    return Splices{
        {root.begin, end, WriteFlow(value, context.style, "", ManifestNode::Style::Plain)}};
  }
  return RefuseAtLine(root.line, "the whole document would be replaced; use putFile");
}

absl::StatusOr<Splices> AppendEntries(const SpliceContext& context, const ManifestNode& mapping,
                                      const NewEntries& entries) {
  const std::string_view bytes = context.bytes;
  const size_t last = mapping.items.size() - 1;
  ASSIGN_OR_RETURN(const EntryExtent extent, ExtentOf(bytes, mapping, last));
  const ManifestNode::Style key_like = mapping.keys[last].style;
  const ManifestNode::Style plain = ManifestNode::Style::Plain;
  if (mapping.flow) {
    return InsertInFlow(
        context, extent.key_begin, extent.value_end,
        [&](const FileStyle& style, const std::string& indent) {
          std::vector<std::string> texts;
          for (const auto& [key, value] : entries) {
            texts.push_back(absl::StrCat(WriteText(key, key_like, true, style.json), style.colon,
                                         WriteFlow(value, style, indent, plain)));
          }
          return texts;
        });
  }
  if (!OnlyIndented(bytes, extent.key_begin, true)) {
    return RefuseAtLine(mapping.keys[last].line, "the key shares its line with something else");
  }
  RETURN_IF_ERROR(RequireFreeLineEnd(bytes, extent.value_end));
  std::vector<std::string> lines;
  for (const auto& [key, value] : entries) {
    for (std::string& line : WriteBlockEntry(key, value, context.style, key_like, plain)) {
      lines.push_back(std::move(line));
    }
  }
  return Splices{
      InsertLinesBehind(context, extent.value_end, lines, ColumnOf(bytes, extent.key_begin))};
}

absl::StatusOr<Splices> InsertItems(const SpliceContext& context, const ManifestNode& list,
                                    size_t behind, const std::vector<ConfigValue>& values) {
  const std::string_view bytes = context.bytes;
  const ManifestNode& item = list.items[behind];
  const size_t end = ContentEnd(item);
  if (list.flow) {
    return InsertInFlow(context, item.begin, end,
                        [&](const FileStyle& style, const std::string& indent) {
                          std::vector<std::string> texts;
                          for (const ConfigValue& value : values) {
                            texts.push_back(WriteFlow(value, style, indent, LikeOf(item)));
                          }
                          return texts;
                        });
  }
  RETURN_IF_ERROR(RequireFreeLineEnd(bytes, end));
  FileStyle style = context.style;
  const size_t dash = LineStart(bytes, item.begin) + ColumnOf(bytes, list.begin);
  if (dash >= item.begin || bytes[dash] != '-') {
    return RefuseAtLine(item.line, "the item does not stand behind a dash of its own");
  }
  if (item.length > 0) style.dash_width = item.begin - dash;
  ConfigValue added = EmptyConfigValue(ConfigValue::Kind::List);
  added.list = values;
  return Splices{InsertLinesBehind(context, end, WriteBlock(added, style, LikeOf(item)),
                                   ColumnOf(bytes, list.begin))};
}

absl::StatusOr<Splices> RemoveChild(const SpliceContext& context, const PlaceStep& step) {
  const std::string_view bytes = context.bytes;
  const ManifestNode& node = *step.node;
  const bool map = node.kind == ManifestNode::Kind::Mapping;
  const std::vector<ManifestNode>& starts = map ? node.keys : node.items;
  const auto end_of = [&](size_t child) -> absl::StatusOr<size_t> {
    if (!map) return ContentEnd(node.items[child]);
    ASSIGN_OR_RETURN(const EntryExtent extent, ExtentOf(bytes, node, child));
    return extent.value_end;
  };
  const size_t begin = starts[step.child].begin;
  const int line = starts[step.child].line;
  ASSIGN_OR_RETURN(const size_t end, end_of(step.child));
  const bool last = step.child + 1 == starts.size();
  if (node.flow) {
    Splice gone{begin, last ? end : starts[step.child + 1].begin, ""};
    if (last) {
      ASSIGN_OR_RETURN(gone.begin, end_of(step.child - 1));
    }
    // A comment behind it on its line goes with it; one elsewhere is about something else.
    const std::string_view gap =
        last ? bytes.substr(gone.begin, begin - gone.begin) : bytes.substr(end, gone.end - end);
    const size_t other = last ? 0 : std::min(gap.find('\n'), gap.size());
    if (gap.substr(other).find('#') != gap.npos) {
      return RefuseAtLine(line, "a comment stands beside it in {} or []; edit it by hand");
    }
    return Splices{gone};
  }
  RETURN_IF_ERROR(RequireFreeLineEnd(bytes, end));
  if (map && step.child == 0 && !OnlyIndented(bytes, begin, false)) {
    if (!OnlyIndented(bytes, begin, true)) {
      return RefuseAtLine(line, "it shares its line with something else");
    }
    const size_t next = starts[1].begin;
    const size_t after = NextLine(bytes, end);
    // The next key takes its place behind the dash, unless comments stand between: then the dash
    // stays alone on its line.
    if (after <= next && bytes.substr(after, next - after).find('#') == bytes.npos) {
      return Splices{{begin, next, ""}};
    }
    const size_t dash = bytes.rfind('-', begin);
    return Splices{{dash + 1, after - EndOfLine(bytes, end).size(), ""}};
  }
  if (!OnlyIndented(bytes, begin, !map)) {
    return RefuseAtLine(line, "it shares its line with something else");
  }
  return Splices{RemoveLines(bytes, begin - ColumnOf(bytes, begin), NextLine(bytes, end))};
}

}  // namespace belay
