#include "node-agent/manifest/tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <exception>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/manifest/check_bytes.h"

namespace belay {
namespace {

// Thrown by the handler through yaml-cpp to stop it; caught below, never leaves this file.
struct Refusal {
  int line;
  std::string why;
};

class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::string_view bytes)
      : bytes_(bytes), shift_(bytes.substr(0, 3) == kByteOrderMark ? 3 : 0) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      throw Refusal{mark.line + 1, "the file holds several YAML documents; keep one pod a file"};
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    ManifestNode node = Begin(mark, anchor, ManifestNode::Kind::Null);
    // Properties in front of an omitted value are not reported by yaml-cpp.
    if (ByteAt(node.begin) == '!') throw Refusal{node.line, "explicit tags are not edited"};
    Add(std::move(node));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refusal{mark.line + 1, "aliases (*name) are not edited; write the value out"};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    ManifestNode node = Begin(mark, anchor, ManifestNode::Kind::Scalar);
    node.value = value;
    if (tag == "!") {
      node.style = QuoteStyle(node);
    } else if (tag != "?" && !tag.empty()) {
      throw Refusal{node.line, absl::StrCat("explicit tags (", tag, ") are not edited")};
    }
    Add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    Open(mark, tag, anchor, style, ManifestNode::Kind::Sequence);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    Open(mark, tag, anchor, style, ManifestNode::Kind::Mapping);
  }
  void OnMapEnd() override { Close(); }

  std::optional<ManifestNode> TakeRoot() { return std::move(root_); }

 private:
  char ByteAt(size_t offset) const { return offset < bytes_.size() ? bytes_[offset] : '\0'; }

  ManifestNode Begin(const YAML::Mark& mark, YAML::anchor_t anchor, ManifestNode::Kind kind) const {
    if (anchor != 0) {
      throw Refusal{mark.line + 1, "anchors (&name) are not edited; write the value out"};
    }
    ManifestNode node;
    node.kind = kind;
    node.begin = static_cast<size_t>(mark.pos) + shift_;
    node.line = mark.line + 1;
    return node;
  }

  ManifestNode::Style QuoteStyle(const ManifestNode& node) const {
    switch (ByteAt(node.begin)) {
      case '"':
        return ManifestNode::Style::DoubleQuoted;
      case '\'':
        return ManifestNode::Style::SingleQuoted;
      case '|':
      case '>':
        return ManifestNode::Style::Block;
      default:
        throw Refusal{node.line, "explicit tags are not edited"};
    }
  }

  void Open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YAML::EmitterStyle::value style, ManifestNode::Kind kind) {
    ManifestNode node = Begin(mark, anchor, kind);
    if (tag != "?" && !tag.empty()) {
      throw Refusal{node.line, absl::StrCat("explicit tags (", tag, ") are not edited")};
    }
    node.flow = style == YAML::EmitterStyle::Flow;
    const char bracket = kind == ManifestNode::Kind::Mapping ? '{' : '[';
    if (node.flow && ByteAt(node.begin) != bracket) {
      throw Refusal{node.line, "a key and value without braces inside of a [list] is not edited"};
    }
    if (open_.size() >= static_cast<size_t>(kMaxDepth)) {
      throw Refusal{node.line, "the file is nested too deeply"};
    }
    open_.push_back(std::move(node));
  }

  void Close() {
    ManifestNode node = std::move(open_.back());
    open_.pop_back();
    if (node.kind == ManifestNode::Kind::Mapping && !node.flow && !node.keys.empty()) {
      node.begin = node.keys.front().begin;
      node.line = node.keys.front().line;
    }
    Add(std::move(node));
  }

  void Add(ManifestNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    ManifestNode& parent = open_.back();
    if (parent.kind == ManifestNode::Kind::Mapping && parent.keys.size() == parent.items.size()) {
      if (node.kind != ManifestNode::Kind::Scalar || node.style == ManifestNode::Style::Block) {
        throw Refusal{node.line, "a key that is not a simple text (an unrendered template?)"};
      }
      if (node.value == "<<") throw Refusal{node.line, "merge keys (<<) are not edited"};
      parent.keys.push_back(std::move(node));
      return;
    }
    parent.items.push_back(std::move(node));
  }

  const std::string_view bytes_;
  const size_t shift_;  // yaml-cpp does not count the byte order mark
  int documents_ = 0;
  std::vector<ManifestNode> open_;
  std::optional<ManifestNode> root_;
};

// Directives change how the rest is read, and a tab as indentation is read differently by parsers.
absl::Status CheckLines(std::string_view bytes, bool root_is_flow) {
  int line = 0;
  size_t start = 0;
  while (start < bytes.size()) {
    ++line;
    const size_t newline = bytes.find('\n', start);
    const std::string_view text = bytes.substr(
        start, newline == std::string_view::npos ? std::string_view::npos : newline - start);
    if (!text.empty() && text.front() == '%') {
      return RefuseAtLine(line, "YAML directives (%) are not edited");
    }
    const size_t content = text.find_first_not_of(" -");
    if (!root_is_flow && content != std::string_view::npos && text[content] == '\t') {
      return RefuseAtLine(line, "a tab stands where YAML wants blanks; indent with blanks");
    }
    start = newline == std::string_view::npos ? bytes.size() : newline + 1;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ManifestNode> ParseDocument(std::string_view bytes) {
  RETURN_IF_ERROR(CheckBytes(bytes));
  TreeBuilder builder(bytes);
  try {
    std::istringstream input{std::string(bytes)};
    YAML::Parser parser(input);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refusal& refusal) {
    return RefuseAtLine(refusal.line, refusal.why);
  } catch (const YAML::Exception& error) {
    return RefuseAtLine(error.mark.line + 1, absl::StrCat("this is not YAML that can be edited (",
                                                          error.msg, "); an unrendered template?"));
  } catch (const std::exception& error) {
    return RefuseAtLine(1,
                        absl::StrCat("this is not YAML that can be edited (", error.what(), ")"));
  }
  std::optional<ManifestNode> root = builder.TakeRoot();
  if (!root.has_value()) return RefuseAtLine(1, "the file holds no YAML document");
  RETURN_IF_ERROR(CheckLines(bytes, root->flow));
  return *std::move(root);
}

absl::StatusOr<const ManifestNode*> FindKey(const ManifestNode& mapping, std::string_view key) {
  const ManifestNode* found = nullptr;
  for (size_t i = 0; i < mapping.keys.size(); ++i) {
    if (mapping.keys[i].value != key) continue;
    if (found != nullptr) {
      return RefuseAtLine(
          mapping.keys[i].line,
          absl::StrCat("the key '", std::string(key), "' stands here a second time; remove one"));
    }
    found = &mapping.items[i];
  }
  return found;
}

}  // namespace belay
