#include "common/plan/decode_edit.h"

#include <array>
#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/digest.h"
#include "common/plan/config_path.h"
#include "common/plan/fields.h"
#include "common/plan/json_value.h"
#include "common/plan/suggest.h"

namespace belay {
namespace {

using Kind = YamlNode::Kind;

Place KeyPlace(const YamlEntry& entry) { return {entry.line, entry.column}; }

template <class PodEdit>
void ReadTarget(Fields& fields, EditScope scope, PodEdit& edit) {
  if (scope == EditScope::Plan) fields.Require("manifest");
  fields.Text("manifest", *edit.mutable_manifest());
  fields.Text("container", *edit.mutable_container());
}

void Read(const YamlEntry& entry, const std::string& path, EditScope scope, v1::SetFlag& edit,
          DecodedPlan& out) {
  Fields fields(entry.value, path, KeyPlace(entry), {"manifest", "container", "flag", "value"},
                out);
  ReadTarget(fields, scope, edit);
  fields.Require("flag");
  fields.Text("flag", *edit.mutable_flag());
  fields.Require("value");
  fields.Text("value", *edit.mutable_value());
}

void Read(const YamlEntry& entry, const std::string& path, EditScope scope, v1::UnsetFlag& edit,
          DecodedPlan& out) {
  Fields fields(entry.value, path, KeyPlace(entry), {"manifest", "container", "flag"}, out);
  ReadTarget(fields, scope, edit);
  fields.Require("flag");
  fields.Text("flag", *edit.mutable_flag());
}

void Read(const YamlEntry& entry, const std::string& path, EditScope scope, v1::MergeListFlag& edit,
          DecodedPlan& out) {
  Fields fields(entry.value, path, KeyPlace(entry),
                {"manifest", "container", "flag", "add", "remove"}, out);
  ReadTarget(fields, scope, edit);
  fields.Require("flag");
  fields.Text("flag", *edit.mutable_flag());
  fields.TextList("add", *edit.mutable_add());
  fields.TextList("remove", *edit.mutable_remove());
}

void Read(const YamlEntry& entry, const std::string& path, EditScope scope, v1::MountPath& edit,
          DecodedPlan& out) {
  Fields fields(entry.value, path, KeyPlace(entry),
                {"manifest", "container", "name", "hostPath", "mountPath", "type", "readOnly"},
                out);
  ReadTarget(fields, scope, edit);
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

void Read(const YamlEntry& entry, const std::string& path, EditScope, v1::PutFile& edit,
          DecodedPlan& out) {
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

void Read(const YamlEntry& entry, const std::string& path, EditScope scope, v1::UnmountPath& edit,
          DecodedPlan& out) {
  Fields fields(entry.value, path, KeyPlace(entry), {"manifest", "container", "name", "mountPath"},
                out);
  ReadTarget(fields, scope, edit);
  fields.Text("name", *edit.mutable_name());
  fields.Text("mountPath", *edit.mutable_mount_path());
}

// An item of a path given as a list: a key, an index without quotes, or {name: x}.
bool ReadPathItem(const YamlNode& item, v1::ConfigPathElement& element) {
  if (item.kind == Kind::Map && item.entries.size() == 1 &&
      item.entries.front().value.kind == Kind::Scalar) {
    element.mutable_select()->set_key(item.entries.front().key);
    element.mutable_select()->set_value(item.entries.front().value.text);
    return true;
  }
  if (item.kind != Kind::Scalar) return false;
  std::uint32_t index = 0;
  if (!item.quoted && absl::SimpleAtoi(item.text, &index) && absl::StrCat(index) == item.text) {
    element.set_index(index);
  } else {
    element.set_key(item.text);
  }
  return true;
}

void ReadPath(Fields& fields, ConfigPath& path) {
  fields.Require("path");
  const YamlEntry* const entry = fields.Find("path");
  if (entry == nullptr) return;
  if (entry->value.kind == Kind::Scalar) {
    absl::StatusOr<ConfigPath> parsed = ParseConfigPath(entry->value.text);
    if (!parsed.ok()) return fields.Break(*entry, std::string(parsed.status().message()));
    path = *std::move(parsed);
    return;
  }
  bool good = entry->value.kind == Kind::Sequence;
  for (const YamlNode& item : entry->value.items) good = ReadPathItem(item, *path.Add()) && good;
  if (!good) {
    fields.Break(*entry,
                 "'path' must be a text such as authentication.anonymous.enabled, or a "
                 "list of keys, indices and {key: value} of the one item meant");
  }
}

template <class ConfigEdit>
void ReadDocument(Fields& fields, EditScope scope, ConfigEdit& edit) {
  if (scope == EditScope::Plan) fields.Require("file");
  fields.Text("file", *edit.mutable_file());
  fields.Text("kind", *edit.mutable_kind());
  ReadPath(fields, *edit.mutable_path());
}

void Read(const YamlEntry& entry, const std::string& path, EditScope scope, v1::SetConfigKey& edit,
          DecodedPlan& out) {
  Fields fields(entry.value, path, KeyPlace(entry), {"file", "kind", "path", "value"}, out);
  ReadDocument(fields, scope, edit);
  fields.Require("value");
  const YamlEntry* const value = fields.Find("value");
  if (value == nullptr) return;
  const std::size_t before = out.mistakes.size();
  edit.set_value_json(JsonOfYaml(value->value, out.mistakes));
  if (out.mistakes.size() > before) out.broken.insert(fields.PathOf("value"));
}

void Read(const YamlEntry& entry, const std::string& path, EditScope scope,
          v1::UnsetConfigKey& edit, DecodedPlan& out) {
  Fields fields(entry.value, path, KeyPlace(entry), {"file", "kind", "path"}, out);
  ReadDocument(fields, scope, edit);
}

void Read(const YamlEntry& entry, const std::string& path, EditScope, v1::RemoveFile& edit,
          DecodedPlan& out) {
  Fields fields(entry.value, path, KeyPlace(entry), {"path"}, out);
  fields.Require("path");
  fields.Text("path", *edit.mutable_path());
}

void Read(const YamlEntry& entry, const std::string& path, EditScope, v1::SetMode& edit,
          DecodedPlan& out) {
  Fields fields(entry.value, path, KeyPlace(entry), {"path", "mode"}, out);
  fields.Require("path");
  fields.Text("path", *edit.mutable_path());
  fields.Require("mode");
  std::uint32_t mode = 0;
  fields.Mode("mode", mode);
  edit.set_mode(mode);
}

void Read(const YamlEntry& entry, const std::string& path, EditScope, v1::SetOwner& edit,
          DecodedPlan& out) {
  Fields fields(entry.value, path, KeyPlace(entry), {"path", "owner"}, out);
  fields.Require("path");
  fields.Text("path", *edit.mutable_path());
  fields.Require("owner");
  fields.Text("owner", *edit.mutable_owner());
}

// The only edit that is one word.
void Read(const YamlEntry& entry, const std::string& path, v1::RestartService& edit,
          DecodedPlan& out) {
  if (entry.value.kind == Kind::Scalar) {
    edit.set_service(entry.value.text);
    return;
  }
  out.broken.insert(path);
  out.mistakes.push_back({entry.value.line, entry.value.column,
                          "'restartService' must be the name of a service: kubelet"});
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

void DecodeEdit(const YamlNode& node, const std::string& path, EditScope scope, v1::Edit& edit,
                DecodedPlan& out) {
  static constexpr std::array<absl::string_view, 12> kKinds = {
      "setFlag",        "unsetFlag", "mergeListFlag", "mountPath", "unmountPath", "setConfigKey",
      "unsetConfigKey", "putFile",   "removeFile",    "setMode",   "setOwner",    "restartService"};
  const Place place{node.line, node.column};
  out.places.emplace(path, place);
  if (node.kind != Kind::Map || node.entries.size() != 1) {
    out.broken.insert(path);
    out.mistakes.push_back(
        {place.line, place.column,
         absl::StrCat("an edit has exactly one key: ", absl::StrJoin(kKinds, ", "))});
    return;
  }
  const YamlEntry& entry = node.entries.front();
  const std::string inner = path.empty() ? entry.key : absl::StrCat(path, ".", entry.key);
  if (entry.key == "setFlag") {
    Read(entry, inner, scope, *edit.mutable_set_flag(), out);
  } else if (entry.key == "unsetFlag") {
    Read(entry, inner, scope, *edit.mutable_unset_flag(), out);
  } else if (entry.key == "mergeListFlag") {
    Read(entry, inner, scope, *edit.mutable_merge_list_flag(), out);
  } else if (entry.key == "mountPath") {
    Read(entry, inner, scope, *edit.mutable_mount_path(), out);
  } else if (entry.key == "unmountPath") {
    Read(entry, inner, scope, *edit.mutable_unmount_path(), out);
  } else if (entry.key == "setConfigKey") {
    Read(entry, inner, scope, *edit.mutable_set_config_key(), out);
  } else if (entry.key == "unsetConfigKey") {
    Read(entry, inner, scope, *edit.mutable_unset_config_key(), out);
  } else if (entry.key == "putFile") {
    Read(entry, inner, scope, *edit.mutable_put_file(), out);
  } else if (entry.key == "removeFile") {
    Read(entry, inner, scope, *edit.mutable_remove_file(), out);
  } else if (entry.key == "setMode") {
    Read(entry, inner, scope, *edit.mutable_set_mode(), out);
  } else if (entry.key == "setOwner") {
    Read(entry, inner, scope, *edit.mutable_set_owner(), out);
  } else if (entry.key == "restartService") {
    Read(entry, inner, *edit.mutable_restart_service(), out);
  } else {
    out.broken.insert(path);
    out.mistakes.push_back({entry.line, entry.column,
                            absl::StrCat("unknown edit '", entry.key, "'",
                                         DidYouMean(entry.key, {kKinds.begin(), kKinds.end()}),
                                         " (known are ", absl::StrJoin(kKinds, ", "), ")")});
  }
}

}  // namespace belay
