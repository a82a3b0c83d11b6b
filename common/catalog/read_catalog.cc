#include "common/catalog/read_catalog.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/catalog/read_check.h"
#include "common/plan/decode_edit.h"
#include "common/plan/edit_rules.h"
#include "common/plan/yaml_tree.h"

namespace belay {
namespace {

using Kind = YamlNode::Kind;

Place KeyPlace(const YamlEntry& entry) { return {entry.line, entry.column}; }

bool IsId(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == '_';
  });
}

void ReadId(Fields& fields, std::string_view key, std::string& id) {
  fields.Require(key);
  if (fields.Text(key, id) && !IsId(id)) {
    fields.Break(*fields.Find(key),
                 absl::StrCat("'", std::string(key),
                              "' must be 1 to 64 letters, digits, dots, dashes or underscores"));
  }
}

// A sentence for people: there, and more than white space.
void ReadSentence(Fields& fields, std::string_view key, std::string& text) {
  fields.Require(key);
  if (!fields.Text(key, text)) return;
  if (text.find_first_not_of(" \t\n") == std::string::npos) {
    fields.Break(*fields.Find(key), absl::StrCat("'", std::string(key), "' is empty"));
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
}

void ReadEdits(const YamlEntry& entry, const std::string& path, Remediation& fix,
               DecodedPlan& out) {
  int index = 0;
  for (const YamlNode& item : entry.value.items) {
    const std::string at = absl::StrCat(path, "[", index++, "]");
    v1::Edit& edit = fix.edits.emplace_back();
    const std::size_t before = out.mistakes.size();
    DecodeEdit(item, at, EditScope::Plan, edit, out);
    if (out.mistakes.size() != before) continue;
    std::vector<BrokenRule> broken;
    CheckEdit(edit, at, EditScope::Plan, broken);
    for (BrokenRule& rule : broken) {
      const auto place = out.places.find(rule.path);
      const Place where = place == out.places.end() ? Place{item.line, item.column} : place->second;
      out.mistakes.push_back({where.line, where.column, std::move(rule.message)});
    }
  }
}

void ReadFix(const YamlEntry& entry, const std::string& path, const Check& check, Remediation& fix,
             DecodedPlan& out) {
  Fields fields(entry.value, path, KeyPlace(entry), {"edits", "files", "manual"}, out);
  if (!fields.is_map()) return;
  if (entry.value.entries.size() != 1) {
    fields.Report(KeyPlace(entry), "'fix' has exactly one of edits, files and manual");
  }
  if (const YamlEntry* edits = fields.Child("edits", Kind::Sequence, "a list of edits")) {
    ReadEdits(*edits, fields.PathOf("edits"), fix, out);
  }
  std::string files;
  if (fields.Text("files", files)) {
    fix.files_as_checked = files == "asChecked";
    if (!fix.files_as_checked || check.kind != Check::Kind::File) {
      fields.Break(*fields.Find("files"),
                   "'files' must be asChecked, and the check one of files: each that fails is "
                   "given the mode or owner of the check");
    }
  }
  if (fields.Find("manual") != nullptr) ReadSentence(fields, "manual", fix.manual);
}

void ReadWhen(Fields& control_fields, Control& control, DecodedPlan& out) {
  const bool is_program = control.component != "node" && control.component != "cluster";
  if (is_program) control.when.component = control.component;
  const YamlEntry* const entry = control_fields.Child("when", Kind::Map, "a map");
  if (entry == nullptr) return;
  const std::string path = control_fields.PathOf("when");
  Fields fields(entry->value, path, KeyPlace(*entry), {"component", "kubernetes"}, out);
  if (fields.Find("component") != nullptr) {
    ReadComponent(fields, "component", control.when.component);
  }
  if (const YamlEntry* versions = fields.Child("kubernetes", Kind::Map, "a map")) {
    ReadVersions(*versions, path + ".kubernetes", control.when.versions, out);
  }
}

void ReadRisk(Fields& fields, Risk& risk) {
  std::string text;
  fields.Require("risk");
  if (!fields.Text("risk", text)) return;
  if (text == "low") {
    risk = Risk::Low;
  } else if (text == "medium") {
    risk = Risk::Medium;
  } else if (text == "high") {
    risk = Risk::High;
  } else {
    fields.Break(*fields.Find("risk"), "'risk' must be low, medium or high");
  }
}

void ReadControl(const YamlNode& node, const std::string& path, Control& control,
                 DecodedPlan& out) {
  Fields fields(node, path, {node.line, node.column},
                {"id", "level", "type", "component", "title", "why", "risk", "riskNote", "when",
                 "check", "fix"},
                out);
  if (!fields.is_map()) return;
  ReadId(fields, "id", control.id);
  control.section = control.id.substr(0, control.id.rfind('.'));
  fields.Require("level");
  if (fields.Count("level", control.level) && (control.level < 1 || control.level > 2)) {
    fields.Break(*fields.Find("level"), "'level' must be 1 or 2");
  }
  std::string type;
  fields.Require("type");
  if (fields.Text("type", type)) {
    control.automated = type == "automated";
    if (!control.automated && type != "manual") {
      fields.Break(*fields.Find("type"), "'type' must be automated or manual");
    }
  }
  ReadComponent(fields, "component", control.component);
  ReadSentence(fields, "title", control.title);
  ReadSentence(fields, "why", control.why);
  ReadRisk(fields, control.risk);
  ReadSentence(fields, "riskNote", control.risk_note);
  ReadWhen(fields, control, out);
  if (const YamlEntry* check = fields.Find("check")) {
    ReadCheck(check->value, KeyPlace(*check), fields.PathOf("check"), control.check, out);
  } else if (control.automated) {
    fields.Report({node.line, node.column}, "an automated control needs a 'check'");
  }
  fields.Require("fix");
  if (const YamlEntry* fix = fields.Find("fix")) {
    ReadFix(*fix, fields.PathOf("fix"), control.check, control.fix, out);
    if (control.check.kind == Check::Kind::None && control.fix.manual.empty() &&
        !control.automated) {
      fields.Break(*fix, "a control without a check must say in fix.manual what to look at");
    }
  }
}

void ReadControls(const YamlEntry& entry, Catalog& catalog, DecodedPlan& out) {
  std::map<std::string, int> lines;
  int index = 0;
  for (const YamlNode& item : entry.value.items) {
    Control control;
    ReadControl(item, absl::StrCat("spec.controls[", index++, "]"), control, out);
    const auto [first, is_new] = lines.emplace(control.id, item.line);
    if (!is_new && !control.id.empty()) {
      out.mistakes.push_back(
          {item.line, item.column,
           absl::StrCat("control ", control.id, " is here twice: the first one is in line ",
                        first->second)});
    }
    catalog.controls.push_back(std::move(control));
  }
}

void ReadSpec(const YamlEntry& entry, Catalog& catalog, DecodedPlan& out) {
  Fields fields(entry.value, "spec", KeyPlace(entry),
                {"extends", "without", "kubernetes", "sections", "controls"}, out);
  if (!fields.is_map()) return;
  if (fields.Find("extends") != nullptr) ReadId(fields, "extends", catalog.extends);
  catalog.without = ReadTexts(fields, "without");
  if (!catalog.without.empty() && catalog.extends.empty()) {
    fields.Break(*fields.Find("without"), "'without' needs 'extends': nothing is extended here");
  }
  if (const YamlEntry* versions = fields.Child("kubernetes", Kind::Map, "a map")) {
    ReadVersions(*versions, "spec.kubernetes", catalog.kubernetes, out);
  }
  if (const YamlEntry* sections = fields.Child("sections", Kind::Map, "a map of titles")) {
    for (const YamlEntry& each : sections->value.entries) {
      catalog.sections.push_back({each.key, each.value.text});
    }
  }
  if (catalog.extends.empty()) fields.Require("controls");
  if (const YamlEntry* controls = fields.Child("controls", Kind::Sequence, "a list of controls")) {
    ReadControls(*controls, catalog, out);
  }
}

void SortControls(Catalog& catalog) {
  std::stable_sort(catalog.controls.begin(), catalog.controls.end(),
                   [](const Control& a, const Control& b) { return ControlIdLess(a.id, b.id); });
}

}  // namespace

