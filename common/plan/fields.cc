#include "common/plan/fields.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "common/base/time_text.h"
#include "common/plan/suggest.h"

namespace belay {
namespace {

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// An empty value has no place of its own: yaml-cpp puts it where the next token is.
Place PlaceOf(const YamlEntry& entry) {
  const bool inner = entry.value.kind == YamlNode::Kind::Scalar;
  return inner ? Place{entry.value.line, entry.value.column} : Place{entry.line, entry.column};
}

}  // namespace

Fields::Fields(const YamlNode& node, std::string path, Place where, std::vector<std::string> known,
               DecodedPlan& out)
    : node_(node), path_(std::move(path)), where_(where), out_(out) {
  out_.places.emplace(path_, where_);
  if (!is_map()) {
    out_.broken.insert(path_);
    Report(where_, absl::StrCat(path_.empty() ? "a plan" : path_.substr(path_.rfind('.') + 1),
                                " must be a map with ", absl::StrJoin(known, ", ")));
    return;
  }
  for (const YamlEntry& entry : node_.entries) {
    if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
      Report({entry.line, entry.column},
             absl::StrCat("unknown key '", entry.key, "'", DidYouMean(entry.key, known)));
    } else {
      out_.places.emplace(PathOf(entry.key), PlaceOf(entry));
    }
  }
}

const YamlEntry* Fields::Find(std::string_view key) const {
  for (const YamlEntry& entry : node_.entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

std::string Fields::PathOf(std::string_view key) const {
  return path_.empty() ? std::string(key) : absl::StrCat(path_, ".", View(key));
}

void Fields::Require(std::string_view key) {
  if (!is_map() || Find(key) != nullptr) return;
  out_.broken.insert(PathOf(key));
  Report(
      where_,
      absl::StrCat("'", View(key), "' is missing",
                   path_.empty() ? "" : absl::StrCat(" in ", path_.substr(path_.rfind('.') + 1))));
}

void Fields::Report(const Place& place, std::string message) {
  out_.mistakes.push_back({place.line, place.column, std::move(message)});
}

void Fields::Break(const YamlEntry& entry, std::string message) {
  out_.broken.insert(PathOf(entry.key));
  Report(PlaceOf(entry), std::move(message));
}

void Fields::RequireExactly(std::string_view key, std::string_view wanted) {
  Require(key);
  std::string text;
  if (Text(key, text) && text != wanted) {
    Break(*Find(key), absl::StrCat("'", View(key), "' must be ", View(wanted)));
  }
}

const YamlEntry* Fields::Child(std::string_view key, YamlNode::Kind kind, std::string_view what) {
  const YamlEntry* entry = Find(key);
  if (entry == nullptr || entry->value.kind == kind) return entry;
  Break(*entry, absl::StrCat("'", View(key), "' must be ", View(what)));
  return nullptr;
}

const YamlEntry* Fields::Scalar(std::string_view key, std::string_view what) {
  return Child(key, YamlNode::Kind::Scalar, what);
}

bool Fields::Text(std::string_view key, std::string& out) {
  const YamlEntry* entry = Scalar(key, "a string (an empty one is \"\")");
  if (entry == nullptr) return false;
  out = entry->value.text;
  return true;
}

bool Fields::Boolean(std::string_view key, bool& out) {
  constexpr std::string_view kWhat = "true or false, without quotes";
  const YamlEntry* entry = Scalar(key, kWhat);
  if (entry == nullptr) return false;
  if (entry->value.quoted || (entry->value.text != "true" && entry->value.text != "false")) {
    Break(*entry, absl::StrCat("'", View(key), "' must be ", View(kWhat)));
    return false;
  }
  out = entry->value.text == "true";
  return true;
}

bool Fields::Duration(std::string_view key, std::uint32_t& out_ms) {
  const YamlEntry* entry = Scalar(key, "a duration such as 60s, 2m or 200ms");
  if (entry == nullptr) return false;
  absl::StatusOr<std::uint32_t> ms = ParseDurationMs(entry->value.text);
  if (!ms.ok()) {
    Break(*entry, std::string(ms.status().message()));
    return false;
  }
  out_ms = *ms;
  return true;
}

bool Fields::Count(std::string_view key, std::uint32_t& out) {
  constexpr std::string_view kWhat = "a whole number without quotes";
  const YamlEntry* entry = Scalar(key, kWhat);
  if (entry == nullptr) return false;
  const std::string& text = entry->value.text;
  // What begins with 0 is another number to some readers of YAML.
  const bool digits =
      !text.empty() && text.size() <= 9 && (text.size() == 1 || text[0] != '0') &&
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (entry->value.quoted || !digits) {
    Break(*entry, absl::StrCat("'", View(key), "' must be ", View(kWhat)));
    return false;
  }
  out = static_cast<std::uint32_t>(std::stoul(text));
  return true;
}

bool Fields::Mode(std::string_view key, std::uint32_t& out) {
  const YamlEntry* entry = Scalar(key, "octal digits in quotes, such as \"0600\"");
  if (entry == nullptr) return false;
  const std::string& text = entry->value.text;
  const bool octal =
      !text.empty() && text.size() <= 5 &&
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '7'; });
  if (!entry->value.quoted) {
    Break(*entry,
          absl::StrCat("'", View(key), "' must be in quotes, \"", octal ? text : "0600",
                       "\": without them YAML readers take 0600 for the number 384 or 600"));
    return false;
  }
  if (!octal) {
    Break(*entry,
          absl::StrCat("'", View(key), "' must be octal digits in quotes, such as \"0600\""));
    return false;
  }
  out = static_cast<std::uint32_t>(std::stoul(text, nullptr, 8));
  return true;
}

