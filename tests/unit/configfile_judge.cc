#include "tests/unit/configfile_judge.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/plan/config_path.h"
#include "tests/support/oracle/yaml_value.h"

namespace belay {
namespace {

using oracle::Value;
using oracle::ValuePtr;
using Kind = Value::Kind;

struct Request {
  std::string kind;
  ConfigPath path;
  ValuePtr value;  // nullptr: unset
};

Request RequestOf(const v1::Edit& edit) {
  if (edit.has_unset_config_key()) {
    return {edit.unset_config_key().kind(), edit.unset_config_key().path(), nullptr};
  }
  // JSON is YAML here; its numbers and texts are told apart the same way.
  const auto value = oracle::ReadStream(edit.set_config_key().value_json());
  return {edit.set_config_key().kind(), edit.set_config_key().path(),
          value.ok() && value->size() == 1 ? value->front() : nullptr};
}

std::optional<size_t> IndexOf(const Value& node, const v1::ConfigPathElement& element) {
  if (element.has_key()) {
    for (size_t i = 0; i < node.entries.size(); ++i) {
      if (node.entries[i].key == element.key()) return i;
    }
  } else if (element.has_index()) {
    if (element.index() < node.items.size()) return element.index();
  } else {
    for (size_t i = 0; i < node.items.size(); ++i) {
      const Value* const name = node.items[i]->Find(element.select().key());
      if (name != nullptr && name->text == element.select().value() && name->kind != Kind::Null) {
        return i;
      }
    }
  }
  return std::nullopt;
}

// What must stand there afterwards; nullptr: nothing.
ValuePtr Intended(const ValuePtr& old, const Request& request, int at) {
  if (at == request.path.size()) return request.value;
  const v1::ConfigPathElement& element = request.path.at(at);
  const bool absent = old == nullptr || old->kind == Kind::Null;
  if (absent && request.value == nullptr) return old;
  auto node = absent ? std::make_shared<Value>() : std::make_shared<Value>(*old);
  if (absent) node->kind = element.has_key() ? Kind::Map : Kind::List;
  const std::optional<size_t> child = IndexOf(*node, element);
  if (!child.has_value() && request.value == nullptr) return old;
  ValuePtr before;
  if (child.has_value()) {
    before = element.has_key() ? node->entries[*child].value : node->items[*child];
  } else if (element.has_select() && at + 1 < request.path.size()) {
    before =
        oracle::MapValue({{element.select().key(), oracle::TextValue(element.select().value())}});
  }
  const ValuePtr after = Intended(before, request, at + 1);
  if (element.has_key()) {
    if (!child.has_value()) {
      node->entries.push_back({element.key(), 0, after});
    } else if (after == nullptr) {
      node->entries.erase(node->entries.begin() + static_cast<std::ptrdiff_t>(*child));
    } else {
      node->entries[*child].value = after;
    }
  } else if (!child.has_value()) {
    node->items.push_back(after);
  } else if (after == nullptr) {
    node->items.erase(node->items.begin() + static_cast<std::ptrdiff_t>(*child));
  } else {
    node->items[*child] = after;
  }
  return node;
}

size_t LineBegin(const std::string& bytes, size_t at) {
  const size_t newline = at == 0 ? bytes.npos : bytes.rfind('\n', at - 1);
  return newline == bytes.npos ? 0 : newline + 1;
}
size_t LineAfter(const std::string& bytes, size_t at) {
  const size_t newline = bytes.find('\n', at);
  return newline == bytes.npos ? bytes.size() : newline + 1;
}

// The bytes that the edit may change: from behind the last key on the way that exists to the end of
// the line on which what it names ends.
struct Allowed {
  size_t begin = 0;
  size_t end = 0;
};
Allowed AllowedBytes(const std::string& bytes, const ValuePtr& root, const Request& request) {
  ValuePtr node = root;
  Allowed allowed{root->begin, root->end};
  std::vector<Allowed> way = {allowed};
  int at = 0;
  for (; at < request.path.size(); ++at) {
    const auto child = IndexOf(*node, request.path.at(at));
    if (!child.has_value()) break;
    const bool key = request.path.at(at).has_key();
    const size_t begin = key ? node->entries[*child].key_begin : node->items[*child]->begin;
    node = key ? node->entries[*child].value : node->items[*child];
    way.push_back({begin, std::max(begin, node->end)});
  }
  allowed = way.back();
  const bool all = at == request.path.size();
  if (all && request.value == nullptr && way.size() > 1) {
    // An only child leaves its parent empty, so the parent is in it too.
    allowed = way[way.size() - 2];
  }
  allowed.begin = LineBegin(bytes, allowed.begin);
  // The line end in front goes when the file's last lines go and it ends without one.
  if (allowed.begin > 0) --allowed.begin;
  if (allowed.begin > 0 && bytes[allowed.begin - 1] == '\r') --allowed.begin;
  allowed.end = LineAfter(bytes, std::min(allowed.end, bytes.size()));
  return allowed;
}

std::vector<std::string> LinesOf(const std::string& bytes) {
  std::vector<std::string> lines;
  std::istringstream in(bytes);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty() && line.back() == ',') line.pop_back();
    lines.push_back(line);
  }
  return lines;
}

