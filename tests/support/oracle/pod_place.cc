#include "tests/support/oracle/pod_place.h"

#include "absl/strings/str_cat.h"

namespace belay::oracle {
namespace {

template <typename Message>
std::string Named(const Message& message, const std::string& manifest) {
  return message.container().empty() ? manifest : message.container();
}

}  // namespace

std::string ContainerName(const v1::Edit& edit, const std::string& manifest) {
  if (edit.has_set_flag()) return Named(edit.set_flag(), manifest);
  if (edit.has_unset_flag()) return Named(edit.unset_flag(), manifest);
  if (edit.has_merge_list_flag()) return Named(edit.merge_list_flag(), manifest);
  if (edit.has_mount_path()) return Named(edit.mount_path(), manifest);
  if (edit.has_unmount_path()) return Named(edit.unmount_path(), manifest);
  return manifest;
}

PodPlace FindPlace(std::string_view bytes, const std::string& manifest,
                   const std::string& container) {
  PodPlace place;
  absl::StatusOr<std::vector<ValuePtr>> documents = ReadStream(bytes);
  if (!documents.ok()) {
    place.problem = absl::StrCat("kubelet cannot read it: ", documents.status().message());
    return place;
  }
  if (documents->size() != 1) {
    place.problem = absl::StrCat(documents->size(), " documents");
    return place;
  }
  place.pod = documents->front();
  const Value* const kind = place.pod->Find("kind");
  if (kind == nullptr || kind->text != "Pod") {
    place.problem = "not a pod";
    return place;
  }
  place.spec = place.pod->Find("spec");
  place.containers = place.spec == nullptr ? nullptr : place.spec->Find("containers");
  if (place.containers == nullptr || place.pod->Count("spec") != 1 ||
      place.spec->Count("containers") != 1) {
    place.problem = "not exactly one spec.containers";
    return place;
  }
  for (size_t i = 0; i < place.containers->items.size(); ++i) {
    const Value& candidate = *place.containers->items[i];
    const Value* const name = candidate.Find("name");
    if (name == nullptr || AsString(*name) != container) continue;
    if (place.container != nullptr) place.problem = "two containers of that name";
    place.container = &candidate;
    place.index = i;
  }
  if (place.container == nullptr) {
    place.problem = absl::StrCat("no container '", container, "'");
    return place;
  }
  for (const char* const key : {"name", "command", "args", "volumeMounts"}) {
    if (place.container->Count(key) > 1) place.problem = absl::StrCat("'", key, "' twice");
  }
  place.names = {manifest, container};
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
