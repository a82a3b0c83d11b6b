// A value of a config file or of an edit, with the type kubelet gives it: what sigs.k8s.io/yaml
// turns into JSON.  Numbers are held in one canonical text, so that 1, 1.0 and 0x1 are equal. Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace belay {

struct ConfigValue {
  enum class Kind { Null, Bool, Number, Text, List, Map };
  struct Entry;
  Kind kind = Kind::Null;
  std::string text;  // of Text; canonical of Number; "true" or "false" of Bool
  std::vector<ConfigValue> list;
  std::vector<Entry> map;  // as written, also keys given twice

  // Maps without regard to order.
  bool operator==(const ConfigValue& other) const;
  bool IsScalar() const { return kind != Kind::List && kind != Kind::Map; }
  bool IsEmptyContainer() const { return !IsScalar() && list.empty() && map.empty(); }
  size_t Count(std::string_view key) const;
  ConfigValue* Find(std::string_view key);  // the first; nullptr when not there
};

struct ConfigValue::Entry {
  std::string key;
  ConfigValue value;
};

ConfigValue TextConfigValue(std::string text);
ConfigValue EmptyConfigValue(ConfigValue::Kind kind);

// What a plain scalar means to go-yaml v2, which kubelet reads with: YAML 1.1 words for booleans,
// its own number forms; dates and sexagesimal numbers are texts.
ConfigValue ResolvePlainScalar(std::string_view plain);

// Does the item of a list have that value under that key?  Numbers and booleans match their
// canonical text.  `value` is the item's value of the selector's key.
bool SelectorMatches(const ConfigValue& value, std::string_view wanted);

// Strict JSON (RFC 8259): one value, not nested beyond the limit of the editor; keys given twice
// are all kept. INVALID_ARGUMENT names the 0-based byte.
absl::StatusOr<ConfigValue> ParseJson(std::string_view json);

// The one text of a number that JSON allows: integers as such, others as the shortest text of the
// double.  Nothing when it is beyond a double.
std::optional<std::string> CanonicalNumber(std::string_view decimal);

}  // namespace belay
