#include "common/plan/decode.h"

#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/digest.h"
#include "common/plan/fields.h"
#include "common/plan/gated.h"
#include "common/plan/rules.h"
#include "common/plan/suggest.h"

namespace belay {
namespace {

constexpr std::uint32_t kDeadlineMs = 60'000;
constexpr std::uint32_t kStableMs = 25'000;
constexpr std::uint32_t kIntervalMs = 200;
constexpr std::uint32_t kRollbackDeadlineMs = 180'000;

using Kind = YamlNode::Kind;

Place KeyPlace(const YamlEntry& entry) { return {entry.line, entry.column}; }

template <class Repeated>
void ReadList(Fields& fields, std::string_view key, Repeated* out) {
  std::vector<std::string> items;
  fields.TextList(key, items);
  for (std::string& item : items) *out->Add() = std::move(item);
}

template <class FlagEdit>
void ReadTarget(Fields& fields, FlagEdit& edit) {
  fields.Require("manifest");
  fields.Text("manifest", *edit.mutable_manifest());
  fields.Text("container", *edit.mutable_container());
}

void Read(const YamlEntry& entry, const std::string& path, v1::SetFlag& edit, DecodedPlan& out) {
  Fields fields(entry.value, path, KeyPlace(entry), {"manifest", "container", "flag", "value"},
                out);
  ReadTarget(fields, edit);
  fields.Require("flag");
  fields.Text("flag", *edit.mutable_flag());
  fields.Require("value");
  fields.Text("value", *edit.mutable_value());
}

void Read(const YamlEntry& entry, const std::string& path, v1::UnsetFlag& edit, DecodedPlan& out) {
  Fields fields(entry.value, path, KeyPlace(entry), {"manifest", "container", "flag"}, out);
  ReadTarget(fields, edit);
  fields.Require("flag");
  fields.Text("flag", *edit.mutable_flag());
}

void Read(const YamlEntry& entry, const std::string& path, v1::MergeListFlag& edit,
          DecodedPlan& out) {
  Fields fields(entry.value, path, KeyPlace(entry),
                {"manifest", "container", "flag", "add", "remove"}, out);
  ReadTarget(fields, edit);
  fields.Require("flag");
  fields.Text("flag", *edit.mutable_flag());
  ReadList(fields, "add", edit.mutable_add());
  ReadList(fields, "remove", edit.mutable_remove());
}

void Read(const YamlEntry& entry, const std::string& path, v1::MountPath& edit, DecodedPlan& out) {
  Fields fields(entry.value, path, KeyPlace(entry),
                {"manifest", "container", "name", "hostPath", "mountPath", "type", "readOnly"},
                out);
  ReadTarget(fields, edit);
  fields.Require("hostPath");
  const bool has_host_path = fields.Text("hostPath", *edit.mutable_host_path());
  if (!fields.Text("mountPath", *edit.mutable_mount_path())) edit.set_mount_path(edit.host_path());
  if (!fields.Text("name", *edit.mutable_name())) edit.set_name(VolumeName(edit.host_path()));
  // The derived values have no mistakes of their own: what is wrong with them is wrong with
  // hostPath.
  if (!has_host_path || !absl::StartsWith(edit.host_path(), "/") || edit.host_path() == "/") {
    if (fields.Find("name") == nullptr) out.broken.insert(fields.PathOf("name"));
    if (fields.Find("mountPath") == nullptr) out.broken.insert(fields.PathOf("mountPath"));
  }
  edit.set_type("DirectoryOrCreate");
  fields.Text("type", *edit.mutable_type());
  bool read_only = false;
  fields.Boolean("readOnly", read_only);
  edit.set_read_only(read_only);
}

void Read(const YamlEntry& entry, const std::string& path, v1::PutFile& edit, DecodedPlan& out) {
  Fields fields(entry.value, path, KeyPlace(entry), {"path", "content", "mode", "owner"}, out);
  fields.Require("path");
  fields.Text("path", *edit.mutable_path());
  fields.Require("content");
  fields.Text("content", *edit.mutable_content());
  std::uint32_t mode = 0600;
  fields.Mode("mode", mode);
  edit.set_mode(mode);
  edit.set_owner("0:0");
  fields.Text("owner", *edit.mutable_owner());
}

void ReadEdit(const YamlNode& node, const std::string& path, v1::Edit& edit, DecodedPlan& out) {
  const std::vector<std::string> kinds = {"setFlag", "unsetFlag", "mergeListFlag", "mountPath",
                                          "putFile"};
  const Place place{node.line, node.column};
  out.places.emplace(path, place);
  if (node.kind != Kind::Map || node.entries.size() != 1) {
    out.broken.insert(path);
    out.mistakes.push_back(
        {place.line, place.column,
         absl::StrCat("an edit has exactly one key: ", absl::StrJoin(kinds, ", "))});
    return;
  }
  const YamlEntry& entry = node.entries.front();
  const std::string inner = absl::StrCat(path, ".", entry.key);
  if (entry.key == "setFlag") {
    Read(entry, inner, *edit.mutable_set_flag(), out);
  } else if (entry.key == "unsetFlag") {
    Read(entry, inner, *edit.mutable_unset_flag(), out);
  } else if (entry.key == "mergeListFlag") {
    Read(entry, inner, *edit.mutable_merge_list_flag(), out);
  } else if (entry.key == "mountPath") {
    Read(entry, inner, *edit.mutable_mount_path(), out);
  } else if (entry.key == "putFile") {
    Read(entry, inner, *edit.mutable_put_file(), out);
  } else {
    out.broken.insert(path);
    out.mistakes.push_back(
        {entry.line, entry.column,
         absl::StrCat("unknown edit '", entry.key, "'", DidYouMean(entry.key, kinds),
                      " (known are ", absl::StrJoin(kinds, ", "), ")")});
  }
}

void ReadGate(Fields& step_fields, v1::Step& step, DecodedPlan& out) {
  std::uint32_t deadline_ms = kDeadlineMs;
  std::uint32_t stable_ms = kStableMs;
  std::uint32_t interval_ms = kIntervalMs;
  std::uint32_t rollback_deadline_ms = kRollbackDeadlineMs;
  bool own_probes = false;
  v1::Gate& gate = *step.mutable_gate();
  if (const YamlEntry* entry = step_fields.Child("gate", Kind::Map, "a map")) {
    Fields fields(entry->value, step_fields.PathOf("gate"), KeyPlace(*entry),
                  {"deadline", "stable", "interval", "rollbackDeadline", "probes"}, out);
    fields.Duration("deadline", deadline_ms);
    fields.Duration("stable", stable_ms);
    fields.Duration("interval", interval_ms);
    fields.Duration("rollbackDeadline", rollback_deadline_ms);
    own_probes = fields.Find("probes") != nullptr;
    ReadList(fields, "probes", gate.mutable_probes());
  }
  gate.set_deadline_ms(deadline_ms);
  gate.set_stable_ms(stable_ms);
  gate.set_interval_ms(interval_ms);
  gate.set_rollback_deadline_ms(rollback_deadline_ms);
  if (own_probes) return;
  for (std::string& probe : DefaultProbes(step)) gate.add_probes(std::move(probe));
}

void ReadStep(const YamlNode& node, const std::string& path, v1::Step& step, DecodedPlan& out) {
  Fields fields(node, path, {node.line, node.column}, {"name", "controls", "edits", "gate"}, out);
  if (!fields.is_map()) return;
  fields.Require("name");
  fields.Text("name", *step.mutable_name());
  ReadList(fields, "controls", step.mutable_controls());
  fields.Require("edits");
  if (const YamlEntry* edits = fields.Child("edits", Kind::Sequence, "a list of edits")) {
    int index = 0;
    for (const YamlNode& item : edits->value.items) {
      ReadEdit(item, absl::StrCat(fields.PathOf("edits"), "[", index++, "]"), *step.add_edits(),
               out);
    }
  }
  ReadGate(fields, step, out);
}

void ReadSpec(const YamlEntry& entry, DecodedPlan& out) {
  Fields fields(entry.value, "spec", KeyPlace(entry), {"notBefore", "notAfter", "steps"}, out);
  std::int64_t time = 0;
  if (fields.Time("notBefore", time)) out.plan.set_not_before_unix(time);
  if (fields.Time("notAfter", time)) out.plan.set_not_after_unix(time);
  fields.Require("steps");
  if (const YamlEntry* steps = fields.Child("steps", Kind::Sequence, "a list of steps")) {
    int index = 0;
    for (const YamlNode& item : steps->value.items) {
      ReadStep(item, absl::StrCat("spec.steps[", index++, "]"), *out.plan.add_steps(), out);
    }
  }
}

void RequireExactly(Fields& fields, std::string_view key, std::string_view wanted) {
  fields.Require(key);
  std::string text;
  if (fields.Text(key, text) && text != wanted) {
    fields.Break(*fields.Find(key),
                 absl::StrCat("'", std::string(key), "' must be ", std::string(wanted)));
  }
}

}  // namespace

std::string VolumeName(std::string_view host_path) {
  std::string name;
  for (char c : host_path) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c))) {
      name.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
    } else if (!name.empty() && name.back() != '-') {
      name.push_back('-');
    }
  }
  while (!name.empty() && name.back() == '-') name.pop_back();
  if (name.empty() || name.size() > 63) {
    name = absl::StrCat(name.substr(0, 50), name.empty() ? "volume-" : "-",
                        Sha256Hex(host_path).substr(0, 8));
  }
  return name;
}

DecodedPlan DecodePlan(const YamlNode& root) {
  DecodedPlan out;
  Fields fields(root, "", {root.line, root.column}, {"apiVersion", "kind", "metadata", "spec"},
                out);
  if (!fields.is_map()) {
    out.broken.insert({"metadata", "spec"});
    return out;
  }
  RequireExactly(fields, "apiVersion", "belay.dev/v1");
  RequireExactly(fields, "kind", "RemediationPlan");
  fields.Require("metadata");
  if (const YamlEntry* entry = fields.Find("metadata")) {
    Fields metadata(entry->value, "metadata", KeyPlace(*entry), {"name", "description"}, out);
    metadata.Require("name");
    metadata.Text("name", *out.plan.mutable_name());
    metadata.Text("description", *out.plan.mutable_description());
  }
  fields.Require("spec");
  if (const YamlEntry* entry = fields.Find("spec")) ReadSpec(*entry, out);
  return out;
}

}  // namespace belay
