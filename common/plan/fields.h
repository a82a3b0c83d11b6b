// One map of the YAML being read: every key is known, of the right type, and its place is kept.
// Mistakes are collected in the DecodedPlan, never thrown.  For every YAML document
// of this shape: plans, catalogs, waivers.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "belay/v1/plan.pb.h"
#include "common/plan/decode.h"
#include "common/plan/yaml_tree.h"

namespace belay {

class Fields {
 public:
  // `node` and `out` outlive this.  `where` is shown for missing fields.
  Fields(const YamlNode& node, std::string path, Place where, std::vector<std::string> known,
         DecodedPlan& out);

  bool is_map() const { return node_.kind == YamlNode::Kind::Map; }
  const YamlEntry* Find(std::string_view key) const;  // the first one, nullptr when absent
  std::string PathOf(std::string_view key) const;
  void Require(std::string_view key);  // reports when absent
  void RequireExactly(std::string_view key,
                      std::string_view wanted);  // and when it is another text

  // Each returns whether a good value was read.  Scalars are taken exactly as they are written.
  bool Text(std::string_view key, std::string& out);
  bool Boolean(std::string_view key, bool& out);
  bool Duration(std::string_view key, std::uint32_t& out_ms);
  bool Count(std::string_view key, std::uint32_t& out);
  bool Mode(std::string_view key, std::uint32_t& out);
  bool Time(std::string_view key, std::int64_t& out_unix);
  bool TextList(std::string_view key, google::protobuf::RepeatedPtrField<std::string>& out);

  // The entry when it is there and of this kind, else nullptr (and a mistake when it is there).
  const YamlEntry* Child(std::string_view key, YamlNode::Kind kind, std::string_view what);

  void Report(const Place& place, std::string message);
  void Break(const YamlEntry& entry, std::string message);  // at the value

 private:
  const YamlEntry* Scalar(std::string_view key, std::string_view what);

  const YamlNode& node_;
  std::string path_;
  Place where_;
  DecodedPlan& out_;
};

}  // namespace belay
