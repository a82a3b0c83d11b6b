// The pod and the container that an edit addresses, in the oracle's tree.  Pure.
#pragma once
#include <string>
#include <vector>

#include "belay/v1/plan.pb.h"
#include "tests/support/oracle/yaml_value.h"

namespace belay::oracle {

struct PodPlace {
  std::string problem;  // why there is no such place; the others are meaningless then
  ValuePtr pod;
  const Value* spec = nullptr;
  const Value* containers = nullptr;
  const Value* container = nullptr;
  size_t index = 0;                // of the container
  std::vector<std::string> names;  // of the program
};
PodPlace FindPlace(std::string_view bytes, const std::string& manifest,
                   const std::string& container);

// The container that the edit names; the manifest's name when it names none.
std::string ContainerName(const v1::Edit& edit, const std::string& manifest);

// The pod with these keys of the container taken out, for comparing the rest.
ValuePtr Without(const PodPlace& place, const std::vector<std::string>& container_keys,
                 const std::vector<std::string>& spec_keys);

}  // namespace belay::oracle
