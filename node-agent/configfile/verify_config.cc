#include "node-agent/configfile/verify_config.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/plan/config_path.h"
#include "node-agent/configfile/config_value.h"
#include "node-agent/configfile/kubelet_reading.h"

namespace belay {
namespace {

absl::Status Wrong(std::string_view what) {
  return absl::FailedPreconditionError(
      absl::StrCat("line 1: the edit was checked and ", absl::string_view(what.data(), what.size()),
                   "; this file has a form that cannot be edited with certainty, edit it by hand"));
}

// The child an element names: made when `make`, nullptr when it is not there and is not made.
absl::StatusOr<ConfigValue*> Child(ConfigValue& value, const v1::ConfigPathElement& element,
                                   bool make) {
  using Kind = ConfigValue::Kind;
  const Kind wanted =
      element.element_case() == v1::ConfigPathElement::kKey ? Kind::Map : Kind::List;
  if (value.kind == Kind::Null) {
    if (!make) return nullptr;
    value = EmptyConfigValue(wanted);
  }
  if (value.kind != wanted) return Wrong("the path leads through a value of another kind");
  switch (element.element_case()) {
    case v1::ConfigPathElement::kKey:
      if (value.Count(element.key()) > 1) return Wrong("a key of the path is given twice");
      if (value.Count(element.key()) == 0) {
        if (!make) return nullptr;
        value.map.push_back({element.key(), ConfigValue()});
      }
      return value.Find(element.key());
    case v1::ConfigPathElement::kIndex:
      if (element.index() == value.list.size() && make) value.list.emplace_back();
      if (element.index() < value.list.size()) return &value.list[element.index()];
      if (!make) return nullptr;
      return Wrong("the list is shorter than its index");
    case v1::ConfigPathElement::kSelect: {
      ConfigValue* found = nullptr;
      for (ConfigValue& item : value.list) {
        const ConfigValue* const name = item.Find(element.select().key());
        if (name == nullptr || !SelectorMatches(*name, element.select().value())) continue;
        if (found != nullptr) return Wrong("two items match its selector");
        found = &item;
      }
      if (found != nullptr || !make) return found;
      ConfigValue item = EmptyConfigValue(Kind::Map);
      item.map.push_back({element.select().key(), TextConfigValue(element.select().value())});
      value.list.push_back(std::move(item));
      return &value.list.back();
    }
    case v1::ConfigPathElement::ELEMENT_NOT_SET:
      break;
  }
  return Wrong("its path has an element of an unknown kind");
}

absl::Status Set(ConfigValue& root, const v1::SetConfigKey& edit) {
  ConfigValue* place = &root;
  for (const v1::ConfigPathElement& element : edit.path()) {
    ASSIGN_OR_RETURN(place, Child(*place, element, true));
  }
  ASSIGN_OR_RETURN(*place, ParseJson(edit.value_json()));
  return absl::OkStatus();
}

absl::Status Unset(ConfigValue& root, const v1::UnsetConfigKey& edit) {
  ConfigValue* parent = nullptr;
  ConfigValue* place = &root;
  for (const v1::ConfigPathElement& element : edit.path()) {
    parent = place;
    ASSIGN_OR_RETURN(place, Child(*parent, element, false));
    if (place == nullptr) return absl::OkStatus();
  }
  if (parent == nullptr) return Wrong("its path is empty");
  std::erase_if(parent->map, [&](const auto& entry) { return &entry.value == place; });
  std::erase_if(parent->list, [&](const ConfigValue& item) { return &item == place; });
  return absl::OkStatus();
}

// The one document of that kind, or the only one.
absl::StatusOr<ConfigValue*> Chosen(std::vector<ConfigValue>& documents, const std::string& kind) {
  ConfigValue* chosen = nullptr;
  for (ConfigValue& document : documents) {
    if (document.kind == ConfigValue::Kind::Null) continue;
    ConfigValue* const name = document.Find("kind");
    if (!kind.empty() && (name == nullptr || name->text != kind)) continue;
    if (chosen != nullptr) return Wrong("several documents are meant");
    chosen = &document;
  }
  if (chosen == nullptr) return Wrong("no document is meant");
  return chosen;
}

}  // namespace

absl::Status VerifyConfigEdit(std::string_view before, std::string_view after,
                              const v1::Edit& edit) {
  ASSIGN_OR_RETURN(std::vector<ConfigValue> intended, ReadAsKubelet(before));
  ASSIGN_OR_RETURN(const std::vector<ConfigValue> found, ReadAsKubelet(after));
  const std::string& kind =
      edit.has_set_config_key() ? edit.set_config_key().kind() : edit.unset_config_key().kind();
  ASSIGN_OR_RETURN(ConfigValue* const document, Chosen(intended, kind));
  if (edit.has_set_config_key()) {
    RETURN_IF_ERROR(Set(*document, edit.set_config_key()));
  } else if (edit.has_unset_config_key()) {
    RETURN_IF_ERROR(Unset(*document, edit.unset_config_key()));
  } else {
    return absl::InvalidArgumentError("not an edit of a config file");
  }
  if (!(intended == found)) return Wrong("something else would change as well");
  const auto json_before = ParseJson(before);
  if (!json_before.ok()) return absl::OkStatus();
  // kubelet reads a file that begins like JSON as JSON first.
  const auto json_after = ParseJson(after);
  if (!json_after.ok() || !(*json_after == *document)) {
    return Wrong("the file would not stay JSON");
  }
  return absl::OkStatus();
}

}  // namespace belay
