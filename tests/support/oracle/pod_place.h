// The pod and the container that an edit addresses, in the oracle's tree.  Pure.
#pragma once
#include <string>
#include <vector>

#include "belay/v1/plan.pb.h"
#include "tests/support/oracle/yaml_value.h"

namespace belay::oracle {

struct PodPlace {
  std::string problem;           // why there is no such place; the others are meaningless then
  std::vector<ValuePtr> others;  // the other documents of the file, in order
  ValuePtr pod;
  const Value* spec = nullptr;
  const Value* containers = nullptr;
  const Value* container = nullptr;
  size_t index = 0;                // of the container
  std::vector<std::string> names;  // of the program
};
// `container` as the edit gives it: empty means the one named like the manifest, or the only one.
// Of several documents the only pod is meant, or the only pod with such a container.
PodPlace FindPlace(std::string_view bytes, const std::string& manifest,
                   const std::string& container);

// As the edit gives it.
std::string ContainerOf(const v1::Edit& edit);

// The pod with these keys of the container taken out, for comparing the rest.
ValuePtr Without(const PodPlace& place, const std::vector<std::string>& container_keys,
                 const std::vector<std::string>& spec_keys);

}  // namespace belay::oracle
