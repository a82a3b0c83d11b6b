#include "node-agent/audit/waivers.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/time_text.h"
#include "common/plan/decode.h"
#include "common/plan/fields.h"
#include "common/plan/yaml_tree.h"

namespace belay {
namespace {

using Kind = YamlNode::Kind;

void RequireWord(Fields& fields, std::string_view key, std::string& text) {
  fields.Require(key);
  if (fields.Text(key, text) && text.find_first_not_of(" \t\n") == std::string::npos) {
    fields.Break(*fields.Find(key), absl::StrCat("'", std::string(key), "' is empty"));
  }
}

// "*", "CLUSTER/NODE" or "CLUSTER/*".
bool IsTarget(const std::string& text) {
  if (text == "*") return true;
  const std::size_t slash = text.find('/');
  return slash != std::string::npos && slash != 0 && slash + 1 != text.size() &&
         text.find('/', slash + 1) == std::string::npos &&
         text.substr(0, slash).find('*') == std::string::npos;
}

void ReadWaiver(const YamlNode& node, const std::string& path, v1::Waiver& waiver,
                DecodedPlan& out) {
  Fields fields(node, path, {node.line, node.column},
                {"control", "target", "owner", "reason", "expires"}, out);
  if (!fields.is_map()) return;
  RequireWord(fields, "control", *waiver.mutable_control());
  RequireWord(fields, "target", *waiver.mutable_target());
  RequireWord(fields, "owner", *waiver.mutable_owner());
  RequireWord(fields, "reason", *waiver.mutable_reason());
  fields.Require("expires");
  std::int64_t expires = 0;
  if (fields.Time("expires", expires)) waiver.set_expires_unix(expires);
  if (fields.Find("target") != nullptr && !waiver.target().empty() && !IsTarget(waiver.target())) {
    fields.Break(*fields.Find("target"), "'target' must be CLUSTER/NODE, CLUSTER/* or *");
  }
}

bool Covers(const v1::Waiver& waiver, const WaiverTarget& target, const std::string& control) {
  if (waiver.control() != control &&
      waiver.control() != absl::StrCat(target.benchmark, "/", control)) {
    return false;
  }
  return waiver.target() == "*" ||
         waiver.target() == absl::StrCat(target.cluster, "/", target.node) ||
         waiver.target() == absl::StrCat(target.cluster, "/*");
}

// The one that holds longest.
const v1::Waiver* Find(const std::vector<v1::Waiver>& waivers, const WaiverTarget& target,
                       const std::string& control) {
  const v1::Waiver* found = nullptr;
  for (const v1::Waiver& waiver : waivers) {
    if (!Covers(waiver, target, control)) continue;
    if (found == nullptr || waiver.expires_unix() > found->expires_unix()) found = &waiver;
  }
  return found;
}

}  // namespace

ReadWaiversResult ReadWaivers(std::string_view yaml) {
  ReadWaiversResult result;
  YamlDocument document = ReadYaml(yaml);
  DecodedPlan out;
  out.mistakes = std::move(document.mistakes);
  if (document.readable && document.root.kind != Kind::Map) {
    out.mistakes.push_back({1, 1, "waivers are a map with apiVersion, kind and waivers"});
  } else if (document.readable) {
    Fields fields(document.root, "", {document.root.line, document.root.column},
                  {"apiVersion", "kind", "waivers"}, out);
    fields.RequireExactly("apiVersion", "belay.dev/v1");
    fields.RequireExactly("kind", "Waivers");
    fields.Require("waivers");
    if (const YamlEntry* list = fields.Child("waivers", Kind::Sequence, "a list of waivers")) {
      int index = 0;
      for (const YamlNode& item : list->value.items) {
        ReadWaiver(item, absl::StrCat("waivers[", index++, "]"), result.waivers.emplace_back(),
                   out);
      }
    }
  }
  result.mistakes = std::move(out.mistakes);
  std::sort(result.mistakes.begin(), result.mistakes.end(), [](const Mistake& a, const Mistake& b) {
    return std::tie(a.line, a.column, a.message) < std::tie(b.line, b.column, b.message);
  });
  return result;
}

void ApplyWaivers(const std::vector<v1::Waiver>& waivers, const WaiverTarget& target,
                  std::int64_t now_unix, std::vector<v1::ControlResult>& results) {
  for (v1::ControlResult& result : results) {
    if (result.outcome() != v1::FAIL && result.outcome() != v1::MANUAL) continue;
    const v1::Waiver* const waiver = Find(waivers, target, result.control());
    if (waiver == nullptr) continue;
    *result.mutable_waiver() = *waiver;
    const std::string until = FormatUnixSeconds(waiver->expires_unix());
    if (waiver->expires_unix() <= now_unix) {
      result.mutable_waiver()->set_expired(true);
      result.set_reason(absl::StrCat(result.reason(), "; the waiver of ", waiver->owner(),
                                     " has expired on ", until));
      continue;
    }
    result.set_outcome(v1::WAIVED);
    result.set_reason(absl::StrCat("waived by ", waiver->owner(), " until ", until, ": ",
                                   waiver->reason(), " (", result.reason(), ")"));
  }
}

}  // namespace belay
