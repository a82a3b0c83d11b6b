#include "common/catalog/catalog.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace belay {
namespace {

std::vector<int> Numbers(std::string_view id) {
  std::vector<int> numbers;
  for (const absl::string_view part :
       absl::StrSplit(absl::string_view(id.data(), id.size()), '.')) {
    int number = 0;
    numbers.push_back(absl::SimpleAtoi(part, &number) ? number : -1);
  }
  return numbers;
}

}  // namespace

bool VersionRange::Contains(const KubernetesMinor& version) const {
  return (!from || *from <= version) && (!until || version <= *until);
}

std::optional<KubernetesMinor> ParseKubernetesMinor(std::string_view text) {
  if (!text.empty() && text.front() == 'v') text.remove_prefix(1);
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::size_t end = text.find_first_not_of("0123456789", dot + 1);
  const std::string_view major = text.substr(0, dot);
  const std::string_view minor =
      text.substr(dot + 1, end == std::string_view::npos ? std::string_view::npos : end - dot - 1);
  KubernetesMinor version;
  const bool behind =
      end == std::string_view::npos || text[end] == '.' || text[end] == '-' || text[end] == '+';
  if (!behind || major.size() > 4 || minor.size() > 4 ||
      !absl::SimpleAtoi(absl::string_view(major.data(), major.size()), &version.major) ||
      !absl::SimpleAtoi(absl::string_view(minor.data(), minor.size()), &version.minor) ||
      version.major < 0) {
    return std::nullopt;
  }
  return version;
}

std::string KubernetesMinorText(const KubernetesMinor& version) {
  return absl::StrCat(version.major, ".", version.minor);
}

const Control* FindControl(const Catalog& catalog, std::string_view id) {
  const auto found = std::find_if(catalog.controls.begin(), catalog.controls.end(),
                                  [&](const Control& control) { return control.id == id; });
  return found == catalog.controls.end() ? nullptr : &*found;
}

bool ControlIdLess(std::string_view a, std::string_view b) {
  const std::vector<int> one = Numbers(a);
  const std::vector<int> other = Numbers(b);
  return one != other ? one < other : a < b;
}

const std::vector<std::string>& CatalogComponents() {
  static const auto& components =
      *new std::vector<std::string>{"kube-apiserver", "kube-controller-manager",
                                    "kube-scheduler", "etcd",
                                    "kubelet",        "kube-proxy",
                                    "cluster",        "node"};
  return components;
}

}  // namespace belay
