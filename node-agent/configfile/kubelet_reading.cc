#include "node-agent/configfile/kubelet_reading.h"

#include <yaml.h>

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/manifest/check_bytes.h"

namespace belay {
namespace {

std::string_view Text(const yaml_char_t* text, size_t size) {
  return {reinterpret_cast<const char*>(text), size};
}

// A container that is still open; a key waits here for its value.
struct OpenValue {
  ConfigValue value;
  std::optional<std::string> key;
};

class EventReader {
 public:
  explicit EventReader(std::string_view bytes) {
    ready_ = yaml_parser_initialize(&parser_) != 0;
    if (!ready_) return;
    // No encoding is set: with one, libyaml takes the byte order mark for a column of the first
    // line.
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(bytes.data()),
                                 bytes.size());
  }
  EventReader(const EventReader&) = delete;
  EventReader& operator=(const EventReader&) = delete;
  ~EventReader() {
    if (ready_) yaml_parser_delete(&parser_);
  }

  absl::StatusOr<std::vector<ConfigValue>> ReadAll() {
    if (!ready_) return absl::ResourceExhaustedError("no memory to read the file");
    while (true) {
      yaml_event_t event;
      if (yaml_parser_parse(&parser_, &event) == 0) {
        const char* const problem = parser_.problem != nullptr ? parser_.problem : "unreadable";
        return RefuseAtLine(static_cast<int>(parser_.problem_mark.line) + 1,
                            absl::StrCat("kubelet cannot read this (", problem, ")"));
      }
      const bool last = event.type == YAML_STREAM_END_EVENT;
      const absl::Status taken = Take(event);
      yaml_event_delete(&event);
      RETURN_IF_ERROR(taken);
      if (last) return std::move(documents_);
    }
  }

 private:
  absl::Status Take(const yaml_event_t& event) {
    const int line = static_cast<int>(event.start_mark.line) + 1;
    switch (event.type) {
      case YAML_SCALAR_EVENT: {
        const auto& scalar = event.data.scalar;
        RETURN_IF_ERROR(Unadorned(line, scalar.anchor, scalar.tag));
        const std::string_view text = Text(scalar.value, scalar.length);
        return Add(line, scalar.style == YAML_PLAIN_SCALAR_STYLE
                             ? ResolvePlainScalar(text)
                             : TextConfigValue(std::string(text)));
      }
      case YAML_SEQUENCE_START_EVENT:
        RETURN_IF_ERROR(
            Unadorned(line, event.data.sequence_start.anchor, event.data.sequence_start.tag));
        return Open(line, ConfigValue::Kind::List);
      case YAML_MAPPING_START_EVENT:
        RETURN_IF_ERROR(
            Unadorned(line, event.data.mapping_start.anchor, event.data.mapping_start.tag));
        return Open(line, ConfigValue::Kind::Map);
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT: {
        ConfigValue value = std::move(open_.back().value);
        open_.pop_back();
        return Add(line, std::move(value));
      }
      case YAML_ALIAS_EVENT:
        return RefuseAtLine(line, "aliases (*name) are not edited; write the value out");
      case YAML_NO_EVENT:
      case YAML_STREAM_START_EVENT:
      case YAML_STREAM_END_EVENT:
      case YAML_DOCUMENT_START_EVENT:
      case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return absl::OkStatus();
  }

  static absl::Status Unadorned(int line, const yaml_char_t* anchor, const yaml_char_t* tag) {
    if (anchor == nullptr && tag == nullptr) return absl::OkStatus();
    return RefuseAtLine(line, "anchors (&name) and tags (!name) are not edited");
  }

  absl::Status Open(int line, ConfigValue::Kind kind) {
    if (open_.size() > static_cast<size_t>(kMaxDepth)) {
      return RefuseAtLine(line, "the file is nested too deeply");
    }
    open_.push_back({EmptyConfigValue(kind), std::nullopt});
    return absl::OkStatus();
  }

  absl::Status Add(int line, ConfigValue value) {
    if (open_.empty()) {
      documents_.push_back(std::move(value));
      return absl::OkStatus();
    }
    OpenValue& parent = open_.back();
    if (parent.value.kind == ConfigValue::Kind::List) {
      parent.value.list.push_back(std::move(value));
    } else if (parent.key.has_value()) {
      parent.value.map.push_back({*std::move(parent.key), std::move(value)});
      parent.key.reset();
    } else if (!value.IsScalar()) {
      return RefuseAtLine(line, "a key that is not a simple text (an unrendered template?)");
    } else {
      parent.key = value.kind == ConfigValue::Kind::Null ? "null" : std::move(value.text);
    }
    return absl::OkStatus();
  }

  yaml_parser_t parser_{};
  bool ready_ = false;
  std::vector<OpenValue> open_;
  std::vector<ConfigValue> documents_;
};

}  // namespace

absl::StatusOr<std::vector<ConfigValue>> ReadAsKubelet(std::string_view bytes) {
  return EventReader(bytes).ReadAll();
}

}  // namespace belay
