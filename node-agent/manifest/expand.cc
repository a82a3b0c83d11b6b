#include "node-agent/manifest/expand.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "common/base/status_macros.h"
#include "node-agent/manifest/check_bytes.h"

namespace belay {
namespace {

class Expander {
 public:
  absl::StatusOr<ManifestNode> Expand(const ManifestNode& node) {
    if (node.alias) {
      const auto found = anchors_.find(node.anchor);
      if (found == anchors_.end()) {
        return RefuseAtLine(node.line, "an alias stands in front of its anchor");
      }
      return found->second;
    }
    ManifestNode result = node;
    for (size_t i = 0; i < node.items.size(); ++i) {
      if (i < node.keys.size()) {
        ASSIGN_OR_RETURN(result.keys[i], Expand(node.keys[i]));
      }
      ASSIGN_OR_RETURN(result.items[i], Expand(node.items[i]));
    }
    if (node.kind == ManifestNode::Kind::Mapping) {
      RETURN_IF_ERROR(Merge(result));
    }
    if (!node.anchor.empty()) anchors_[node.anchor] = result;
    return result;
  }

 private:
  // Keys of the mapping itself go before merged ones, earlier merged ones before later ones.
  static absl::Status Merge(ManifestNode& mapping) {
    std::vector<ManifestNode> sources;
    for (size_t i = 0; i < mapping.keys.size();) {
      const ManifestNode& key = mapping.keys[i];
      if (key.value != "<<" || key.style != ManifestNode::Style::Plain) {
        ++i;
        continue;
      }
      ManifestNode value = std::move(mapping.items[i]);
      mapping.keys.erase(mapping.keys.begin() + static_cast<std::ptrdiff_t>(i));
      mapping.items.erase(mapping.items.begin() + static_cast<std::ptrdiff_t>(i));
      if (value.kind == ManifestNode::Kind::Sequence) {
        for (ManifestNode& item : value.items) sources.push_back(std::move(item));
      } else {
        sources.push_back(std::move(value));
      }
    }
    for (ManifestNode& source : sources) {
      if (source.kind != ManifestNode::Kind::Mapping) {
        return RefuseAtLine(source.line, "a merge key (<<) has no mapping");
      }
      for (size_t i = 0; i < source.keys.size(); ++i) {
        const bool there =
            std::any_of(mapping.keys.begin(), mapping.keys.end(),
                        [&](const ManifestNode& key) { return key.value == source.keys[i].value; });
        if (there) continue;
        mapping.keys.push_back(std::move(source.keys[i]));
        mapping.items.push_back(std::move(source.items[i]));
      }
    }
    return absl::OkStatus();
  }

  std::map<std::string, ManifestNode> anchors_;
};

}  // namespace

absl::StatusOr<ManifestNode> WithAliasesWrittenOut(const ManifestNode& root) {
  return Expander().Expand(root);
}

}  // namespace belay