bool Fields::Time(std::string_view key, std::int64_t& out_unix) {
  const YamlEntry* entry = Scalar(key, "an RFC 3339 time such as 2026-11-23T09:46:29Z");
  if (entry == nullptr) return false;
  absl::StatusOr<std::int64_t> time = ParseRfc3339(entry->value.text);
  if (!time.ok() || *time <= 0) {
    Break(*entry, absl::StrCat("'", entry->value.text,
                               "' is not an RFC 3339 time such as 2026-11-23T09:46:29Z"));
    return false;
  }
  out_unix = *time;
  return true;
}

bool Fields::TextList(std::string_view key, google::protobuf::RepeatedPtrField<std::string>& out) {
  const YamlEntry* entry = Child(key, YamlNode::Kind::Sequence, "a list of strings");
  if (entry == nullptr) return false;
  int index = 0;
  for (const YamlNode& item : entry->value.items) {
    const std::string path = absl::StrCat(PathOf(key), "[", index++, "]");
    const Place place{item.line, item.column};
    out_.places.emplace(path, place);
    if (item.kind != YamlNode::Kind::Scalar) {
      out_.broken.insert(path);
      Report(place, absl::StrCat("'", View(key), "' must be a list of strings"));
    }
    *out.Add() = item.text;
  }
  return true;
}

absl::StatusOr<std::uint32_t> ParseDurationMs(std::string_view text) {
  absl::Duration duration;
  const bool bare = !text.empty() && std::all_of(text.begin(), text.end(),
                                                 [](char c) { return c >= '0' && c <= '9'; });
  if (bare || absl::StartsWith(View(text), "-") || absl::StartsWith(View(text), "+") ||
      !absl::ParseDuration(View(text), &duration)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", View(text), "' is not a duration: write a number and a unit, such as ",
                     bare && text.size() < 10 ? absl::StrCat(View(text), "s") : std::string("60s"),
                     ", 2m or 200ms"));
  }
  if (duration > absl::Hours(24) || duration != absl::Floor(duration, absl::Milliseconds(1))) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", View(text), "' must be whole milliseconds and at most 24h"));
  }
  return static_cast<std::uint32_t>(absl::ToInt64Milliseconds(duration));
}

}  // namespace belay
