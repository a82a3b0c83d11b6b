// A YAML stream as kubelet's parser reads it: by libyaml, of which go-yaml is a port, with
// go-yaml's rules for booleans, numbers and null.  It shares nothing with the editor, whose results
// it judges: another parser, another tree.  Every value knows its bytes.  Pure.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace belay::oracle {

struct Value;

struct Entry {
  std::string key;       // as the text that JSON gets
  size_t key_begin = 0;  // offset in bytes
  std::shared_ptr<const Value> value;
};

struct Value {
  enum class Kind { Null, Bool, Number, Text, List, Map };
  Kind kind = Kind::Null;
  std::string text;  // of a scalar: decoded; of a Bool "true" or "false"; of a Number as written
  std::string tag;   // explicit tag, else empty
  bool flow = false;
  bool plain = false;  // a scalar without quotes
  bool empty = false;  // an omitted value: no bytes
  size_t begin =
      0;  // bytes [begin, end); of block lists and maps `end` is the end of the last child
  size_t end = 0;
  std::vector<std::shared_ptr<const Value>> items;
  std::vector<Entry> entries;  // in order, keys given twice included

  // The last of that name, as in go-yaml; nullptr when there is none.
  const Value* Find(std::string_view key) const;
  size_t Count(std::string_view key) const;
};
using ValuePtr = std::shared_ptr<const Value>;

// The documents of the stream; aliases stand as copies of what they name.  INVALID_ARGUMENT where
// kubelet's parser would refuse too, or where aliases grow beyond reason.
absl::StatusOr<std::vector<ValuePtr>> ReadStream(std::string_view bytes);

// Maps without regard to order.
bool Same(const Value& a, const Value& b);

// For messages; also stable enough to compare by.
std::string Print(const Value& value);

// What a field of type string gets from this scalar.  Numbers that change their shape on the way
// ("010", "1e3") give a text that no flag has.
std::string AsString(const Value& scalar);

ValuePtr TextValue(std::string text);
ValuePtr BoolValue(bool value);
ValuePtr MapValue(std::vector<std::pair<std::string, ValuePtr>> entries);
// The map with that key set, removed (nullptr) or added at the end.
ValuePtr With(const Value& map, std::string_view key, ValuePtr value);

}  // namespace belay::oracle
