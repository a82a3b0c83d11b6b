#include "node-agent/driver/config_trust.h"

#include <yaml-cpp/yaml.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/ids.h"
#include "common/base/time_text.h"
#include "common/plan/gated.h"
#include "common/plan/rules.h"
#include "node-agent/driver/config.h"

namespace belay {
namespace {

constexpr std::uint32_t kMostSignatures = 20;
constexpr const char* kAnyRole = "any";  // in required_signatures
const std::string kRoleWanted = "a role: lower-case letters, digits, '-' and '.', not \"any\"";

bool IsRole(const std::string& text) { return IsValidName(text) && text != kAnyRole; }

bool IsEditKind(const std::string& text) {
  v1::Edit edit;
  const google::protobuf::OneofDescriptor* const kinds = edit.GetDescriptor()->oneof_decl(0);
  for (int i = 0; i < kinds->field_count(); ++i) {
    if (kinds->field(i)->json_name() == text) return true;
  }
  return false;
}

void ReadKey(ConfigReader& reader, const YAML::Node& node, TrustConfig* config) {
  TrustedKeyFile key;
  if (!node.IsMap()) {
    reader.Path("trusted_keys[]", &key.file)(node);
  } else {
    reader.Map(node, "trusted_keys[]",
               {{"file", reader.Path("file", &key.file)},
                {"role", reader.Text("role", &key.role, IsRole, kRoleWanted)},
                {"not_before", reader.Time("not_before", &key.not_before_unix)},
                {"not_after", reader.Time("not_after", &key.not_after_unix)}},
               {"file"});
    if (key.not_after_unix != 0 && key.not_after_unix <= key.not_before_unix) {
      reader.Complain(node.Mark(),
                      "\"not_after\" of a trusted key must be after its \"not_before\"");
    }
  }
  if (!key.file.empty()) config->keys.push_back(key);
}

void ReadKeys(ConfigReader& reader, const YAML::Node& node, TrustConfig* config) {
  if (!node.IsSequence() || node.size() == 0) {
    return reader.Complain(node.Mark(), "\"trusted_keys\" must be a list with at least one path");
  }
  for (const auto& entry : node) ReadKey(reader, entry, config);
}

ConfigReader::Field Signatures(ConfigReader& reader, const std::string& key, std::uint32_t* out) {
  return reader.Number(key, out, 1U, kMostSignatures, "",
                       absl::StrCat("a number from 1 to ", kMostSignatures));
}

void ReadSignatures(ConfigReader& reader, const YAML::Node& node, TrustConfig* config) {
  if (!node.IsMap()) {
    return Signatures(reader, "required_signatures", &config->signatures)(node);
  }
  for (const auto& entry : node) {
    const std::string role = entry.first.IsScalar() ? entry.first.Scalar() : "";
    if (role != kAnyRole && !IsRole(role)) {
      reader.Complain(
          entry.first.Mark(),
          absl::StrCat("a key of \"required_signatures\" must be \"any\" or ", kRoleWanted));
      continue;
    }
    std::uint32_t* const count =
        role == kAnyRole ? &config->signatures : &config->role_signatures[role];
    Signatures(reader, role, count)(entry.second);
  }
}

std::string FormatTime(const char* key, std::int64_t unix_seconds) {
  return unix_seconds == 0 ? "" : absl::StrCat("\n  ", key, ": ", FormatUnixSeconds(unix_seconds));
}

}  // namespace

ConfigReader::Fields TrustFields(ConfigReader& reader, TrustConfig* config) {
  const auto is_rule = [](const std::string& text) {
    const absl::StatusOr<ValueRule> rule = ParseValueRule(text);
    return rule.ok() && (!rule->is_flag || FindGated(rule->subject) != nullptr);
  };
  const auto is_manifest = [](const std::string& text) { return FindGated(text) != nullptr; };
  return {{"trusted_keys",
           [&reader, config](const YAML::Node& node) { ReadKeys(reader, node, config); }},
          {"required_signatures",
           [&reader, config](const YAML::Node& node) { ReadSignatures(reader, node, config); }},
          {"untargeted_plans",
           reader.Switch("untargeted_plans", &config->untargeted_plans, "allowed", "refused")},
          {"allowed_edits", reader.Texts("allowed_edits", &config->allowed_edits, IsEditKind,
                                         "an edit of a plan, such as setFlag")},
          {"allowed_manifests", reader.Texts("allowed_manifests", &config->allowed_manifests,
                                             is_manifest, "one of " + GatedManifestsText())},
          {"forbidden_values",
           reader.Texts("forbidden_values", &config->forbidden_values, is_rule,
                        std::string(ParseValueRule("").status().message().substr(8)))}};
}

std::string FormatTrust(const TrustConfig& config) {
  std::string out = "# Plans must be signed by these (Ed25519 public keys, PEM).\ntrusted_keys:\n";
  for (const TrustedKeyFile& key : config.keys) {
    if (key == TrustedKeyFile{key.file}) {
      absl::StrAppend(&out, "- ", QuotedYaml(key.file), "\n");
      continue;
    }
    absl::StrAppend(&out, "- file: ", QuotedYaml(key.file),
                    key.role.empty() ? "" : absl::StrCat("\n  role: ", QuotedYaml(key.role)),
                    FormatTime("not_before", key.not_before_unix),
                    FormatTime("not_after", key.not_after_unix), "\n");
  }
  absl::StrAppend(&out, "# By so many different ones of them",
                  config.role_signatures.empty() ? "" : ", and by so many of each role",
                  ".\nrequired_signatures: ");
  if (config.role_signatures.empty()) {
    absl::StrAppend(&out, config.signatures, "\n");
  } else {
    absl::StrAppend(&out, "{", kAnyRole, ": ", config.signatures);
    for (const auto& [role, count] : config.role_signatures) {
      absl::StrAppend(&out, ", ", QuotedYaml(role), ": ", count);
    }
    absl::StrAppend(&out, "}\n");
  }
  absl::StrAppend(&out, "# May a plan leave out the clusters that it is for?\nuntargeted_plans: ",
                  config.untargeted_plans ? "allowed" : "refused", "\n");
  if (!config.allowed_edits.empty()) out += YamlList("allowed_edits", config.allowed_edits);
  if (!config.allowed_manifests.empty()) {
    out += YamlList("allowed_manifests", config.allowed_manifests);
  }
  out += "# What no plan may bring about here, whoever has signed it.\n";
  return out + YamlList("forbidden_values", config.forbidden_values);
}

}  // namespace belay
