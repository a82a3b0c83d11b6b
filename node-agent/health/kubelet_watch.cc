#include "node-agent/health/kubelet_watch.h"

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "node-agent/configfile/config_value.h"

namespace belay {
namespace {

// Nothing where the way is not there.
ConfigValue* Follow(ConfigValue* value, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (value == nullptr || value->kind != ConfigValue::Kind::Map) return nullptr;
    value = value->Find(key);
  }
  return value;
}

std::string TextAt(ConfigValue* value, std::string_view key) {
  const ConfigValue* const found = Follow(value, {key});
  return found != nullptr && found->kind == ConfigValue::Kind::Text ? found->text : "";
}

}  // namespace

NodeFacts ParseNodeFacts(std::string_view node_json, std::string_view lease_json) {
  NodeFacts facts;
  absl::StatusOr<ConfigValue> node = ParseJson(node_json);
  ConfigValue* const conditions = node.ok() ? Follow(&*node, {"status", "conditions"}) : nullptr;
  if (conditions != nullptr) {
    for (ConfigValue& condition : conditions->list) {
      if (TextAt(&condition, "type") != "Ready") continue;
      facts.ready = TextAt(&condition, "status") == "True";
      facts.why = absl::StrCat(TextAt(&condition, "reason"), ": ", TextAt(&condition, "message"));
    }
  }
  absl::StatusOr<ConfigValue> lease = ParseJson(lease_json);
  ConfigValue* const spec = lease.ok() ? Follow(&*lease, {"spec"}) : nullptr;
  if (const std::string renewed = TextAt(spec, "renewTime"); !renewed.empty()) {
    facts.renewed = renewed;
  }
  return facts;
}

std::string KubeletWatch::Objection(const NodeFacts& facts,
                                    const std::vector<std::int64_t>& running) {
  if (running != running_) {
    // What was read before they came cannot be theirs.
    running_ = running;
    before_ = last_;
    renewed_ = false;
  }
  if (facts.renewed) {
    if (!before_) before_ = facts.renewed;
    if (*facts.renewed != *before_) renewed_ = true;
    last_ = facts.renewed;
  }
  if (running.size() != 1) return "not exactly one kubelet runs";
  if (!facts.ready) return "the API server knows no Ready condition of its node";
  if (!*facts.ready) return absl::StrCat("its node is not ready (", facts.why, ")");
  if (!facts.renewed) return "its node has no lease";
  if (proof_ == Proof::SignsOfLife && !renewed_) {
    return "it has not yet renewed the lease of its node";
  }
  return "";
}

}  // namespace belay
