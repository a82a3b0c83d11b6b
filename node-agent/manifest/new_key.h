// A key that a pod's map does not have yet, written as its siblings are.  Pure.
#pragma once
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "node-agent/manifest/list_edit.h"
#include "node-agent/manifest/locate.h"
#include "node-agent/manifest/splice.h"

namespace belay {

// `key: ` as it stands in front of its value.
std::string KeyText(std::string_view key, bool json);

// A new key with a list of one item, in `mapping`, which is of the place's pod and has no such key.
absl::StatusOr<Splice> InsertListKey(std::string_view bytes, const EditPlace& place,
                                     const ManifestNode& mapping, std::string_view key,
                                     const NewItem& item);

}  // namespace belay
