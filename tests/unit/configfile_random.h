// Random config files in many styles, and random edits of them.  The same seed gives the same.
#pragma once
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "belay/v1/plan.pb.h"

namespace belay {

struct RandomValue {
  enum class Kind { Null, Bool, Number, Text, List, Map };
  struct Entry;
  Kind kind = Kind::Null;
  std::string text;
  std::vector<RandomValue> list;
  std::vector<Entry> map;
};

struct RandomValue::Entry {
  std::string key;
  RandomValue value;
};

// What belongs together of one file.
struct RandomFile {
  std::string bytes;
  std::vector<RandomValue> documents;  // maps, each of another kind
};

class ConfigGenerator {
 public:
  explicit ConfigGenerator(uint32_t seed) : random_(seed) {}

  RandomFile File();
  v1::Edit Edit(const RandomFile& file);

 private:
  struct Look {
    size_t step = 2;
    size_t dash_step = 0;
    size_t dash_width = 2;
    bool json = false;
    bool pretty = false;
    bool comments = false;
    int quotes = 0;  // percent
    int flow = 0;    // percent
    std::string eol = "\n";
  };

  uint32_t Below(uint32_t limit) { return static_cast<uint32_t>(random_() % limit); }
  bool Chance(int percent) { return Below(100) < static_cast<uint32_t>(percent); }
  std::string Word();
  std::string HardText();
  RandomValue Value(int depth);
  RandomValue Map(int depth);
  // Like it in most: something taken out, changed, put in.
  RandomValue Mutated(const RandomValue& value, int depth);

  std::string Scalar(const RandomValue& value, const Look& look, bool flow);
  std::string Text(const std::string& text, const Look& look, bool flow);
  std::string Flow(const RandomValue& value, const Look& look, const std::string& indent);
  std::string Trailing(const Look& look);
  void Noise(std::string& out, const Look& look, size_t indent);
  void Block(std::string& out, const RandomValue& value, const Look& look, size_t indent,
             bool first_inline);
  // Behind "key:" or a dash, up to and with the end of line.
  void BehindMark(std::string& out, const RandomValue& value, const Look& look, size_t indent,
                  bool dash);

  std::mt19937 random_;
};

// One value as JSON.
std::string JsonOf(const RandomValue& value);

}  // namespace belay
