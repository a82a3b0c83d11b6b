#include "node-agent/manifest/tree.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/manifest/check_bytes.h"
#include "node-agent/manifest/yaml_events.h"

namespace belay {
namespace {

// Far above what any manifest holds; bounds the memory for a tree.
constexpr size_t kMaxNodes = 1'500'000;
// What aliases may add to a document when they are written out.
constexpr size_t kMaxExpanded = 100'000;

bool IsNullWord(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

ManifestNode::Style StyleOf(YamlEvent::Style style) {
  switch (style) {
    case YamlEvent::Style::Plain:
      return ManifestNode::Style::Plain;
    case YamlEvent::Style::SingleQuoted:
      return ManifestNode::Style::SingleQuoted;
    case YamlEvent::Style::DoubleQuoted:
      return ManifestNode::Style::DoubleQuoted;
    case YamlEvent::Style::Block:
      return ManifestNode::Style::Block;
  }
  return ManifestNode::Style::Plain;
}

ManifestNode::Tag TagOf(std::string_view tag, ManifestNode::Kind kind) {
  static constexpr std::string_view kYaml = "tag:yaml.org,2002:";
  if (tag.empty()) return ManifestNode::Tag::None;
  if (tag.substr(0, kYaml.size()) != kYaml) return ManifestNode::Tag::Own;
  const std::string_view name = tag.substr(kYaml.size());
  const bool fits = (kind == ManifestNode::Kind::Scalar && name == "str") ||
                    (kind == ManifestNode::Kind::Sequence && name == "seq") ||
                    (kind == ManifestNode::Kind::Mapping && name == "map");
  return fits ? ManifestNode::Tag::Standard : ManifestNode::Tag::Own;
}

// The end of the last line of a block scalar that is not blank; libyaml's end is behind the blank
// ones.
size_t BlockScalarEnd(std::string_view bytes, size_t begin, size_t end) {
  while (end > begin && std::string_view(" \t\r\n").find(bytes[end - 1]) != std::string_view::npos)
    --end;
  const size_t newline = bytes.find('\n', end);
  size_t line_end = newline == std::string_view::npos ? bytes.size() : newline;
  if (line_end > end && bytes[line_end - 1] == '\r') --line_end;
  return line_end;
}

class TreeBuilder {
 public:
  explicit TreeBuilder(std::string_view bytes) : bytes_(bytes) {}

  absl::Status Take(YamlEvent event) {
    switch (event.kind) {
      case YamlEvent::Kind::StreamEnd:
        return absl::OkStatus();
      case YamlEvent::Kind::DocumentStart:
        anchors_.clear();
        expanded_ = 0;
        if (!event.directives) return absl::OkStatus();
        return RefuseAtLine(event.line, "YAML directives (%) are not edited");
      case YamlEvent::Kind::DocumentEnd:
        return EndDocument();
      case YamlEvent::Kind::Alias:
        return TakeAlias(event);
      case YamlEvent::Kind::Scalar:
        return TakeScalar(std::move(event));
      case YamlEvent::Kind::SequenceStart:
        return Open(event, ManifestNode::Kind::Sequence);
      case YamlEvent::Kind::MappingStart:
        return Open(event, ManifestNode::Kind::Mapping);
      case YamlEvent::Kind::SequenceEnd:
      case YamlEvent::Kind::MappingEnd:
        return Close(event);
    }
    return absl::OkStatus();
  }

  std::vector<ManifestNode> TakeDocuments() { return std::move(documents_); }

 private:
  // What an alias would stand for.
  struct Anchor {
    size_t size = 0;  // nodes, aliases written out
    bool open = true;
    std::string text;
  };
  struct OpenNode {
    ManifestNode node;
    size_t expanded = 0;  // of the document before it
  };

  // Behind anchor and tag, which may stand on lines of their own.
  size_t BehindProperties(const YamlEvent& event) const {
    size_t at = event.begin;
    if (event.anchor.empty() && event.tag.empty()) return at;
    while (at < bytes_.size()) {
      const char c = bytes_[at];
      if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        ++at;
      } else if (c == '#') {
        at = std::min(bytes_.find('\n', at), bytes_.size());
      } else if (c == '&' || c == '!') {
        at = std::min(bytes_.find_first_of(" \t\r\n,]}", at), bytes_.size());
      } else {
        break;
      }
    }
    return at;
  }

  absl::StatusOr<ManifestNode> Begin(const YamlEvent& event, ManifestNode::Kind kind) {
    if (++nodes_ > kMaxNodes) {
      return RefuseAtLine(event.line, "the file holds more values than any manifest does");
    }
    ++expanded_;
    ManifestNode node;
    node.kind = kind;
    node.anchor = event.anchor;
    node.tag = TagOf(event.tag, kind);
    node.begin = BehindProperties(event);
    const std::string_view properties = bytes_.substr(event.begin, node.begin - event.begin);
    node.line =
        event.line + static_cast<int>(std::count(properties.begin(), properties.end(), '\n'));
    return node;
  }

  absl::Status TakeAlias(const YamlEvent& event) {
    ASSIGN_OR_RETURN(ManifestNode node, Begin(event, ManifestNode::Kind::Null));
    const auto found = anchors_.find(event.anchor);
    if (found == anchors_.end()) {
      return RefuseAtLine(event.line, absl::StrCat("the alias *", event.anchor,
                                                   " stands for nothing; there is no such anchor"));
    }
    if (found->second.open) {
      return RefuseAtLine(event.line,
                          absl::StrCat("the alias *", event.anchor, " stands for what it is in"));
    }
    expanded_ += found->second.size;
    if (expanded_ > nodes_ + kMaxExpanded) {
      return RefuseAtLine(event.line, "the aliases of the file expand to too many values");
    }
    node.alias = true;
    node.value = found->second.text;
    node.begin = event.begin;
    node.length = event.end - event.begin;
    aliased_.insert(event.anchor);
    return Add(std::move(node));
  }

  absl::Status TakeScalar(YamlEvent event) {
    ASSIGN_OR_RETURN(ManifestNode node, Begin(event, ManifestNode::Kind::Scalar));
    node.style = StyleOf(event.style);
    if (node.style == ManifestNode::Style::Plain && event.tag.empty() && IsNullWord(event.text)) {
      node.kind = ManifestNode::Kind::Null;
    }
    size_t end = event.end;
    if (node.style == ManifestNode::Style::Block) end = BlockScalarEnd(bytes_, node.begin, end);
    if (node.style == ManifestNode::Style::Plain && event.text.empty()) {
      node.begin = end;
      node.line = event.line;
    }
    node.length = end > node.begin ? end - node.begin : 0;
    if (!node.anchor.empty()) anchors_[node.anchor] = {1, false, event.text};
    node.value = std::move(event.text);
    RETURN_IF_ERROR(CheckTemplate(node));
    // go-yaml ends a plain text in brackets at '?', libyaml does not.
    const bool in_flow = !open_.empty() && open_.back().node.flow;
    if (in_flow && node.style == ManifestNode::Style::Plain &&
        node.value.find('?') != std::string::npos) {
      // The text itself is not named: it may be a secret of a config file.
      return RefuseAtLine(node.line,
                          "kubelet cannot read the '?' of a text without quotes in brackets; quote "
                          "the text");
    }
    return Add(std::move(node));
  }

  absl::Status CheckTemplate(const ManifestNode& node) const {
    const std::string_view logic = TemplateLogic(node.value);
    if (logic.empty()) return absl::OkStatus();
    return RefuseAtLine(node.line, absl::StrCat("the file is a template ('", std::string(logic),
                                                "'); edit its source and render it again"));
  }

  absl::Status Open(const YamlEvent& event, ManifestNode::Kind kind) {
    if (open_.size() >= static_cast<size_t>(kMaxDepth)) {
      return RefuseAtLine(event.line, "the file is nested too deeply");
    }
    const size_t expanded = expanded_;
    ASSIGN_OR_RETURN(ManifestNode node, Begin(event, kind));
    node.flow = event.flow;
    if (!node.anchor.empty()) anchors_[node.anchor] = {};
    open_.push_back({std::move(node), expanded});
    return absl::OkStatus();
  }

  absl::Status Close(const YamlEvent& event) {
    ManifestNode node = std::move(open_.back().node);
    const size_t size = expanded_ - open_.back().expanded;
    open_.pop_back();
    size_t end = event.end;
    const bool brackets = node.flow && node.begin < bytes_.size() &&
                          (bytes_[node.begin] == '[' || bytes_[node.begin] == '{');
    if (!brackets) {
      if (!node.keys.empty()) {
        node.begin = node.keys.front().begin;
        node.line = node.keys.front().line;
      }
      // libyaml ends what has no closing bracket where the next thing begins.
      if (!node.items.empty()) end = node.items.back().begin + node.items.back().length;
    }
    node.length = end > node.begin ? end - node.begin : 0;
    if (!node.anchor.empty()) anchors_[node.anchor] = {size, false, ""};
    return Add(std::move(node));
  }

  absl::Status Add(ManifestNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return absl::OkStatus();
    }
    ManifestNode& parent = open_.back().node;
    const bool is_key =
        parent.kind == ManifestNode::Kind::Mapping && parent.keys.size() == parent.items.size();
    const bool collection =
        node.kind == ManifestNode::Kind::Sequence || node.kind == ManifestNode::Kind::Mapping;
    if (is_key && collection) {
      return RefuseAtLine(node.line,
                          "kubelet cannot read a key that is a list or a map; an unrendered "
                          "template?");
    }
    (is_key ? parent.keys : parent.items).push_back(std::move(node));
    return absl::OkStatus();
  }