ReadCatalogResult ReadCatalog(std::string_view yaml) {
  ReadCatalogResult result;
  YamlDocument document = ReadYaml(yaml);
  DecodedPlan out;
  out.mistakes = std::move(document.mistakes);
  if (document.readable && document.root.kind != Kind::Map) {
    out.mistakes.push_back({1, 1, "a catalog is a map with apiVersion, kind, metadata and spec"});
  } else if (document.readable) {
    Fields fields(document.root, "", {document.root.line, document.root.column},
                  {"apiVersion", "kind", "metadata", "spec"}, out);
    fields.RequireExactly("apiVersion", "belay.dev/v1");
    fields.RequireExactly("kind", "Catalog");
    fields.Require("metadata");
    if (const YamlEntry* entry = fields.Child("metadata", Kind::Map, "a map")) {
      Fields metadata(entry->value, "metadata", KeyPlace(*entry), {"name", "title"}, out);
      ReadId(metadata, "name", result.catalog.name);
      ReadSentence(metadata, "title", result.catalog.title);
    }
    fields.Require("spec");
    if (const YamlEntry* entry = fields.Find("spec")) ReadSpec(*entry, result.catalog, out);
  }
  SortControls(result.catalog);
  result.mistakes = std::move(out.mistakes);
  std::sort(result.mistakes.begin(), result.mistakes.end(), [](const Mistake& a, const Mistake& b) {
    return std::tie(a.line, a.column, a.message) < std::tie(b.line, b.column, b.message);
  });
  return result;
}

absl::StatusOr<Catalog> ExtendCatalog(const Catalog& base, const Catalog& catalog) {
  Catalog merged = catalog;
  for (const std::string& id : catalog.without) {
    if (FindControl(base, id) == nullptr) {
      return absl::NotFoundError(absl::StrCat("catalog ", catalog.name, " leaves out control ", id,
                                              ", which ", base.name, " does not have"));
    }
  }
  for (const Control& control : base.controls) {
    const bool left_out = std::find(catalog.without.begin(), catalog.without.end(), control.id) !=
                          catalog.without.end();
    if (!left_out && FindControl(catalog, control.id) == nullptr) {
      merged.controls.push_back(control);
    }
  }
  for (const CatalogSection& section : base.sections) {
    const bool own = std::any_of(catalog.sections.begin(), catalog.sections.end(),
                                 [&](const CatalogSection& each) { return each.id == section.id; });
    if (!own) merged.sections.push_back(section);
  }
  SortControls(merged);
  return merged;
}

}  // namespace belay
