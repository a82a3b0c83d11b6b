// YAML documents as plain trees of values with byte offsets, read by libyaml: kubelet's go-yaml is
// a port of it, so what is refused here kubelet could not read either, and the other way round.
// Aliases stay unexpanded, duplicate keys stay both.  Pure; no libyaml type gets out.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace belay {

struct ManifestNode {
  enum class Kind : std::uint8_t { Null, Scalar, Sequence, Mapping };
  enum class Style : std::uint8_t { Plain, SingleQuoted, DoubleQuoted, Block };
  enum class Tag : std::uint8_t { None, Standard, Own };

  Kind kind = Kind::Null;
  Style style = Style::Plain;  // of a scalar
  bool flow = false;           // of a sequence or mapping: [..] or {..}
  Tag tag = Tag::None;         // in front; Standard changes nothing (!!str on a text)
  bool alias = false;          // this is *anchor; kind is Null
  bool shared = false;         // an alias elsewhere stands for this node as well
  std::string value;           // of a scalar, decoded; of an alias of a scalar, that scalar's
  std::string anchor;          // the name behind & or *
  // Behind anchor and tag.  Null is either a word (null, ~) or omitted: then length is 0 and begin
  // is where it would stand, directly behind the colon or dash.
  size_t begin = 0;
  size_t length = 0;
  int line = 1;
  std::vector<ManifestNode> keys;   // of a mapping, beside `items`
  std::vector<ManifestNode> items;  // of a sequence, or the values of a mapping
};

// Every document of the file, also those that hold nothing.  FAILED_PRECONDITION "line N: why" when
// the bytes are not YAML as kubelet reads it, or are more than it should be asked to read (too big,
// too deep, aliases that expand too far).
absl::StatusOr<std::vector<ManifestNode>> ParseDocuments(std::string_view bytes);

// The only document, without anchors, aliases, tags and merge keys.
absl::StatusOr<ManifestNode> ParseDocument(std::string_view bytes);

// The value of `key`; nullptr when it is not there; refused when the key stands there twice,
// because parsers differ in which one counts, and when it may come from a merge key.  `mapping`
// must be a mapping.
absl::StatusOr<const ManifestNode*> FindKey(const ManifestNode& mapping, std::string_view key);

// Refuses what cannot be changed here alone: an alias, what an alias stands for, a tagged value.
absl::Status CheckOwnValue(const ManifestNode& node);

}  // namespace belay
