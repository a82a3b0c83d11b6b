#include "node-agent/driver/config_reader.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/time_text.h"
#include "node-agent/driver/config.h"

namespace belay {
namespace {

constexpr const char* kPathWanted = "an absolute path without \"..\", \".\" or doubled slashes";

std::string KeyList(const ConfigReader::Fields& fields) {
  std::vector<std::string> keys;
  for (const auto& field : fields) keys.push_back(field.first);
  return absl::StrJoin(keys, ", ");
}

}  // namespace

void ConfigReader::Complain(const YAML::Mark& mark, std::string message) {
  mistakes_.push_back({mark.line + 1, mark.column + 1, std::move(message)});
}

void ConfigReader::Map(const YAML::Node& node, const std::string& name, const Fields& fields,
                       const std::set<std::string>& required) {
  if (!node.IsMap()) return Complain(node.Mark(), absl::StrCat(name, " must be a map"));
  std::set<std::string> seen;
  for (const auto& entry : node) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
    const auto field = fields.find(key);
    if (field == fields.end()) {
      Complain(entry.first.Mark(),
               absl::StrCat("unknown key \"", key, "\" in ", name, "; known: ", KeyList(fields)));
      continue;
    }
    if (!seen.insert(key).second) {
      Complain(entry.first.Mark(), absl::StrCat("\"", key, "\" is given twice in ", name));
      continue;
    }
    field->second(entry.second);
  }
  for (const std::string& key : required) {
    if (!seen.contains(key)) {
      Complain(node.Mark(), absl::StrCat("\"", key, "\" is missing in ", name));
    }
  }
}

ConfigReader::Field ConfigReader::Check(const std::string& key, const Rule& rule,
                                        const std::string& wanted) {
  return [this, key, rule, wanted](const YAML::Node& node) {
    if (!node.IsScalar() || node.Scalar().empty() || !rule(node.Scalar())) {
      Complain(node.Mark(), absl::StrCat("\"", key, "\" must be ", wanted));
    }
  };
}

ConfigReader::Field ConfigReader::Text(const std::string& key, std::string* out, const Rule& rule,
                                       const std::string& wanted) {
  const auto take = [out, rule](const std::string& text) {
    if (!rule(text)) return false;
    *out = text;
    return true;
  };
  return Check(key, take, wanted);
}

ConfigReader::Field ConfigReader::Path(const std::string& key, std::string* out) {
  return Text(key, out, IsCleanPath, kPathWanted);
}

ConfigReader::Field ConfigReader::Switch(const std::string& key, bool* out, const std::string& on,
                                         const std::string& off) {
  return [this, key, out, on, off](const YAML::Node& node) {
    std::string word;
    const auto known = [&](const std::string& text) { return text == on || text == off; };
    Text(key, &word, known, absl::StrCat(on, " or ", off))(node);
    if (!word.empty()) *out = word == on;
  };
}

ConfigReader::Field ConfigReader::Texts(const std::string& key, std::vector<std::string>* out,
                                        const Rule& rule, const std::string& wanted) {
  return [this, key, out, rule, wanted](const YAML::Node& node) {
    if (!node.IsSequence()) {
      return Complain(node.Mark(), absl::StrCat("\"", key, "\" must be a list"));
    }
    out->clear();
    for (const auto& entry : node) {
      std::string text;
      Text(absl::StrCat(key, "[]"), &text, rule, wanted)(entry);
      if (!text.empty()) out->push_back(text);
    }
  };
}

ConfigReader::Field ConfigReader::PathList(const std::string& key, std::vector<std::string>* out) {
  return [this, key, out](const YAML::Node& node) {
    if (!node.IsSequence() || node.size() == 0) {
      return Complain(node.Mark(),
                      absl::StrCat("\"", key, "\" must be a list with at least one path"));
    }
    Texts(key, out, IsCleanPath, kPathWanted)(node);
  };
}

ConfigReader::Field ConfigReader::Time(const std::string& key, std::int64_t* out_unix) {
  return [this, key, out_unix](const YAML::Node& node) {
    std::string text;
    const auto good = [](const std::string& given) { return ParseRfc3339(given).ok(); };
    Text(key, &text, good, "a time like 2027-01-01T00:00:00Z")(node);
    if (!text.empty()) *out_unix = ParseRfc3339(text).value_or(0);
  };
}

std::vector<ConfigMistake> ConfigReader::TakeMistakes() {
  std::sort(mistakes_.begin(), mistakes_.end());
  return std::move(mistakes_);
}

std::string QuotedYaml(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string YamlList(const std::string& key, const std::vector<std::string>& values) {
  std::string out = absl::StrCat(key, values.empty() ? ": []\n" : ":\n");
  for (const std::string& value : values) absl::StrAppend(&out, "- ", QuotedYaml(value), "\n");
  return out;
}

}  // namespace belay
