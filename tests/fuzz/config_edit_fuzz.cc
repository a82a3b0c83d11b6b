// Any text as a config file, with edits on ways that exist in it, or nearly.  The text goes up to
// the first NUL, the bytes behind it choose the edits.  The judge of the config tests judges.
#include <algorithm>
#include <array>
#include <vector>

#include "node-agent/configfile/config_edit.h"
#include "tests/fuzz/support/choices.h"
#include "tests/fuzz/target.h"
#include "tests/support/oracle/yaml_value.h"
#include "tests/unit/configfile_judge.h"

namespace belay::fuzz {
namespace {

using oracle::Value;

constexpr std::array<std::string_view, 12> kValues = {
    "false", "true", "null",          "5",          "\"text\"",    "\"yes\"",
    "\"\"",  "[]",   "{\"a\":[1,2]}", "[\"x\",{}]", "\"a: b #c\"", "-1.5"};
constexpr std::array<std::string_view, 5> kNewKeys = {"anonymous", "a", "enabled", "x.y", "on"};

template <typename Edit>
void Walk(Choices& choices, const Value* at, Edit* edit) {
  for (int depth = 0; depth < 8; ++depth) {
    v1::ConfigPathElement* const step = edit->add_path();
    const Value* next = nullptr;
    if (at != nullptr && at->kind == Value::Kind::List) {
      const size_t index = choices.Below(at->items.size() + 1);
      step->set_index(static_cast<uint32_t>(index));
      if (index < at->items.size()) next = at->items[index].get();
      const Value* const name = next == nullptr ? nullptr : next->Find("name");
      if (name != nullptr && choices.OneIn(2)) {
        step->mutable_select()->set_key("name");
        step->mutable_select()->set_value(oracle::AsString(*name));
      }
    } else if (at != nullptr && !at->entries.empty() && !choices.OneIn(5)) {
      const oracle::Entry& entry = choices.Of(at->entries);
      step->set_key(entry.key);
      next = entry.value.get();
    } else {
      step->set_key(std::string(choices.Of(kNewKeys)));
    }
    at = next;
    if (choices.OneIn(4)) return;
  }
}

v1::Edit MakeConfigEdit(Choices& choices, const std::vector<oracle::ValuePtr>& documents) {
  v1::Edit edit;
  const Value* document = nullptr;
  std::string kind;
  if (!documents.empty()) {
    document = choices.Of(documents).get();
    const Value* const found = document->Find("kind");
    if (found != nullptr && (documents.size() > 1 || choices.OneIn(4)))
      kind = oracle::AsString(*found);
  }
  if (choices.OneIn(3)) {
    edit.mutable_unset_config_key()->set_kind(kind);
    Walk(choices, document, edit.mutable_unset_config_key());
  } else {
    edit.mutable_set_config_key()->set_kind(kind);
    edit.mutable_set_config_key()->set_value_json(std::string(choices.Of(kValues)));
    Walk(choices, document, edit.mutable_set_config_key());
  }
  return edit;
}

void Check(const std::string& text, const v1::Edit& edit) {
  const auto outcome = ApplyConfigEdits(text, {edit});
  const std::string words = edit.ShortDebugString() + "\n";
  if (!outcome.ok()) {
    Require(!outcome.status().message().empty(), words + "a refusal without a word", text);
    return;
  }
  Require(outcome->changed == (outcome->bytes != text), words + "'changed' is wrong", text);
  const std::string wrong = JudgeConfigEdit(text, outcome->bytes, edit);
  Require(wrong.empty(), words + wrong + "\n=== result\n" + outcome->bytes, text);
  const auto again = ApplyConfigEdits(outcome->bytes, {edit});
  Require(again.ok(), words + "the second run is refused: " + std::string(again.status().message()),
          text);
  Require(again->bytes == outcome->bytes && !again->changed, words + "twice is not once", text);
}

}  // namespace
}  // namespace belay::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input = belay::fuzz::TextOf(data, size);
  const size_t nul = std::min(input.find('\0'), input.size());
  const std::string text(input.substr(0, nul));
  belay::fuzz::Choices choices(nul < input.size() ? input.substr(nul + 1) : "");
  const auto documents = belay::oracle::ReadStream(text);
  do {
    const belay::v1::Edit edit = belay::fuzz::MakeConfigEdit(
        choices, documents.ok() ? *documents : std::vector<belay::oracle::ValuePtr>());
    belay::fuzz::Check(text, edit);
  } while (!choices.used_up());
  return 0;
}
