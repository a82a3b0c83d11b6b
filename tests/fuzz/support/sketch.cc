#include "tests/fuzz/support/sketch.h"

#include "absl/strings/str_cat.h"
#include "tests/support/oracle/yaml_value.h"

namespace belay::fuzz {
namespace {

std::string DoubleQuoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + '"';
}

std::string SingleQuoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
  return out + "'";
}

// Plain where kubelet's parser reads it back as the same text.
bool PlainIsRight(const std::string& text, bool flow) {
  if (text.find('\n') != std::string::npos) return false;
  const auto read =
      oracle::ReadStream(flow ? absl::StrCat("[ ", text, " ]\n") : absl::StrCat("- ", text, "\n"));
  return read.ok() && read->size() == 1 && read->front()->kind == oracle::Value::Kind::List &&
         read->front()->items.size() == 1 &&
         read->front()->items[0]->kind == oracle::Value::Kind::Text &&
         read->front()->items[0]->text == text;
}

class Writer {
 public:
  explicit Writer(const Look& look) : look_(look) {}

  std::string out;

  std::string Scalar(const Sketch& sketch, bool flow) const {
    if (sketch.kind == Sketch::Kind::Literal) return sketch.text;
    if (look_.json || sketch.quote == '"') return DoubleQuoted(sketch.text);
    const bool single = sketch.text.find('\n') == std::string::npos;
    if (sketch.quote == '\'' && single) return SingleQuoted(sketch.text);
    return PlainIsRight(sketch.text, flow) ? sketch.text : DoubleQuoted(sketch.text);
  }

  std::string Key(const std::string& key) const {
    return look_.quoted_keys || look_.json ? absl::StrCat("\"", key, "\"") : key;
  }

  std::string Flow(const Sketch& sketch) const {
    std::string text;
    if (sketch.kind == Sketch::Kind::List) {
      for (const Sketch& item : sketch.items)
        absl::StrAppend(&text, text.empty() ? "" : ", ", Flow(item));
      return "[" + text + "]";
    }
    if (sketch.kind == Sketch::Kind::Map) {
      for (const auto& [key, value] : sketch.entries)
        absl::StrAppend(&text, text.empty() ? "" : ", ", Key(key), ": ", Flow(value));
      return "{" + text + "}";
    }
    const std::string scalar = Scalar(sketch, true);
    return scalar.empty() ? "null" : scalar;
  }

  void Json(const Sketch& sketch, const std::string& indent) {
    const bool list = sketch.kind == Sketch::Kind::List;
    const size_t count = list ? sketch.items.size() : sketch.entries.size();
    if (sketch.kind == Sketch::Kind::Text || sketch.kind == Sketch::Kind::Literal) {
      const std::string scalar = Scalar(sketch, true);
      out += scalar.empty() ? "null" : scalar;
      return;
    }
    out += list ? "[" : "{";
    const std::string inner = look_.one_line ? "" : look_.end + indent + look_.tab;
    for (size_t i = 0; i < count; ++i) {
      absl::StrAppend(&out, i == 0 ? "" : look_.one_line ? ", " : ",", inner);
      if (!list) absl::StrAppend(&out, Key(sketch.entries[i].key), look_.colon);
      Json(list ? sketch.items[i] : sketch.entries[i].value, indent + look_.tab);
    }
    if (count > 0 && !look_.one_line) out += look_.end + indent;
    out += list ? "]" : "}";
  }

  // `here`: the cursor stands in the column already (behind a dash).
  void Map(const Sketch& map, size_t column, bool here) {
    for (const auto& [key, value] : map.entries) {
      if (!here) {
        Above(value, column);
        out.append(column, ' ');
      }
      here = false;
      absl::StrAppend(&out, Key(key), ":");
      Value(value, column, look_.lists_in_column ? column : column + look_.step);
    }
  }

  void List(const Sketch& list, size_t column, bool here) {
    for (const Sketch& item : list.items) {
      if (!here) {
        Above(item, column);
        out.append(column, ' ');
      }
      here = false;
      out += "-";
      const bool inner = !item.flow && ((item.kind == Sketch::Kind::Map && !item.entries.empty()) ||
                                        (item.kind == Sketch::Kind::List && !item.items.empty()));
      if (!inner) {
        Value(item, column, column, list.gap);
        continue;
      }
      out.append(list.gap, ' ');
      if (item.kind == Sketch::Kind::Map) {
        Map(item, column + 1 + list.gap, true);
      } else {
        List(item, column + 1 + list.gap, true);
      }
    }
  }

 private:
  void Above(const Sketch& sketch, size_t column) {
    for (const std::string& line : sketch.above) {
      if (!line.empty()) out.append(column, ' ');
      out += line + look_.end;
    }
  }

  // What stands behind "key:" or "-", with the line's end.
  void Value(const Sketch& value, size_t column, size_t list_column, size_t gap = 1) {
    const bool empty = value.items.empty() && value.entries.empty();
    const bool collection = value.kind == Sketch::Kind::List || value.kind == Sketch::Kind::Map;
    if (collection && !value.flow && !empty) {
      out += value.behind + look_.end;
      if (value.kind == Sketch::Kind::List) {
        List(value, list_column, false);
      } else {
        Map(value, column + look_.step, false);
      }
      return;
    }
    if (collection) {
      absl::StrAppend(&out, std::string(gap, ' '), Flow(value), value.behind, look_.end);
      return;
    }
    if (value.kind == Sketch::Kind::Text && value.quote == '|' && !value.text.empty() &&
        value.text[0] != ' ' && value.text.find_first_of("\r\t") == std::string::npos) {
      const bool keeps = value.text.back() == '\n';
      absl::StrAppend(&out, std::string(gap, ' '), keeps ? "|" : "|-", look_.end);
      std::string line;
      for (const char c : keeps ? value.text : value.text + "\n") {
        if (c != '\n') {
          line += c;
          continue;
        }
        if (!line.empty()) absl::StrAppend(&out, std::string(column + look_.step, ' '), line);
        out += look_.end;
        line.clear();
      }
      return;
    }
    const std::string scalar = Scalar(value, false);
    absl::StrAppend(&out, scalar.empty() ? "" : std::string(gap, ' '), scalar, value.behind,
                    look_.end);
  }

  const Look& look_;
};

}  // namespace

Sketch TextSketch(std::string text, char quote) {
  Sketch sketch;
  sketch.text = std::move(text);
  sketch.quote = quote;
  return sketch;
}
Sketch LiteralSketch(std::string text) {
  Sketch sketch;
  sketch.kind = Sketch::Kind::Literal;
  sketch.text = std::move(text);
  return sketch;
}
Sketch MapSketch(std::vector<SketchEntry> entries) {
  Sketch sketch;
  sketch.kind = Sketch::Kind::Map;
  sketch.entries = std::move(entries);
  return sketch;
}
Sketch ListSketch(std::vector<Sketch> items) {
  Sketch sketch;
  sketch.kind = Sketch::Kind::List;
  sketch.items = std::move(items);
  return sketch;
}

std::string Write(const Sketch& root, const Look& look) {
  Writer writer(look);
  if (look.json) {
    writer.Json(root, "");
    writer.out += look.end;
  } else {
    writer.Map(root, 0, false);
  }
  return writer.out;
}

}  // namespace belay::fuzz
