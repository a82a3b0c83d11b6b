#include "cli/config.h"

#include <cstdlib>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/plan/suggest.h"
#include "common/plan/yaml_tree.h"

namespace belay {
namespace {

absl::Status At(const std::string& path, int line, int column, const std::string& message) {
  return absl::InvalidArgumentError(absl::StrCat(path, ":", line, ":", column, ": ", message));
}

std::string JoinedTo(const std::string& config_path, const std::string& file) {
  const std::size_t slash = config_path.rfind('/');
  if (absl::StartsWith(file, "/") || slash == std::string::npos) return file;
  return absl::StrCat(config_path.substr(0, slash + 1), file);
}

}  // namespace

absl::StatusOr<OperatorConfig> ParseOperatorConfig(std::string_view text, const std::string& path) {
  const std::vector<std::string> known = {"server", "ca", "certificate", "key"};
  const YamlDocument document = ReadYaml(text);
  if (!document.mistakes.empty()) {
    const Mistake& first = document.mistakes.front();
    return At(path, first.line, first.column, first.message);
  }
  OperatorConfig config;
  for (const YamlEntry& entry : document.root.entries) {
    std::string* field = entry.key == "server"        ? &config.server
                         : entry.key == "ca"          ? &config.ca
                         : entry.key == "certificate" ? &config.certificate
                         : entry.key == "key"         ? &config.key
                                                      : nullptr;
    if (field == nullptr) {
      return At(path, entry.line, entry.column,
                absl::StrCat("unknown key '", entry.key, "'", DidYouMean(entry.key, known)));
    }
    if (entry.value.kind != YamlNode::Kind::Scalar || entry.value.text.empty()) {
      return At(path, entry.line, entry.column, absl::StrCat("'", entry.key, "' must be a string"));
    }
    *field = entry.value.text;
  }
  for (const auto& [name, value] :
       {std::pair<const char*, const std::string&>("server", config.server),
        {"ca", config.ca},
        {"certificate", config.certificate},
        {"key", config.key}}) {
    if (value.empty()) return At(path, 1, 1, absl::StrCat("'", name, "' is missing"));
  }
  config.ca = JoinedTo(path, config.ca);
  config.certificate = JoinedTo(path, config.certificate);
  config.key = JoinedTo(path, config.key);
  return config;
}

std::string FindConfigPath(const std::string& given) {
  if (!given.empty()) return given;
  if (const char* from_environment = std::getenv("BELAYCTL_CONFIG");
      from_environment != nullptr && *from_environment != '\0') {
    return from_environment;
  }
  const char* home = std::getenv("HOME");
  return absl::StrCat(home == nullptr ? "" : home, "/.config/belay/config.yaml");
}

}  // namespace belay