  void MarkShared(ManifestNode& node) const {
    node.shared = !node.alias && !node.anchor.empty() && aliased_.count(node.anchor) > 0;
    for (ManifestNode& key : node.keys) MarkShared(key);
    for (ManifestNode& item : node.items) MarkShared(item);
  }

  absl::Status EndDocument() {
    ManifestNode root = root_.has_value() ? *std::move(root_) : ManifestNode();
    root_.reset();
    if (!aliased_.empty()) MarkShared(root);
    aliased_.clear();
    documents_.push_back(std::move(root));
    return absl::OkStatus();
  }

  const std::string_view bytes_;
  size_t nodes_ = 0;
  size_t expanded_ = 0;
  std::map<std::string, Anchor> anchors_;
  std::set<std::string> aliased_;
  std::vector<OpenNode> open_;
  std::optional<ManifestNode> root_;
  std::vector<ManifestNode> documents_;
};

// The reason people can act on, where the parser only says that something is not YAML.
absl::Status Explain(std::string_view bytes, const absl::Status& error) {
  int line = 0;
  for (size_t start = 0; start < bytes.size();) {
    ++line;
    const size_t newline = std::min(bytes.find('\n', start), bytes.size());
    const std::string_view text = bytes.substr(start, newline - start);
    const size_t comment = std::min(text.find(" #"), text.find('#') == 0 ? 0 : text.size());
    const std::string_view logic = TemplateLogic(text.substr(0, comment));
    if (!logic.empty()) {
      return RefuseAtLine(line, absl::StrCat("the file is a template ('", std::string(logic),
                                             "'); edit its source and render it again"));
    }
    const size_t content = text.find_first_not_of(" -");
    const std::string here = absl::StrCat("line ", line, ":");
    if (content != std::string_view::npos && text[content] == '\t' &&
        error.message().substr(0, here.size()) == here) {
      return RefuseAtLine(line, "a tab stands where YAML wants blanks; indent with blanks");
    }
    start = newline + 1;
  }
  return error;
}

absl::Status CheckSimple(std::string_view bytes, const ManifestNode& node) {
  if (node.alias)
    return RefuseAtLine(node.line, "aliases (*name) are not edited; write the value out");
  if (!node.anchor.empty())
    return RefuseAtLine(node.line, "anchors (&name) are not edited; write the value out");
  if (node.tag != ManifestNode::Tag::None)
    return RefuseAtLine(node.line, "explicit tags are not edited");
  if (node.kind == ManifestNode::Kind::Mapping && node.flow && bytes[node.begin] != '{') {
    return RefuseAtLine(node.line,
                        "a key and value without braces inside of a [list] is not edited");
  }
  for (const ManifestNode& key : node.keys) {
    if (key.kind != ManifestNode::Kind::Scalar || key.style == ManifestNode::Style::Block) {
      return RefuseAtLine(key.line, "a key that is not a simple text (an unrendered template?)");
    }
    if (key.value == "<<") return RefuseAtLine(key.line, "merge keys (<<) are not edited");
    RETURN_IF_ERROR(CheckSimple(bytes, key));
  }
  for (const ManifestNode& item : node.items) RETURN_IF_ERROR(CheckSimple(bytes, item));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<ManifestNode>> ParseDocuments(std::string_view bytes) {
  RETURN_IF_ERROR(CheckBytes(bytes));
  YamlEvents events(bytes);
  TreeBuilder builder(bytes);
  while (true) {
    absl::StatusOr<YamlEvent> event = events.Next();
    if (!event.ok()) return Explain(bytes, event.status());
    const bool last = event->kind == YamlEvent::Kind::StreamEnd;
    RETURN_IF_ERROR(builder.Take(*std::move(event)));
    if (last) return builder.TakeDocuments();
  }
}

absl::StatusOr<ManifestNode> ParseDocument(std::string_view bytes) {
  ASSIGN_OR_RETURN(std::vector<ManifestNode> documents, ParseDocuments(bytes));
  if (documents.empty()) return RefuseAtLine(1, "the file holds no YAML document");
  if (documents.size() > 1) {
    return RefuseAtLine(documents[1].line,
                        "the file holds several YAML documents; keep one a file");
  }
  RETURN_IF_ERROR(CheckSimple(bytes, documents[0]));
  return std::move(documents[0]);
}

absl::StatusOr<const ManifestNode*> FindKey(const ManifestNode& mapping, std::string_view key) {
  const ManifestNode* found = nullptr;
  const ManifestNode* merge = nullptr;
  for (size_t i = 0; i < mapping.keys.size(); ++i) {
    const ManifestNode& given = mapping.keys[i];
    if (given.kind != ManifestNode::Kind::Scalar && !given.alias) continue;
    if (given.value == "<<" && given.style == ManifestNode::Style::Plain) merge = &given;
    if (given.value != key) continue;
    if (found != nullptr) {
      return RefuseAtLine(given.line, absl::StrCat("the key '", std::string(key),
                                                   "' stands here a second time; remove one"));
    }
    found = &mapping.items[i];
  }
  if (found == nullptr && merge != nullptr) {
    return RefuseAtLine(merge->line, absl::StrCat("'", std::string(key),
                                                  "' may come from a merge key (<<); "
                                                  "write it out where it is to be edited"));
  }
  return found;
}

absl::Status CheckOwnValue(const ManifestNode& node) {
  if (node.alias) {
    return RefuseAtLine(node.line, absl::StrCat("the edit goes through the alias *", node.anchor,
                                                "; write the value out (aliases are not edited)"));
  }
  if (node.shared) {
    return RefuseAtLine(node.line,
                        absl::StrCat("the edit goes through the anchor &", node.anchor,
                                     ", which other places use; write the value out (anchors in "
                                     "use are not edited)"));
  }
  if (node.tag == ManifestNode::Tag::Own)
    return RefuseAtLine(node.line, "explicit tags are not edited");
  return absl::OkStatus();
}

}  // namespace belay
