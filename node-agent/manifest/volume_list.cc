#include "node-agent/manifest/volume_list.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/manifest/check_bytes.h"

namespace belay {

absl::StatusOr<std::string> VolumeText(const ManifestNode& mapping, std::string_view key) {
  if (mapping.kind != ManifestNode::Kind::Mapping) {
    return RefuseAtLine(mapping.line, mapping.alias
                                          ? "a volume or mount is an alias; write it out (aliases "
                                            "are not edited)"
                                          : "a volume or mount is not a mapping");
  }
  ASSIGN_OR_RETURN(const ManifestNode* const node, FindKey(mapping, key));
  return node == nullptr || node->kind == ManifestNode::Kind::Null ? std::string() : node->value;
}

absl::StatusOr<bool> BoolOf(const ManifestNode& mapping, std::string_view key) {
  static constexpr std::array<std::string_view, 11> kTrue = {
      "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"};
  ASSIGN_OR_RETURN(const ManifestNode* const node, FindKey(mapping, key));
  return node != nullptr && node->kind == ManifestNode::Kind::Scalar &&
         node->style == ManifestNode::Style::Plain &&
         std::find(kTrue.begin(), kTrue.end(), node->value) != kTrue.end();
}

absl::StatusOr<const ManifestNode*> VolumeList(const ManifestNode& mapping, std::string_view key) {
  ASSIGN_OR_RETURN(const ManifestNode* const list, FindKey(mapping, key));
  if (list == nullptr) return nullptr;
  RETURN_IF_ERROR(CheckOwnValue(*list));
  if (list->kind != ManifestNode::Kind::Sequence && list->kind != ManifestNode::Kind::Null) {
    return RefuseAtLine(list->line, absl::StrCat("'", std::string(key), "' is not a list"));
  }
  return list;
}

std::string WithoutSlash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

}  // namespace belay