size_t Count(const std::string& bytes, const std::string& what) {
  size_t count = 0;
  for (size_t at = bytes.find(what); at != bytes.npos; at = bytes.find(what, at + 1)) ++count;
  return count;
}

std::string JudgeBytes(const std::string& before, const std::string& after, const ValuePtr& root,
                       const Request& request, bool adds) {
  const Allowed allowed = AllowedBytes(before, root, request);
  const std::string head = before.substr(0, allowed.begin);
  const std::string tail = before.substr(allowed.end);
  const bool kept = after.size() >= head.size() + tail.size() &&
                    after.compare(0, head.size(), head) == 0 &&
                    after.compare(after.size() - tail.size(), tail.size(), tail) == 0;
  if (!kept) return "bytes outside of the edited value changed";
  // A blank line that has become the last one looks like an end of line.
  const bool blank_line =
      before.find("\n\n") != before.npos || before.find("\n\r\n") != before.npos;
  if ((before.back() == '\n') != (after.back() == '\n') && !blank_line) {
    return "the end of the file changed";
  }
  if (Count(before, "\n") > 0 && Count(before, "\n") == Count(before, "\r\n") &&
      Count(after, "\n") != Count(after, "\r\n")) {
    return "an end of line is not CRLF";
  }
  if (adds) {
    // Nothing goes: every old line stands there still, but for the one with the empty value it
    // filled or the brackets it stands in.
    const std::vector<std::string> old_lines = LinesOf(before);
    const std::vector<std::string> new_lines = LinesOf(after);
    const auto same = [&](size_t i, size_t j) { return old_lines[i] == new_lines[j]; };
    const size_t most = std::min(old_lines.size(), new_lines.size());
    size_t head_lines = 0;
    while (head_lines < most && same(head_lines, head_lines)) ++head_lines;
    size_t tail_lines = 0;
    while (tail_lines < most - head_lines &&
           same(old_lines.size() - tail_lines - 1, new_lines.size() - tail_lines - 1)) {
      ++tail_lines;
    }
    if (old_lines.size() - head_lines - tail_lines > 1) return "adding took other lines away";
    if (Count(before, "#") > Count(after, "#")) return "adding took a comment away";
  }
  const auto blank_ends = [](const std::string& bytes) {
    return Count(bytes + "\n", " \n") + Count(bytes, " \r\n");
  };
  if (blank_ends(after) > blank_ends(before)) return "a new line ends in a blank";
  return "";
}

}  // namespace

std::string JudgeConfigEdit(const std::string& before, const std::string& after,
                            const v1::Edit& edit) {
  const Request request = RequestOf(edit);
  const auto old_documents = oracle::ReadStream(before);
  const auto new_documents = oracle::ReadStream(after);
  if (!old_documents.ok()) return "the file did not parse, but was edited";
  if (!new_documents.ok()) {
    return absl::StrCat("the result does not parse: ", new_documents.status().message());
  }
  if (old_documents->size() != new_documents->size()) return "the number of documents changed";
  int meant = 0;
  for (size_t i = 0; i < old_documents->size(); ++i) {
    ValuePtr document = (*old_documents)[i];
    const Value* const kind = document->Find("kind");
    if (document->kind != Kind::Null &&
        (request.kind.empty() || (kind != nullptr && kind->text == request.kind))) {
      ++meant;
      const ValuePtr intended = Intended(document, request, 0);
      if (!oracle::Same(*document, *intended)) {
        const bool adds = request.value != nullptr && [&] {
          ValuePtr node = document;
          for (const auto& element : request.path) {
            const auto child = IndexOf(*node, element);
            if (!child.has_value()) return true;
            node = element.has_key() ? node->entries[*child].value : node->items[*child];
          }
          return false;
        }();
        const std::string wrong = JudgeBytes(before, after, document, request, adds);
        if (!wrong.empty()) return wrong;
      } else if (before != after) {
        return "it was so already, but bytes changed";
      }
      document = intended;
    }
    if (!oracle::Same(*document, *(*new_documents)[i])) {
      return absl::StrCat("wrong values: wanted ", oracle::Print(*document), ", got ",
                          oracle::Print(*(*new_documents)[i]));
    }
  }
  return meant == 1 ? "" : "an edit of several or no documents";
}

}  // namespace belay
