#include "node-agent/audit/settings.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "common/base/csv_items.h"

namespace belay {
namespace {

bool IsBooleanWord(const std::string& text) {
  const std::string lower = absl::AsciiStrToLower(text);
  return lower == "true" || lower == "false";
}

// Does the component take the flag without a value?  Then "--flag false" is --flag=true and an
// argument that nobody reads.
bool IsBooleanFlag(const SettingCheck& setting) {
  if (!setting.entry.empty() || setting.defaults.empty()) return false;
  return std::all_of(setting.defaults.begin(), setting.defaults.end(),
                     [](const DefaultValue& each) { return IsBooleanWord(each.value); });
}

bool IsList(const SettingCheck& setting) {
  using Kind = ValueTest::Kind;
  return setting.test.kind == Kind::Contains || setting.test.kind == Kind::Lacks ||
         setting.test.kind == Kind::OnlyFrom || !setting.entry.empty();
}

std::vector<std::string> Items(const std::string& value) {
  std::vector<std::string> items = CsvItems(value).value_or(std::vector<std::string>());
  items.erase(std::remove(items.begin(), items.end(), ""), items.end());
  return items;
}

// The entry of a map written "A=true,B=false"; the last one counts.
std::optional<std::string> EntryOf(const std::string& map, const std::string& name) {
  std::optional<std::string> found;
  for (const std::string& item : Items(map)) {
    const std::size_t equals = item.find('=');
    if (item.substr(0, equals) != name) continue;
    found = equals == std::string::npos ? "true" : item.substr(equals + 1);
  }
  return found;
}

// Scalars win by the last; lists and maps are added up, as pflag does it.
std::optional<std::string> FlagOf(const SettingCheck& setting, const CommandLine& line) {
  if (setting.flag.empty()) return std::nullopt;
  std::vector<std::string> given;
  for (const FlagUse& use : line.uses) {
    if (use.name != NormalFlagName(setting.flag)) continue;
    const bool bare = !use.value || (use.value_index && IsBooleanFlag(setting));
    given.push_back(bare ? "true" : *use.value);
  }
  if (given.empty()) return std::nullopt;
  return IsList(setting) ? absl::StrJoin(given, ",") : given.back();
}

struct FileValue {
  bool known = true;
  std::string why;
  std::optional<std::string> value;
};

std::string ScalarText(const ConfigValue& value) {
  if (value.kind != ConfigValue::Kind::List) return value.text;
  return absl::StrJoin(value.list, ",", [](std::string* out, const ConfigValue& item) {
    absl::StrAppend(out, item.text);
  });
}

FileValue ValueInFile(const SettingCheck& setting, const ComponentState& component,
                      const std::string& path) {
  if (setting.key.empty()) return {};
  const auto found = component.configs.find(path);
  if (found == component.configs.end()) return {false, path + " was not read", std::nullopt};
  if (!found->second.ok()) return {false, std::string(found->second.status().message()), {}};
  ConfigValue root = *found->second;
  ConfigValue* at = &root;
  std::vector<std::string> keys = absl::StrSplit(setting.key, '.');
  if (!setting.entry.empty()) keys.push_back(setting.entry);
  for (const std::string& key : keys) {
    if (at->kind != ConfigValue::Kind::Map) return {};
    if (at->Count(key) > 1) return {false, absl::StrCat(path, " has ", key, " twice"), {}};
    at = at->Find(key);
    if (at == nullptr) return {};
  }
  if (at->kind == ConfigValue::Kind::Null) return {};
  if (at->kind == ConfigValue::Kind::Map) {
    return {false, absl::StrCat(setting.key, " in ", path, " is not one value"), {}};
  }
  const std::string text = ScalarText(*at);
  if (setting.zero_is_unset && (text.empty() || text == "0" || text == "0s")) return {};
  return {true, "", text};
}

EffectiveValue DefaultOf(const std::vector<DefaultValue>& defaults,
                         const std::optional<KubernetesMinor>& version) {
  using Kind = EffectiveValue::Kind;
  if (defaults.empty()) return {Kind::Unset, "", "not given", false};
  const bool all_equal =
      std::all_of(defaults.begin(), defaults.end(), [&](const DefaultValue& each) {
        return each.value == defaults.front().value && each.versions == VersionRange();
      });
  if (all_equal) return {Kind::Default, defaults.front().value, "default", false};
  if (!version) {
    return {Kind::Unknown, "",
            "the default differs by Kubernetes version, and this node's is not known", false};
  }
  for (const DefaultValue& each : defaults) {
    if (!each.versions.Contains(*version)) continue;
    return {Kind::Default, each.value, "default of " + KubernetesMinorText(*version), false};
  }
  return {Kind::Unknown, "", "the default of " + KubernetesMinorText(*version) + " is not known",
          false};
}

// The host of "HOST:PORT", "[V6]:PORT", "HOST" or a bare IPv6 address.
std::string HostOf(const std::string& address) {
  if (!address.empty() && address.front() == '[') {
    const std::size_t end = address.find(']');
    return end == std::string::npos ? address : address.substr(1, end - 1);
  }
  const std::size_t colon = address.find(':');
  const bool one = colon != std::string::npos && address.find(':', colon + 1) == std::string::npos;
  return one ? address.substr(0, colon) : address;
}

bool SameWord(const std::string& a, const std::string& b) {
  if (IsBooleanWord(a) && IsBooleanWord(b)) {
    return absl::AsciiStrToLower(a) == absl::AsciiStrToLower(b);
  }
  return a == b;
}

bool IsOneOf(const std::string& value, const std::vector<std::string>& values) {
  return std::any_of(values.begin(), values.end(),
                     [&](const std::string& each) { return SameWord(value, each); });
}

// What Go's flags take for true beside the word.
std::string NormalBoolean(const std::string& value, const std::vector<std::string>& wanted) {
  if (wanted.empty() || !IsBooleanWord(wanted.front())) return value;
  if (value == "1" || value == "t" || value == "T") return "true";
  if (value == "0" || value == "f" || value == "F") return "false";
  return value;
}

}  // namespace

std::string ConfigFlag(const std::string& component) {
  return component == "etcd" ? "config-file" : "config";
}

std::optional<std::string> LastFlag(const CommandLine& line, const std::string& flag) {
  std::optional<std::string> value;
  for (const FlagUse& use : line.uses) {
    if (use.name == NormalFlagName(flag)) value = use.value.value_or("");
  }
  return value;
}

EffectiveValue Effective(const SettingCheck& setting, const CommandLine& line,
                         const ComponentState& component,
                         const std::optional<KubernetesMinor>& version) {
  using Kind = EffectiveValue::Kind;
  const std::optional<std::string> file = LastFlag(line, ConfigFlag(setting.component));
  const bool only_file = file && setting.flag_ignored_with_file && !setting.key.empty();
  if (!only_file) {
    std::optional<std::string> given = FlagOf(setting, line);
    std::string from = "flag";
    const auto variable = line.environment.find(setting.environment);
    if (!given && !setting.environment.empty() && variable != line.environment.end()) {
      given = variable->second;
      from = setting.environment;
    }
    if (given && !setting.entry.empty()) given = EntryOf(*given, setting.entry);
    if (given) {
      return {Kind::Given, *given, from, given->find("$(") != std::string::npos};
    }
  }
  if (file) {
    const FileValue value = ValueInFile(setting, component, *file);
    if (!value.known) return {Kind::Unknown, "", value.why, false};
    if (value.value) return {Kind::Given, *value.value, *file, false};
  }
  const bool without_file = !file && !setting.defaults_without_file.empty();
  return DefaultOf(without_file ? setting.defaults_without_file : setting.defaults, version);
}

bool Passes(const ValueTest& test, const std::string& given) {
  const std::string value = NormalBoolean(given, test.values);
  const std::vector<std::string> items = Items(value);
  switch (test.kind) {
    case ValueTest::Kind::Present:
      return true;
    case ValueTest::Kind::Absent:
      return false;
    case ValueTest::Kind::Equals:
      return SameWord(value, test.values.front());
    case ValueTest::Kind::NotEquals:
      return !SameWord(value, test.values.front());
    case ValueTest::Kind::OneOf:
      return IsOneOf(value, test.values);
    case ValueTest::Kind::Contains:
      return IsOneOf(test.values.front(), items);
    case ValueTest::Kind::Lacks:
      // With quotes that do not match, nobody knows what the component makes of it.
      return CsvItems(value).has_value() && !IsOneOf(test.values.front(), items);
    case ValueTest::Kind::OnlyFrom:
      return !items.empty() &&
             std::all_of(items.begin(), items.end(),
                         [&](const std::string& item) { return IsOneOf(item, test.values); });
    case ValueTest::Kind::AtLeast: {
      std::int64_t number = 0;
      return absl::SimpleAtoi(value, &number) && number >= test.number;
    }
    case ValueTest::Kind::DurationAtLeast: {
      absl::Duration duration;
      return absl::ParseDuration(value, &duration) && duration >= absl::Milliseconds(test.number);
    }
    case ValueTest::Kind::HostOneOf:
      return IsOneOf(HostOf(value), test.values);
  }
  return false;
}

}  // namespace belay
