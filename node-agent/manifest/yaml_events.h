// libyaml's events of one stream as plain values with byte offsets.  Pure; exceptions are not used,
// no libyaml type gets out.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace belay {

struct YamlEvent {
  enum class Kind {
    StreamEnd,
    DocumentStart,
    DocumentEnd,
    Alias,
    Scalar,
    SequenceStart,
    SequenceEnd,
    MappingStart,
    MappingEnd
  };
  enum class Style { Plain, SingleQuoted, DoubleQuoted, Block };

  Kind kind = Kind::StreamEnd;
  Style style = Style::Plain;
  bool flow = false;
  bool directives = false;  // of DocumentStart: %YAML or %TAG stands in front
  std::string anchor;       // of Alias: its name
  std::string tag;
  std::string text;
  size_t begin = 0;  // of what the event stands for, with its anchor and tag
  size_t end = 0;
  int line = 1;
};

class YamlEvents {
 public:
  // `bytes` outlive this.
  explicit YamlEvents(std::string_view bytes);
  ~YamlEvents();
  YamlEvents(const YamlEvents&) = delete;
  YamlEvents& operator=(const YamlEvents&) = delete;

  // FAILED_PRECONDITION "line N: what libyaml says".  Not to be called again after StreamEnd or an
  // error.
  absl::StatusOr<YamlEvent> Next();

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace belay
