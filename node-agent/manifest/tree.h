// A YAML document as a plain tree of values with byte offsets, read once by yaml-cpp.  What the
// editor cannot be sure of (anchors, aliases, tags, merge keys, several documents, keys that are
// not scalars) is refused here, with its 1-based line.  Pure; no yaml-cpp type or exception gets
// out.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace belay {

struct ManifestNode {
  enum class Kind { Null, Scalar, Sequence, Mapping };
  enum class Style { Plain, SingleQuoted, DoubleQuoted, Block };

  Kind kind = Kind::Null;
  Style style = Style::Plain;  // of a scalar
  bool flow = false;           // of a sequence or mapping: [..] or {..}
  std::string value;           // of a scalar, decoded
  size_t begin = 0;            // offset of the first byte; not reliable for Null
  int line = 1;
  std::vector<ManifestNode> keys;   // of a mapping, beside `items`
  std::vector<ManifestNode> items;  // of a sequence, or the values of a mapping
};

absl::StatusOr<ManifestNode> ParseDocument(std::string_view bytes);

// The value of `key`; nullptr when it is not there; refused when the key stands there twice,
// because parsers differ in which one counts.  `mapping` must be a mapping.
absl::StatusOr<const ManifestNode*> FindKey(const ManifestNode& mapping, std::string_view key);

}  // namespace belay
