#include "tests/support/oracle/pod_place.h"

#include "absl/strings/str_cat.h"

namespace belay::oracle {
namespace {

const Value* ContainersOf(const Value& document) {
  const Value* const kind = document.Find("kind");
  const Value* const spec = document.Find("spec");
  if (kind == nullptr || kind->text != "Pod" || spec == nullptr) return nullptr;
  return spec->Find("containers");
}

// Indexes of the containers that the edit can mean.
std::vector<size_t> Meant(const Value& containers, const std::string& manifest,
                          const std::string& container) {
  std::vector<size_t> found;
  for (size_t i = 0; i < containers.items.size(); ++i) {
    const Value* const name = containers.items[i]->Find("name");
    if (name != nullptr && AsString(*name) == (container.empty() ? manifest : container))
      found.push_back(i);
  }
  if (found.empty() && container.empty() && containers.items.size() == 1) found.push_back(0);
  return found;
}

}  // namespace

std::string ContainerOf(const v1::Edit& edit) {
  if (edit.has_set_flag()) return edit.set_flag().container();
  if (edit.has_unset_flag()) return edit.unset_flag().container();
  if (edit.has_merge_list_flag()) return edit.merge_list_flag().container();
  if (edit.has_mount_path()) return edit.mount_path().container();
  return edit.unmount_path().container();
}

PodPlace FindPlace(std::string_view bytes, const std::string& manifest,
                   const std::string& container) {
  PodPlace place;
  absl::StatusOr<std::vector<ValuePtr>> documents = ReadStream(bytes);
  if (!documents.ok()) {
    place.problem = absl::StrCat("kubelet cannot read it: ", documents.status().message());
    return place;
  }
  std::vector<size_t> pods;
  std::vector<size_t> with_container;
  for (size_t i = 0; i < documents->size(); ++i) {
    const Value* const containers = ContainersOf(*(*documents)[i]);
    if (containers == nullptr) continue;
    pods.push_back(i);
    if (!Meant(*containers, manifest, container).empty()) with_container.push_back(i);
  }
  const std::vector<size_t>& chosen = pods.size() == 1 ? pods : with_container;
  if (chosen.size() != 1) {
    place.problem = absl::StrCat(chosen.size(), " pods with such a container");
    return place;
  }
  place.pod = (*documents)[chosen.front()];
  for (size_t i = 0; i < documents->size(); ++i)
    if (i != chosen.front()) place.others.push_back((*documents)[i]);
  place.spec = place.pod->Find("spec");
  place.containers = place.spec->Find("containers");
  if (place.pod->Count("spec") != 1 || place.spec->Count("containers") != 1) {
    place.problem = "not exactly one spec.containers";
    return place;
  }
  const std::vector<size_t> meant = Meant(*place.containers, manifest, container);
  if (meant.size() != 1) {
    place.problem = absl::StrCat(meant.size(), " containers '", container, "'");
    return place;
  }
  place.index = meant.front();
  place.container = place.containers->items[place.index].get();
  for (const char* const key : {"name", "command", "args", "volumeMounts"}) {
    if (place.container->Count(key) > 1) place.problem = absl::StrCat("'", key, "' twice");
  }
  const Value* const name = place.container->Find("name");
  place.names = {manifest, name == nullptr ? manifest : AsString(*name)};
  return place;
}

ValuePtr Without(const PodPlace& place, const std::vector<std::string>& container_keys,
                 const std::vector<std::string>& spec_keys) {
  ValuePtr container = place.containers->items[place.index];
  for (const std::string& key : container_keys) container = With(*container, key, nullptr);
  auto containers = std::make_shared<Value>(*place.containers);
  containers->items[place.index] = container;
  ValuePtr spec = With(*place.spec, "containers", containers);
  for (const std::string& key : spec_keys) spec = With(*spec, key, nullptr);
  return With(*place.pod, "spec", spec);
}

}  // namespace belay::oracle
