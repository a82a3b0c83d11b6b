// ReadModels: libfyaml's events as models.
#include <libfyaml.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "node-agent/manifest/model.h"

namespace belay {
namespace {

constexpr std::array<const char*, 13> kWords = {"true", "false", "yes", "no",  "on",  "off", "y",
                                                "n",    "t",     "f",   "nan", "inf", "null"};

// Is this plain scalar a text in every version of YAML?  Anything doubtful is not.
bool IsCertainlyText(std::string_view plain) {
  if (plain.empty() || plain == "-") return false;
  if (plain.size() > 1 && (plain[0] == '/' || plain.substr(0, 2) == "--")) return true;
  if (plain.size() < 6) {
    const std::string lower = absl::AsciiStrToLower({plain.data(), plain.size()});
    for (const char* const word : kWords) {
      if (lower == word) return false;
    }
  }
  const size_t letter = plain[0] == '-' ? 1 : 0;
  return absl::ascii_isalpha(static_cast<unsigned char>(plain[letter]));
}

bool IsNullWord(std::string_view plain) {
  return plain.empty() || plain == "~" || plain == "null" || plain == "Null" || plain == "NULL";
}

void Silent(fy_diag*, void*, const char*, size_t) {}

struct DiagDeleter {
  void operator()(fy_diag* diag) const { fy_diag_destroy(diag); }
};
struct ParserDeleter {
  void operator()(fy_parser* parser) const { fy_parser_destroy(parser); }
};

std::string TextOf(fy_token* token) {
  if (token == nullptr) return {};
  size_t length = 0;
  const char* const text = fy_token_get_text(token, &length);
  return text == nullptr ? std::string() : std::string(text, length);
}

class ModelBuilder {
 public:
  // False when the events make no sense; cannot happen with what libyaml has read.
  bool Take(const fy_event& event) {
    switch (event.type) {
      case FYET_DOCUMENT_START:
        anchors_.clear();
        root_.reset();
        return true;
      case FYET_DOCUMENT_END:
        documents_.push_back(root_.has_value() ? *std::move(root_) : Model());
        root_.reset();
        return true;
      case FYET_ALIAS: {
        const auto found = anchors_.find(TextOf(event.alias.anchor));
        if (found == anchors_.end()) return false;
        Add(found->second, "");
        return true;
      }
      case FYET_SCALAR:
        TakeScalar(event);
        return true;
      case FYET_SEQUENCE_START:
        Open(Model::Kind::List, TextOf(event.sequence_start.anchor));
        return true;
      case FYET_MAPPING_START:
        Open(Model::Kind::Map, TextOf(event.mapping_start.anchor));
        return true;
      case FYET_SEQUENCE_END:
      case FYET_MAPPING_END: {
        if (open_.empty()) return false;
        OpenModel done = std::move(open_.back());
        open_.pop_back();
        Add(std::move(done.model), done.anchor);
        return true;
      }
      case FYET_NONE:
      case FYET_STREAM_START:
      case FYET_STREAM_END:
        return true;
    }
    return false;
  }

  std::vector<Model> TakeDocuments() { return std::move(documents_); }

 private:
  struct OpenModel {
    Model model;
    std::string anchor;
    std::optional<std::string> key;
  };

  void TakeScalar(const fy_event& event) {
    Model model;
    fy_token* const token = event.scalar.value;
    const bool plain = token == nullptr || fy_token_scalar_style(token) == FYSS_PLAIN;
    model.text = TextOf(token);
    const std::string tag = TextOf(event.scalar.tag);
    if (tag == "!!str" || tag == "tag:yaml.org,2002:str") {
      model.kind = Model::Kind::Text;
    } else if (!tag.empty()) {
      model.kind = Model::Kind::Other;
      model.text = absl::StrCat(tag, " ", model.text);
    } else if (plain && IsNullWord(model.text)) {
      model.text.clear();
    } else {
      model.kind = !plain || IsCertainlyText(model.text) ? Model::Kind::Text : Model::Kind::Other;
    }
    Add(std::move(model), TextOf(event.scalar.anchor));
  }

  void Open(Model::Kind kind, std::string anchor) {
    OpenModel open;
    open.model.kind = kind;
    open.anchor = std::move(anchor);
    open_.push_back(std::move(open));
  }

  void Add(Model model, const std::string& anchor) {
    if (!anchor.empty()) anchors_[anchor] = model;
    if (open_.empty()) {
      root_ = std::move(model);
      return;
    }
    OpenModel& parent = open_.back();
    if (parent.model.kind == Model::Kind::List) {
      parent.model.list.push_back(std::move(model));
    } else if (!parent.key.has_value()) {
      const bool scalar = model.kind != Model::Kind::List && model.kind != Model::Kind::Map;
      parent.key = scalar ? std::move(model.text) : std::string(1, '\0');
    } else {
      parent.model.map.push_back({*std::move(parent.key), std::move(model)});
      parent.key.reset();
    }
  }

  std::map<std::string, Model> anchors_;
  std::vector<OpenModel> open_;
  std::optional<Model> root_;
  std::vector<Model> documents_;
};

}  // namespace

absl::StatusOr<std::vector<Model>> ReadModels(std::string_view bytes) {
  fy_diag_cfg quiet = {};
  fy_diag_cfg_default(&quiet);
  quiet.fp = nullptr;
  quiet.output_fn = Silent;
  const std::unique_ptr<fy_diag, DiagDeleter> diag(fy_diag_create(&quiet));
  fy_parse_cfg config = {};
  // As YAML 1.1: a closing bracket may stand in the column of its key.
  config.flags =
      static_cast<fy_parse_cfg_flags>(FYPCF_DEFAULT_VERSION_1_1 | FYPCF_SLOPPY_FLOW_INDENTATION);
  config.diag = diag.get();
  const std::unique_ptr<fy_parser, ParserDeleter> parser(fy_parser_create(&config));
  if (diag == nullptr || parser == nullptr ||
      fy_parser_set_string(parser.get(), bytes.data(), bytes.size()) != 0) {
    return absl::ResourceExhaustedError("no memory for checking the YAML");
  }
  ModelBuilder builder;
  bool good = true;
  while (fy_event* const event = fy_parser_parse(parser.get())) {
    good = good && builder.Take(*event);
    fy_parser_event_free(parser.get(), event);
  }
  if (!good || fy_parser_get_stream_error(parser.get())) {
    return absl::FailedPreconditionError(
        "line 1: a second parser (libfyaml) does not read the file as YAML; write it in a simpler "
        "form");
  }
  return builder.TakeDocuments();
}

}  // namespace belay
