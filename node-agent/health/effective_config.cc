#include "node-agent/health/effective_config.h"

#include <algorithm>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "common/plan/gated.h"
#include "node-agent/configfile/config_value.h"

namespace belay {
namespace {

// Plain names joined by dots; nothing for other paths.
std::string PlainPath(const google::protobuf::RepeatedPtrField<v1::ConfigPathElement>& path) {
  std::string text;
  for (const v1::ConfigPathElement& element : path) {
    if (!element.has_key() || element.key().find_first_of(".=") != std::string::npos) return "";
    absl::StrAppend(&text, text.empty() ? "" : ".", element.key());
  }
  return text;
}

// What Go leaves out of its JSON.
bool IsZero(const ConfigValue& value) {
  return value.kind == ConfigValue::Kind::Null || value.text.empty() || value.text == "false" ||
         value.text == "0";
}

bool SameDuration(const std::string& a, const std::string& b) {
  absl::Duration one;
  absl::Duration other;
  return absl::ParseDuration(a, &one) && absl::ParseDuration(b, &other) && one == other;
}

bool SameValue(const ConfigValue& wanted, const ConfigValue* found) {
  if (found == nullptr) return IsZero(wanted);
  if (wanted == *found) return true;
  const bool texts =
      wanted.kind == ConfigValue::Kind::Text && found->kind == ConfigValue::Kind::Text;
  return texts && SameDuration(wanted.text, found->text);
}

ConfigValue* Follow(ConfigValue* value, std::string_view path) {
  const absl::string_view text(path.data(), path.size());
  for (const absl::string_view key : absl::StrSplit(text, '.')) {
    if (value == nullptr || value->kind != ConfigValue::Kind::Map) return nullptr;
    value = value->Find({key.data(), key.size()});
  }
  return value;
}

}  // namespace

std::vector<std::string> TouchedConfigKeys(const v1::Step& step, const std::string& file) {
  std::vector<std::string> touched;
  for (const v1::Edit& edit : step.edits()) {
    if (!edit.has_set_config_key() || edit.set_config_key().file() != file) continue;
    const std::string path = PlainPath(edit.set_config_key().path());
    const absl::StatusOr<ConfigValue> value = ParseJson(edit.set_config_key().value_json());
    if (path.empty() || !value.ok() || !value->IsScalar()) continue;
    touched.push_back(absl::StrCat(path, "=", edit.set_config_key().value_json()));
  }
  return touched;
}

std::vector<v1::FlagVerification> VerifyConfigKeys(
    const google::protobuf::RepeatedPtrField<std::string>& touched, std::string_view configz) {
  std::vector<v1::FlagVerification> results;
  absl::StatusOr<ConfigValue> answer = ParseJson(configz);
  ConfigValue* const running = answer.ok() ? Follow(&*answer, "kubeletconfig") : nullptr;
  if (running == nullptr || running->kind != ConfigValue::Kind::Map) return results;
  for (const std::string& each : touched) {
    const std::size_t equals = each.find('=');
    const absl::StatusOr<ConfigValue> wanted = ParseJson(each.substr(equals + 1));
    if (equals == std::string::npos || !wanted.ok()) continue;
    const ConfigValue* const found = Follow(running, each.substr(0, equals));
    v1::FlagVerification result;
    result.set_component(std::string(kKubelet));
    result.set_flag(each.substr(0, equals));
    result.set_expected(each.substr(equals + 1));
    result.set_running(found == nullptr    ? "(not there)"
                       : found->IsScalar() ? found->text
                                           : "(not one value)");
    result.set_ok(SameValue(*wanted, found));
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace belay
