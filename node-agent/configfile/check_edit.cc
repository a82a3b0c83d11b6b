#include "node-agent/configfile/check_edit.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/plan/config_path.h"
#include "node-agent/configfile/config_value.h"

namespace belay {
namespace {

// Duplicate keys and NUL bytes mean different things to different readers.
absl::Status CheckValue(const ConfigValue& value) {
  const auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  bool nul = value.kind == ConfigValue::Kind::Text && has_nul(value.text);
  for (const auto& [key, item] : value.map) {
    if (value.Count(key) > 1) {
      return absl::InvalidArgumentError(absl::StrCat("the value has the key '", key, "' twice"));
    }
    if (key.empty()) return absl::InvalidArgumentError("the value has an empty key");
    nul = nul || has_nul(key);
    RETURN_IF_ERROR(CheckValue(item));
  }
  for (const ConfigValue& item : value.list) RETURN_IF_ERROR(CheckValue(item));
  if (nul) return absl::InvalidArgumentError("the value holds a NUL character");
  return absl::OkStatus();
}

// An item that a selector chooses must still be chosen by it afterwards.
absl::Status CheckSelectors(const ConfigPath& path, ConfigValue value) {
  for (int i = 0; i < path.size(); ++i) {
    if (!path.at(i).has_select()) continue;
    const v1::ConfigSelector& select = path.at(i).select();
    const bool last = i + 1 == path.size();
    if (last) {
      const ConfigValue* const chosen = value.Find(select.key());
      if (chosen != nullptr && SelectorMatches(*chosen, select.value())) continue;
      return absl::InvalidArgumentError(absl::StrCat("the value must be a map with ", select.key(),
                                                     ": ", select.value(),
                                                     ", because its path selects it by that"));
    }
    if (path.at(i + 1).element_case() != v1::ConfigPathElement::kKey) {
      return absl::InvalidArgumentError("behind a selector the path must go on with a key");
    }
    if (path.at(i + 1).key() == select.key()) {
      return absl::InvalidArgumentError(absl::StrCat("the edit would change '", select.key(),
                                                     "', by which its path selects the item"));
    }
  }
  return absl::OkStatus();
}

// A document that is chosen by its kind must keep it.
absl::Status CheckKind(const ConfigPath& path, const std::string& kind) {
  if (kind.empty() || path.at(0).key() != "kind") return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the edit would change 'kind', by which it chooses its document (", kind, ")"));
}

}  // namespace

absl::Status CheckConfigEdit(const v1::Edit& edit) {
  if (edit.has_unset_config_key()) {
    const ConfigPath& path = edit.unset_config_key().path();
    RETURN_IF_ERROR(CheckConfigPath(path));
    RETURN_IF_ERROR(CheckKind(path, edit.unset_config_key().kind()));
    if (path.at(path.size() - 1).element_case() == v1::ConfigPathElement::kIndex) {
      return absl::InvalidArgumentError(
          "taking an item out by its index would take another one out the next time; select it by "
          "a key ([name=x]) or set the whole list");
    }
    return absl::OkStatus();
  }
  const v1::SetConfigKey& set = edit.set_config_key();
  RETURN_IF_ERROR(CheckConfigPath(set.path()));
  RETURN_IF_ERROR(CheckKind(set.path(), set.kind()));
  ASSIGN_OR_RETURN(const ConfigValue value, ParseJson(set.value_json()));
  RETURN_IF_ERROR(CheckValue(value));
  return CheckSelectors(set.path(), value);
}

}  // namespace belay
