#include "node-agent/configfile/document.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "node-agent/manifest/check_bytes.h"
#include "node-agent/manifest/splice.h"

namespace belay {
namespace {

constexpr size_t kMaxDocuments = 100;

struct Slice {
  size_t begin = 0;
  size_t end = 0;
  int line = 1;  // of begin
  bool blank = true;
};

bool IsMarker(std::string_view line, std::string_view marker) {
  return line.substr(0, 3) == marker &&
         (line.size() == 3 || std::string_view(" \t\r\n").find(line[3]) != std::string_view::npos);
}

bool IsBlankOrComment(std::string_view line) {
  const size_t at = line.find_first_not_of(" \t\r\n");
  return at == std::string_view::npos || line[at] == '#';
}

absl::StatusOr<std::vector<Slice>> DivideAtMarkers(std::string_view bytes) {
  std::vector<Slice> slices;
  Slice slice;
  bool ended = false;  // by "..."
  int number = 1;
  const size_t mark = bytes.substr(0, kByteOrderMark.size()) == kByteOrderMark ? 3 : 0;
  for (size_t at = 0; at < bytes.size(); at = NextLine(bytes, at), ++number) {
    const size_t text = at == 0 ? mark : at;
    const std::string_view line = bytes.substr(text, NextLine(bytes, at) - text);
    if (line.substr(0, 1) == "%") {
      return RefuseAtLine(number, "YAML directives (%) are not edited");
    }
    const bool starts = IsMarker(line, "---");
    if (starts || IsMarker(line, "...")) {
      if (!IsBlankOrComment(line.substr(3))) {
        return RefuseAtLine(number,
                            "something stands behind the '---' or '...' of a document; "
                            "move it to the next line");
      }
      if (!ended) slice.end = at;
      if (!slice.blank) slices.push_back(slice);
      slice = Slice{NextLine(bytes, at), 0, number + 1, true};
      ended = !starts;
    } else if (!IsBlankOrComment(line)) {
      if (ended) return RefuseAtLine(number, "something stands behind '...' without a '---'");
      slice.blank = false;
    }
  }
  slice.end = bytes.size();
  if (!slice.blank) slices.push_back(slice);
  return slices;
}

void Move(ManifestNode& node, size_t distance) {
  node.begin += distance;
  for (ManifestNode& key : node.keys) Move(key, distance);
  for (ManifestNode& item : node.items) Move(item, distance);
}

std::string Kinds(const std::vector<ConfigDocument>& documents) {
  return absl::StrJoin(documents, ", ", [](std::string* out, const ConfigDocument& document) {
    absl::StrAppend(out, document.kind.empty() ? "one without kind" : document.kind, " in line ",
                    document.root.line);
  });
}

}  // namespace

std::string KeyName(const ManifestNode& key) {
  if (key.style != ManifestNode::Style::Plain) return key.value;
  const ConfigValue value = ResolvePlainScalar(key.value);
  return value.kind == ConfigValue::Kind::Null ? "null" : value.text;
}

ConfigValue ValueOf(const ManifestNode& node) {
  ConfigValue value;
  switch (node.kind) {
    case ManifestNode::Kind::Null:
      break;
    case ManifestNode::Kind::Scalar:
      return node.style == ManifestNode::Style::Plain ? ResolvePlainScalar(node.value)
                                                      : TextConfigValue(node.value);
    case ManifestNode::Kind::Sequence:
      value.kind = ConfigValue::Kind::List;
      for (const ManifestNode& item : node.items) value.list.push_back(ValueOf(item));
      break;
    case ManifestNode::Kind::Mapping:
      value.kind = ConfigValue::Kind::Map;
      for (size_t i = 0; i < node.keys.size(); ++i) {
        value.map.push_back({KeyName(node.keys[i]), ValueOf(node.items[i])});
      }
      break;
  }
  return value;
}

absl::StatusOr<std::vector<ConfigDocument>> ReadConfigDocuments(std::string_view bytes) {
  RETURN_IF_ERROR(CheckBytes(bytes));
  ASSIGN_OR_RETURN(const std::vector<Slice> slices, DivideAtMarkers(bytes));
  if (slices.empty()) return RefuseAtLine(1, "the file holds nothing but blanks and comments");
  if (slices.size() > kMaxDocuments) {
    return RefuseAtLine(slices[kMaxDocuments].line,
                        absl::StrCat("more than ", kMaxDocuments, " documents in one file"));
  }
  std::vector<ConfigDocument> documents;
  for (const Slice& slice : slices) {
    // Empty lines in front keep the parser's line numbers those of the file.
    std::string text(static_cast<size_t>(slice.line - 1), '\n');
    text.append(bytes.substr(slice.begin, slice.end - slice.begin));
    ConfigDocument document;
    ASSIGN_OR_RETURN(document.root, ParseDocument(text));
    Move(document.root, slice.begin - static_cast<size_t>(slice.line - 1));
    for (size_t i = 0; i < document.root.keys.size(); ++i) {
      if (document.root.keys[i].value == "kind") document.kind = document.root.items[i].value;
    }
    documents.push_back(std::move(document));
  }
  return documents;
}

absl::StatusOr<size_t> ChooseDocument(const std::vector<ConfigDocument>& documents,
                                      const std::string& kind) {
  std::vector<size_t> chosen;
  for (size_t i = 0; i < documents.size(); ++i) {
    if (kind.empty() || documents[i].kind == kind) chosen.push_back(i);
  }
  if (chosen.empty()) {
    return RefuseAtLine(1, absl::StrCat("the file holds no document of kind '", kind,
                                        "'; it holds ", Kinds(documents)));
  }
  if (chosen.size() > 1) {
    const std::string which =
        kind.empty() ? "documents; say which by its kind"
                     : absl::StrCat("documents of kind '", kind, "'; keep one of them");
    return RefuseAtLine(
        documents[chosen[1]].root.line,
        absl::StrCat("the file holds several ", which, " (", Kinds(documents), ")"));
  }
  const ManifestNode& root = documents[chosen[0]].root;
  if (root.kind != ManifestNode::Kind::Mapping) {
    return RefuseAtLine(root.line, "the document is not a map of keys and values");
  }
  RETURN_IF_ERROR(FindKey(root, "kind").status());
  return chosen[0];
}

}  // namespace belay
