#include "node-agent/manifest/yaml_events.h"

#include <yaml.h>

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "node-agent/manifest/check_bytes.h"

namespace belay {
namespace {

// libyaml counts characters; every this many of them the byte offset is remembered.
constexpr size_t kStride = 256;

std::string Text(const yaml_char_t* text) {
  return text == nullptr ? std::string() : reinterpret_cast<const char*>(text);
}

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

YamlEvent::Style StyleOf(yaml_scalar_style_t style) {
  if (style == YAML_SINGLE_QUOTED_SCALAR_STYLE) return YamlEvent::Style::SingleQuoted;
  if (style == YAML_DOUBLE_QUOTED_SCALAR_STYLE) return YamlEvent::Style::DoubleQuoted;
  if (style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE)
    return YamlEvent::Style::Block;
  return YamlEvent::Style::Plain;
}

}  // namespace

struct YamlEvents::Parser {
  explicit Parser(std::string_view input) : bytes(input) {
    shift = bytes.substr(0, kByteOrderMark.size()) == kByteOrderMark ? kByteOrderMark.size() : 0;
    ascii = std::none_of(bytes.begin() + static_cast<std::ptrdiff_t>(shift), bytes.end(),
                         [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
    if (!ascii) {
      size_t characters = 0;
      for (size_t at = shift; at < bytes.size(); ++at) {
        if (IsContinuation(bytes[at])) continue;
        if (characters++ % kStride == 0) offsets.push_back(at);
      }
    }
    ready = yaml_parser_initialize(&parser) != 0;
    if (!ready) return;
    yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char*>(bytes.data()),
                                 bytes.size());
  }
  ~Parser() {
    if (ready) yaml_parser_delete(&parser);
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  size_t OffsetOf(const yaml_mark_t& mark) const {
    if (ascii) return std::min(shift + mark.index, bytes.size());
    if (mark.index / kStride >= offsets.size()) return bytes.size();
    size_t at = offsets[mark.index / kStride];
    for (size_t left = mark.index % kStride; left > 0 && at < bytes.size(); --left) {
      do ++at;
      while (at < bytes.size() && IsContinuation(bytes[at]));
    }
    return at;
  }

  absl::Status Error() const {
    const int line = static_cast<int>(parser.problem_mark.line) + 1;
    const std::string problem = parser.problem == nullptr ? "unknown problem" : parser.problem;
    return RefuseAtLine(line, absl::StrCat("this is not YAML that kubelet could read (", problem,
                                           "); an unrendered template?"));
  }

  std::string_view bytes;
  size_t shift = 0;  // libyaml does not count the byte order mark
  bool ascii = true;
  std::vector<size_t> offsets;
  bool ready = false;
  yaml_parser_t parser{};
};

YamlEvents::YamlEvents(std::string_view bytes) : parser_(std::make_unique<Parser>(bytes)) {}
YamlEvents::~YamlEvents() = default;

absl::StatusOr<YamlEvent> YamlEvents::Next() {
  if (!parser_->ready) return absl::ResourceExhaustedError("no memory for reading YAML");
  while (true) {
    yaml_event_t raw;
    if (yaml_parser_parse(&parser_->parser, &raw) == 0) return parser_->Error();
    YamlEvent event;
    bool skip = false;
    switch (raw.type) {
      case YAML_NO_EVENT:
      case YAML_STREAM_START_EVENT:
        skip = true;
        break;
      case YAML_STREAM_END_EVENT:
        event.kind = YamlEvent::Kind::StreamEnd;
        break;
      case YAML_DOCUMENT_START_EVENT:
        event.kind = YamlEvent::Kind::DocumentStart;
        event.directives = raw.data.document_start.version_directive != nullptr ||
                           raw.data.document_start.tag_directives.start !=
                               raw.data.document_start.tag_directives.end;
        break;
      case YAML_DOCUMENT_END_EVENT:
        event.kind = YamlEvent::Kind::DocumentEnd;
        break;
      case YAML_ALIAS_EVENT:
        event.kind = YamlEvent::Kind::Alias;
        event.anchor = Text(raw.data.alias.anchor);
        break;
      case YAML_SCALAR_EVENT:
        event.kind = YamlEvent::Kind::Scalar;
        event.style = StyleOf(raw.data.scalar.style);
        event.anchor = Text(raw.data.scalar.anchor);
        event.tag = Text(raw.data.scalar.tag);
        event.text.assign(reinterpret_cast<const char*>(raw.data.scalar.value),
                          raw.data.scalar.length);
        break;
      case YAML_SEQUENCE_START_EVENT:
        event.kind = YamlEvent::Kind::SequenceStart;
        event.flow = raw.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
        event.anchor = Text(raw.data.sequence_start.anchor);
        event.tag = Text(raw.data.sequence_start.tag);
        break;
      case YAML_SEQUENCE_END_EVENT:
        event.kind = YamlEvent::Kind::SequenceEnd;
        break;
      case YAML_MAPPING_START_EVENT:
        event.kind = YamlEvent::Kind::MappingStart;
        event.flow = raw.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
        event.anchor = Text(raw.data.mapping_start.anchor);
        event.tag = Text(raw.data.mapping_start.tag);
        break;
      case YAML_MAPPING_END_EVENT:
        event.kind = YamlEvent::Kind::MappingEnd;
        break;
    }
    event.begin = parser_->OffsetOf(raw.start_mark);
    event.end = parser_->OffsetOf(raw.end_mark);
    event.line = static_cast<int>(raw.start_mark.line) + 1;
    yaml_event_delete(&raw);
    if (!skip) return event;
  }
}

}  // namespace belay
