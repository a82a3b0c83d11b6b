#include "tests/support/oracle/yaml_value.h"

#include <yaml.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tests/support/oracle/resolve.h"

namespace belay::oracle {
namespace {

constexpr size_t kMaxValues = 3'000'000;
constexpr size_t kMaxDepth = 2000;

// libyaml counts characters, without the byte order mark.
class Offsets {
 public:
  explicit Offsets(std::string_view bytes) : bytes_(bytes) {
    if (bytes.substr(0, 3) == "\xEF\xBB\xBF") at_ = 3;
  }
  // Marks come almost in order; a step back starts again.
  size_t ByteOf(size_t character) {
    if (character < character_) {
      at_ = bytes_.substr(0, 3) == "\xEF\xBB\xBF" ? 3 : 0;
      character_ = 0;
    }
    while (character_ < character && at_ < bytes_.size()) {
      ++at_;
      while (at_ < bytes_.size() && (static_cast<unsigned char>(bytes_[at_]) & 0xC0U) == 0x80U)
        ++at_;
      ++character_;
    }
    return at_;
  }

 private:
  const std::string_view bytes_;
  size_t at_ = 0;
  size_t character_ = 0;
};

std::string Text(const yaml_char_t* text) {
  if (text == nullptr) return "";
  return {reinterpret_cast<const char*>(text)};
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes), offsets_(bytes) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(bytes.data()),
                                 bytes.size());
  }
  ~Reader() { yaml_parser_delete(&parser_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  absl::StatusOr<std::vector<ValuePtr>> Read() {
    bool over = false;
    while (!over && problem_.empty()) {
      yaml_event_t event;
      if (yaml_parser_parse(&parser_, &event) == 0) {
        return absl::InvalidArgumentError(
            absl::StrCat("line ", parser_.problem_mark.line + 1, ": ",
                         parser_.problem == nullptr ? "unreadable" : parser_.problem));
      }
      over = event.type == YAML_STREAM_END_EVENT;
      Take(event);
      yaml_event_delete(&event);
    }
    if (!problem_.empty()) return absl::InvalidArgumentError(problem_);
    return documents_;
  }

 private:
  struct Open {
    std::shared_ptr<Value> value;
    std::string anchor;
    std::optional<Entry> entry;
  };

  size_t Weight(const Value& value) {
    size_t weight = 1;
    for (const ValuePtr& item : value.items) weight += Weight(*item);
    for (const Entry& entry : value.entries) weight += Weight(*entry.value);
    return weight;
  }

  void Take(const yaml_event_t& event) {
    if (++values_ > kMaxValues) problem_ = "too many values";
    const size_t begin = offsets_.ByteOf(event.start_mark.index);
    switch (event.type) {
      case YAML_DOCUMENT_START_EVENT:
        anchors_.clear();
        if (event.data.document_start.version_directive != nullptr ||
            event.data.document_start.tag_directives.start !=
                event.data.document_start.tag_directives.end) {
          problem_ = "directives";
        }
        break;
      case YAML_ALIAS_EVENT: {
        const auto found = anchors_.find(Text(event.data.alias.anchor));
        if (found == anchors_.end()) {
          problem_ = "an alias of nothing";
          break;
        }
        values_ += Weight(*found->second);
        Add(found->second, "");
        break;
      }
      case YAML_SCALAR_EVENT:
        Add(Scalar(event, begin), Text(event.data.scalar.anchor));
        break;
      case YAML_SEQUENCE_START_EVENT:
        Start(Value::Kind::List, begin, Text(event.data.sequence_start.tag),
              event.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE,
              Text(event.data.sequence_start.anchor));
        break;
      case YAML_MAPPING_START_EVENT:
        Start(Value::Kind::Map, begin, Text(event.data.mapping_start.tag),
              event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE,
              Text(event.data.mapping_start.anchor));
        break;
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        Finish(offsets_.ByteOf(event.end_mark.index));
        break;
      case YAML_NO_EVENT:
      case YAML_STREAM_START_EVENT:
      case YAML_STREAM_END_EVENT:
      case YAML_DOCUMENT_END_EVENT:
        break;
    }
  }

  std::shared_ptr<Value> Scalar(const yaml_event_t& event, size_t begin) {
    auto value = std::make_shared<Value>();
    value->begin = begin;
    value->end = offsets_.ByteOf(event.end_mark.index);
    value->plain = event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    value->tag = Text(event.data.scalar.tag);
    value->text.assign(reinterpret_cast<const char*>(event.data.scalar.value),
                       event.data.scalar.length);
    value->empty = value->plain && value->begin == value->end;
    // go-yaml ends a plain text inside of [] and {} at every '?', libyaml does not any more.
    const bool in_flow = !open_.empty() && open_.back().value->flow;
    if (value->plain && in_flow && value->text.find('?') != std::string::npos) {
      problem_ = "a question mark in a plain text inside of [] or {}";
    }
    if (value->plain && value->tag.empty()) {
      Resolved resolved = Resolve(value->text);
      value->kind = resolved.kind;
      value->text = std::move(resolved.text);
    } else {
      value->kind = Value::Kind::Text;
    }
    return value;
  }

  void Start(Value::Kind kind, size_t begin, std::string tag, bool flow, std::string anchor) {
    if (open_.size() >= kMaxDepth) {
      problem_ = "nested too deeply";
      return;
    }
    auto value = std::make_shared<Value>();
    value->kind = kind;
    value->begin = begin;
    value->tag = std::move(tag);
    value->flow = flow;
    open_.push_back({std::move(value), std::move(anchor), std::nullopt});
  }

  void Finish(size_t end) {
    if (open_.empty()) return;
    Open done = std::move(open_.back());
    open_.pop_back();
    if (done.value->flow) {
      done.value->end = end;
    } else if (!done.value->items.empty()) {
      done.value->end = done.value->items.back()->end;
    } else if (!done.value->entries.empty()) {
      done.value->end = done.value->entries.back().value->end;
    }
    Add(std::move(done.value), done.anchor);
  }

  void Add(ValuePtr value, const std::string& anchor) {
    if (!anchor.empty()) anchors_[anchor] = value;
    if (open_.empty()) {
      documents_.push_back(std::move(value));
      return;
    }
    Open& parent = open_.back();
    if (parent.value->kind == Value::Kind::List) {
      parent.value->items.push_back(std::move(value));
    } else if (!parent.entry.has_value()) {
      if (value->kind == Value::Kind::List || value->kind == Value::Kind::Map) {
        problem_ = "a key that is not a scalar";
        return;
      }
      parent.entry = Entry{AsString(*value), value->begin, nullptr};
    } else {
      parent.entry->value = std::move(value);
      parent.value->entries.push_back(*std::move(parent.entry));
      parent.entry.reset();
    }
  }

  const std::string_view bytes_;
  Offsets offsets_;
  yaml_parser_t parser_{};
  std::string problem_;
  size_t values_ = 0;
  std::vector<Open> open_;
  std::map<std::string, ValuePtr> anchors_;
  std::vector<ValuePtr> documents_;
};

std::vector<const Entry*> Sorted(const Value& map) {
  std::vector<const Entry*> entries;
  for (const Entry& entry : map.entries) entries.push_back(&entry);
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry* a, const Entry* b) { return a->key < b->key; });
  return entries;
}

}  // namespace

