// Reads agent.yaml strictly: walks the document once and collects everything that is wrong with it,
// each mistake with its place.  Used by the files that know the keys; pure.
#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace YAML {
class Node;
struct Mark;
}  // namespace YAML

namespace belay {

struct ConfigMistake {
  int line = 0;
  int column = 0;
  std::string message;
  auto operator<=>(const ConfigMistake&) const = default;
};

class ConfigReader {
 public:
  using Field = std::function<void(const YAML::Node&)>;
  using Fields = std::map<std::string, Field>;
  using Rule = std::function<bool(const std::string&)>;

  void Complain(const YAML::Mark& mark, std::string message);
  // Every key is known and given once; those of `required` are there.
  void Map(const YAML::Node& node, const std::string& name, const Fields& fields,
           const std::set<std::string>& required);

  // Each gives what reads the value of `key` into `out`, which outlives the reading.

  // A non-empty string that `rule` accepts; otherwise says what is `wanted`.
  Field Text(const std::string& key, std::string* out, const Rule& rule, const std::string& wanted);
  // The same, where `rule` takes the value itself.
  Field Check(const std::string& key, const Rule& rule, const std::string& wanted);
  Field Path(const std::string& key, std::string* out);
  // One of two words.
  Field Switch(const std::string& key, bool* out, const std::string& on, const std::string& off);
  // A list, possibly empty.
  Field Texts(const std::string& key, std::vector<std::string>* out, const Rule& rule,
              const std::string& wanted);
  Field PathList(const std::string& key, std::vector<std::string>* out);
  Field Time(const std::string& key, std::int64_t* out_unix);
  // A number from `least` to `most` with `unit` behind it.
  template <typename T>
  Field Number(const std::string& key, T* out, T least, T most, const std::string& unit,
               const std::string& wanted) {
    const auto good = [=](const std::string& given) {
      absl::string_view digits = given;
      T number = 0;
      if (!absl::ConsumeSuffix(&digits, unit) || !absl::SimpleAtoi(digits, &number) ||
          !std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit) || number < least ||
          number > most) {
        return false;
      }
      *out = number;
      return true;
    };
    return Check(key, good, wanted);
  }

  std::vector<ConfigMistake> TakeMistakes();  // by place

 private:
  std::vector<ConfigMistake> mistakes_;
};

// As it stands in a YAML file.
std::string QuotedYaml(const std::string& text);
std::string YamlList(const std::string& key,
                     const std::vector<std::string>& values);  // with its key

}  // namespace belay
