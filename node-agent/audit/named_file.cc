#include "node-agent/audit/named_file.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace belay {
namespace {

using Kind = ConfigValue::Kind;

FileVerdict Verdict(bool passes, std::string found) {
  return {passes ? FileVerdict::Kind::Pass : FileVerdict::Kind::Fail, std::move(found)};
}

const ConfigValue* Find(const ConfigValue& map, std::string_view key) {
  if (map.kind != Kind::Map) return nullptr;
  const auto found = std::find_if(map.map.begin(), map.map.end(),
                                  [&](const auto& entry) { return entry.key == key; });
  return found == map.map.end() ? nullptr : &found->value;
}

const std::vector<ConfigValue>& ListOf(const ConfigValue& map, std::string_view key) {
  static const std::vector<ConfigValue>& none = *new std::vector<ConfigValue>();
  const ConfigValue* const list = Find(map, key);
  return list != nullptr && list->kind == Kind::List ? list->list : none;
}

std::string TextOf(const ConfigValue& map, std::string_view key) {
  const ConfigValue* const text = Find(map, key);
  return text == nullptr ? "" : text->text;
}

bool Has(const std::vector<std::string>& values, const std::string& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

// Does a group of an EncryptionConfiguration reach Secrets ("secrets", "*.", "*.*")?
bool CoversSecrets(const ConfigValue& group) {
  const std::vector<ConfigValue>& resources = ListOf(group, "resources");
  return std::any_of(resources.begin(), resources.end(), [](const ConfigValue& each) {
    return each.text == "secrets" || each.text == "*." || each.text == "*.*";
  });
}

FileVerdict FirstProvider(const NamedFileCheck& check, const ConfigValue& document) {
  // The first group that names a resource decides for it.
  for (const ConfigValue& group : ListOf(document, "resources")) {
    if (!CoversSecrets(group)) continue;
    const std::vector<ConfigValue>& providers = ListOf(group, "providers");
    if (providers.empty() || providers.front().map.size() != 1) {
      return Verdict(false, "no provider for secrets that can be told");
    }
    const std::string& first = providers.front().map.front().key;
    return Verdict(Has(check.values, first), "secrets are written by " + first);
  }
  return Verdict(false, "no group has secrets");
}

FileVerdict EventRateLimits(const ConfigValue& document) {
  for (const ConfigValue& plugin : ListOf(document, "plugins")) {
    if (TextOf(plugin, "name") != "EventRateLimit") continue;
    if (const ConfigValue* const own = Find(plugin, "configuration")) {
      const std::size_t limits = ListOf(*own, "limits").size();
      return Verdict(limits > 0, absl::StrCat(limits, " limits"));
    }
    const std::string path = TextOf(plugin, "path");
    if (path.empty()) return Verdict(false, "no configuration");
    // Whether that file has a limit is not seen here.
    return {FileVerdict::Kind::Unknown, "its limits are in another file, " + path};
  }
  return Verdict(false, "nothing for EventRateLimit");
}

FileVerdict Anonymous(const ConfigValue& document) {
  const ConfigValue* const anonymous = Find(document, "anonymous");
  if (anonymous == nullptr) return Verdict(false, "no section 'anonymous': everybody is let in");
  if (TextOf(*anonymous, "enabled") == "false")
    return Verdict(true, "anonymous requests are refused");
  const std::vector<ConfigValue>& conditions = ListOf(*anonymous, "conditions");
  std::vector<std::string> paths;
  for (const ConfigValue& each : conditions) paths.push_back(TextOf(each, "path"));
  if (paths.empty()) return Verdict(false, "anonymous requests are let in everywhere");
  const bool probes_only = std::all_of(paths.begin(), paths.end(), [](const std::string& path) {
    return path == "/livez" || path == "/readyz" || path == "/healthz";
  });
  return Verdict(probes_only, "anonymous requests on " + absl::StrJoin(paths, ", "));
}

FileVerdict Authorizers(const NamedFileCheck& check, const ConfigValue& document) {
  std::vector<std::string> types;
  for (const ConfigValue& each : ListOf(document, "authorizers")) {
    types.push_back(TextOf(each, "type"));
  }
  const bool has = Has(types, check.values.front());
  const bool wanted = check.rule == NamedFileCheck::Rule::Authorizers;
  if (types.empty()) return Verdict(false, "no authorizers");
  return Verdict(has == wanted, "authorizers " + absl::StrJoin(types, ", "));
}

}  // namespace

FileVerdict JudgeDocument(const NamedFileCheck& check, const ConfigValue& document) {
  using Rule = NamedFileCheck::Rule;
  const std::string kind = TextOf(document, "kind");
  if (kind != check.kind) {
    return Verdict(false, kind.empty() ? "it has no kind" : absl::StrCat("it is a ", kind));
  }
  switch (check.rule) {
    case Rule::Exists:
    case Rule::ValidKind:
    case Rule::DiffersFrom:
      return Verdict(true, "a " + kind);
    case Rule::StrongFirstProvider:
      return FirstProvider(check, document);
    case Rule::AuditRules: {
      const std::size_t rules = ListOf(document, "rules").size();
      return Verdict(rules > 0, absl::StrCat(rules, " rules"));
    }
    case Rule::EventRateLimits:
      return EventRateLimits(document);
    case Rule::NoOpenAnonymous:
      return Anonymous(document);
    case Rule::Authorizers:
    case Rule::NoAuthorizer:
      return Authorizers(check, document);
  }
  return {};
}

}  // namespace belay
