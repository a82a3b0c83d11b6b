#include "tests/support/standin/pod_spec.h"

#include <yaml-cpp/yaml.h>

#include <map>

#include "absl/strings/str_cat.h"

namespace belay::standin {
namespace {

std::string Canonical(const YAML::Node& node) {
  std::string text;
  if (node.IsScalar()) {
    absl::StrAppend(&text, "s", node.Scalar().size(), ":", node.Scalar());
  } else if (node.IsSequence()) {
    absl::StrAppend(&text, "[");
    for (const YAML::Node& item : node) absl::StrAppend(&text, Canonical(item), ",");
    absl::StrAppend(&text, "]");
  } else if (node.IsMap()) {
    std::map<std::string, std::string> sorted;  // the last of duplicate keys wins
    for (const auto& entry : node) sorted[Canonical(entry.first)] = Canonical(entry.second);
    absl::StrAppend(&text, "{");
    for (const auto& [key, value] : sorted) absl::StrAppend(&text, key, "=", value, ",");
    absl::StrAppend(&text, "}");
  } else {
    text = "null";
  }
  return text;
}

std::string Text(const YAML::Node& node, const std::string& otherwise = "") {
  return node.IsDefined() && node.IsScalar() ? node.Scalar() : otherwise;
}

ContainerSpec ParseContainer(const YAML::Node& node,
                             const std::map<std::string, std::string>& volumes) {
  ContainerSpec container{.name = Text(node["name"]), .argv = {}, .mounts = {}};
  for (const char* part : {"command", "args"})
    for (const YAML::Node& word : node[part]) container.argv.push_back(Text(word));
  for (const YAML::Node& mount : node["volumeMounts"]) {
    const auto volume = volumes.find(Text(mount["name"]));
    if (volume == volumes.end()) continue;
    container.mounts.push_back(
        {Text(mount["mountPath"]), volume->second, Text(mount["readOnly"]) == "true"});
  }
  return container;
}

absl::StatusOr<PodSpec> Decode(const YAML::Node& node) {
  if (!node.IsMap() || Text(node["kind"]) != "Pod" || Text(node["apiVersion"]) != "v1")
    return absl::InvalidArgumentError("Object 'Kind' is missing, or is not a v1 Pod");
  PodSpec pod;
  if (Text(node["metadata"]["name"]).empty()) return absl::InvalidArgumentError("name is missing");
  pod.name = absl::StrCat(Text(node["metadata"]["namespace"], "default"), "/",
                          Text(node["metadata"]["name"]));
  pod.identity = Canonical(node);
  std::map<std::string, std::string> volumes;
  for (const YAML::Node& volume : node["spec"]["volumes"]) {
    const YAML::Node host_path = volume["hostPath"];
    if (!host_path.IsDefined() || !host_path.IsMap()) continue;
    volumes[Text(volume["name"])] = Text(host_path["path"]);
    pod.host_paths.push_back({Text(host_path["path"]), Text(host_path["type"])});
  }
  for (const YAML::Node& container : node["spec"]["containers"])
    pod.containers.push_back(ParseContainer(container, volumes));
  if (pod.containers.empty()) return absl::InvalidArgumentError("it has no containers");
  for (const ContainerSpec& container : pod.containers)
    if (container.argv.empty()) return absl::InvalidArgumentError("a container has no command");
  return pod;
}

}  // namespace

absl::StatusOr<PodSpec> ParsePod(const std::string& text) {
  try {
    return Decode(YAML::Load(text));
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(error.what());
  }
}

}  // namespace belay::standin