const Value* Value::Find(std::string_view key) const {
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (entry->key == key) return entry->value.get();
  }
  return nullptr;
}

size_t Value::Count(std::string_view key) const {
  size_t count = 0;
  for (const Entry& entry : entries) count += entry.key == key ? 1 : 0;
  return count;
}

absl::StatusOr<std::vector<ValuePtr>> ReadStream(std::string_view bytes) {
  return Reader(bytes).Read();
}

bool Same(const Value& a, const Value& b) {
  if (a.kind != b.kind || a.text != b.text || a.tag != b.tag || a.items.size() != b.items.size() ||
      a.entries.size() != b.entries.size()) {
    return false;
  }
  for (size_t i = 0; i < a.items.size(); ++i) {
    if (!Same(*a.items[i], *b.items[i])) return false;
  }
  if (a.entries.empty()) return true;
  const std::vector<const Entry*> ours = Sorted(a);
  const std::vector<const Entry*> theirs = Sorted(b);
  for (size_t i = 0; i < ours.size(); ++i) {
    if (ours[i]->key != theirs[i]->key || !Same(*ours[i]->value, *theirs[i]->value)) return false;
  }
  return true;
}

std::string Print(const Value& value) {
  std::string text = value.tag.empty() ? "" : absl::StrCat("!<", value.tag, "> ");
  switch (value.kind) {
    case Value::Kind::Null:
      return text + "null";
    case Value::Kind::Bool:
    case Value::Kind::Number:
      return text + value.text;
    case Value::Kind::Text:
      return absl::StrCat(text, "\"", absl::Utf8SafeCEscape(value.text), "\"");
    case Value::Kind::List: {
      text += "[";
      for (const ValuePtr& item : value.items) absl::StrAppend(&text, Print(*item), ",");
      return text + "]";
    }
    case Value::Kind::Map:
      break;
  }
  text += "{";
  for (const Entry* const entry : Sorted(value)) {
    absl::StrAppend(&text, "\"", absl::Utf8SafeCEscape(entry->key), "\":", Print(*entry->value),
                    ",");
  }
  return text + "}";
}

ValuePtr TextValue(std::string text) {
  auto value = std::make_shared<Value>();
  value->kind = Value::Kind::Text;
  value->text = std::move(text);
  return value;
}

ValuePtr BoolValue(bool flag) {
  auto value = std::make_shared<Value>();
  value->kind = Value::Kind::Bool;
  value->text = flag ? "true" : "false";
  return value;
}

ValuePtr MapValue(std::vector<std::pair<std::string, ValuePtr>> entries) {
  auto value = std::make_shared<Value>();
  value->kind = Value::Kind::Map;
  for (auto& [key, child] : entries) value->entries.push_back({key, 0, std::move(child)});
  return value;
}

ValuePtr With(const Value& map, std::string_view key, ValuePtr value) {
  auto copy = std::make_shared<Value>(map);
  for (Entry& entry : copy->entries) {
    if (entry.key != key) continue;
    if (value == nullptr) {
      std::erase_if(copy->entries, [&](const Entry& e) { return e.key == key; });
    } else {
      entry.value = std::move(value);
    }
    return copy;
  }
  if (value != nullptr) copy->entries.push_back({std::string(key), 0, std::move(value)});
  return copy;
}

}  // namespace belay::oracle
