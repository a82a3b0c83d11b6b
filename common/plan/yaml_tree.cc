#include "common/plan/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/yaml_events_ignored.h"

namespace belay {
namespace {

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, std::vector<Mistake>& mistakes)
      : text_(text), mistakes_(mistakes) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node = Start(mark, "?", anchor, YamlNode::Kind::Null);
    if (IsWritten(mark)) node.text = "null";
    Accept(std::move(node));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Report(mark, "aliases (*name) are not allowed: write the value out");
    Accept(Start(mark, "?", 0, YamlNode::Kind::Null));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = Start(mark, tag, anchor, YamlNode::Kind::Scalar);
    node.text = value;
    node.quoted = tag == "!";
    Accept(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open_.push_back({Start(mark, tag, anchor, YamlNode::Kind::Sequence), {}, false});
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open_.push_back({Start(mark, tag, anchor, YamlNode::Kind::Map), {}, false});
  }
  void OnMapEnd() override { Close(); }

  YamlNode root;

 private:
  struct Open {
    YamlNode node;
    YamlEntry entry;  // of a map, once its key is known
    bool has_key = false;
  };

  void Report(const YAML::Mark& mark, std::string message) {
    mistakes_.push_back({mark.line + 1, mark.column + 1, std::move(message)});
  }

  // A null that is written out, not a value left away?
  bool IsWritten(const YAML::Mark& mark) const {
    const bool has_bom = text_.substr(0, 3) == "\xEF\xBB\xBF";  // which yaml-cpp does not count
    const std::size_t at = static_cast<std::size_t>(mark.pos) + (has_bom ? 3 : 0);
    if (at >= text_.size()) return false;
    const std::string_view rest = text_.substr(at);
    for (const std::string_view word : {"~", "null", "Null", "NULL"}) {
      if (rest.substr(0, word.size()) == word) return true;
    }
    return false;
  }

  YamlNode Start(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                 YamlNode::Kind kind) {
    if (anchor != 0) Report(mark, "anchors (&name) are not allowed: write the value out");
    if (tag != "?" && tag != "!" && !tag.empty()) {
      Report(mark, "tags (!name) are not allowed: leave it away");
    }
    YamlNode node;
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    return node;
  }

  void Close() {
    YamlNode done = std::move(open_.back().node);
    open_.pop_back();
    Accept(std::move(done));
  }

  void Accept(YamlNode node) {
    if (open_.empty()) {
      root = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == YamlNode::Kind::Sequence) {
      parent.node.items.push_back(std::move(node));
      return;
    }
    if (!parent.has_key) {
      AcceptKey(parent, node);
      return;
    }
    parent.entry.value = std::move(node);
    parent.node.entries.push_back(std::move(parent.entry));
    parent.has_key = false;
  }

  void AcceptKey(Open& parent, const YamlNode& key) {
    parent.entry = YamlEntry{key.text, key.quoted, key.line, key.column, {}};
    parent.has_key = true;
    if (key.kind != YamlNode::Kind::Scalar) {
      mistakes_.push_back({key.line, key.column, "a key must be a plain word"});
    }
    for (const YamlEntry& earlier : parent.node.entries) {
      if (earlier.key == key.text && key.kind == YamlNode::Kind::Scalar) {
        mistakes_.push_back(
            {key.line, key.column,
             absl::StrCat("'", key.text, "' is here twice: the first one is in line ",
                          earlier.line)});
        return;
      }
    }
  }

  const std::string_view text_;
  std::vector<Mistake>& mistakes_;
  std::vector<Open> open_;
};

// Only tells where a second document begins; what is in it does not matter.
class PlaceOnly final : public YamlEventsIgnored {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    line = mark.line + 1;
    column = mark.column + 1;
  }
  int line = 1;
  int column = 1;
};

// The length of the well-formed UTF-8 character at the front (RFC 3629), 0 when there is none.
std::size_t CharacterLength(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return first == 0 ? 0 : 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const unsigned char second = byte(1);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool beyond = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
  return overlong || beyond ? 0 : length;
}

// yaml-cpp passes broken bytes on, and protobuf strings must not hold them.
bool FindBrokenText(std::string_view text, std::vector<Mistake>& mistakes) {
  int line = 1;
  int column = 1;
  while (!text.empty()) {
    const std::size_t length = CharacterLength(text);
    if (length == 0) {
      mistakes.push_back({line, column, "not text: a NUL or a byte that is not UTF-8"});
      return true;
    }
    column += static_cast<int>(length);
    if (text.front() == '\n') {
      ++line;
      column = 1;
    }
    text.remove_prefix(length);
  }
  return false;
}

// yaml-cpp keeps what it has not closed: a megabyte of brackets costs it hundreds.  Brackets inside
// of strings count too, but those of real contents are closed again.
bool FindTooMuch(std::string_view text, std::vector<Mistake>& mistakes) {
  if (text.size() > kMaxYamlBytes) {
    mistakes.push_back({1, 1,
                        absl::StrCat("the file has ", text.size(), " bytes; at most ",
                                     kMaxYamlBytes, " are read")});
    return true;
  }
  int open = 0;
  int line = 1;
  for (const char c : text) {
    if (c == '\n') ++line;
    if (c == '[' || c == '{') ++open;
    if ((c == ']' || c == '}') && open > 0) --open;
    if (open > kMaxOpenBrackets) {
      mistakes.push_back(
          {line, 1, absl::StrCat("more than ", kMaxOpenBrackets, " brackets are open here")});
      return true;
    }
  }
  return false;
}

}  // namespace

YamlDocument ReadYaml(std::string_view text) {
  YamlDocument document;
  if (FindTooMuch(text, document.mistakes)) return document;
  if (FindBrokenText(text, document.mistakes)) return document;
  std::istringstream in{std::string(text)};
  try {
    YAML::Parser parser(in);
    TreeBuilder builder(text, document.mistakes);
    if (!parser.HandleNextDocument(builder)) {
      document.mistakes.push_back(
          {1, 1, "the file is empty: a plan begins with apiVersion and kind"});
      return document;
    }
    document.root = std::move(builder.root);
    document.readable = true;
    PlaceOnly second;
    if (parser.HandleNextDocument(second)) {
      document.mistakes.push_back(
          {second.line, second.column, "a second document begins here: one plan a file"});
    }
  } catch (const YAML::Exception& e) {
    // Whatever was found before may be a consequence of the broken syntax.
    document.readable = false;
    document.mistakes = {{e.mark.line + 1, e.mark.column + 1, absl::StrCat("not YAML: ", e.msg)}};
  }
  return document;
}

}  // namespace belay
