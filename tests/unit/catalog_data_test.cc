// The catalogs that Belay brings along: complete, and in our own words.  The facts they are
// compared with lie in a folder of facts beside the checkout, or where BELAY_CIS says; without it
// only what is written down here is compared, and the test says so.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "common/catalog/embedded.h"

namespace belay {
namespace {

namespace fs = std::filesystem;

Catalog Load(const std::string& name) {
  absl::StatusOr<Catalog> catalog = LoadEmbeddedCatalog(name);
  EXPECT_TRUE(catalog.ok()) << catalog.status();
  return catalog.ok() ? *std::move(catalog) : Catalog();
}

struct Counts {
  std::size_t all = 0;
  std::size_t automated = 0;
  std::size_t level2 = 0;
  std::map<std::string, std::size_t> sections;
};

Counts CountsOf(const Catalog& catalog) {
  Counts counts;
  for (const Control& control : catalog.controls) {
    ++counts.all;
    if (control.automated) ++counts.automated;
    if (control.level == 2) ++counts.level2;
    ++counts.sections[control.section];
  }
  return counts;
}

TEST(CatalogData, HasEveryControlOfSectionsOneToFour) {
  const Counts newest = CountsOf(Load("cis-1.12"));
  EXPECT_EQ(newest.all, 97u);
  EXPECT_EQ(newest.automated, 65u);
  EXPECT_EQ(newest.level2, 6u);
  EXPECT_EQ(newest.sections, (std::map<std::string, std::size_t>{{"1.1", 21},
                                                                 {"1.2", 30},
                                                                 {"1.3", 7},
                                                                 {"1.4", 2},
                                                                 {"2", 7},
                                                                 {"3.1", 3},
                                                                 {"3.2", 2},
                                                                 {"4.1", 10},
                                                                 {"4.2", 14},
                                                                 {"4.3", 1}}));
  EXPECT_EQ(CountsOf(Load("cis-2.0.1")).all, 97u);
  EXPECT_EQ(CountsOf(Load("cis-1.11")).all, 98u);
  EXPECT_EQ(CountsOf(Load("cis-1.10")).all, 95u);
}

TEST(CatalogData, IsChosenByTheVersionOfKubernetes) {
  EXPECT_EQ(BenchmarkFor({1, 35}), "cis-2.0.1");
  EXPECT_EQ(BenchmarkFor({1, 33}), "cis-1.12");
  EXPECT_EQ(BenchmarkFor({1, 30}), "cis-1.11");
  EXPECT_EQ(BenchmarkFor({1, 28}), "cis-1.10");
  EXPECT_EQ(BenchmarkFor({1, 20}), std::nullopt);
  EXPECT_EQ(BenchmarkFor({1, 36}), std::nullopt);
}

TEST(CatalogData, EveryControlSaysWhyAndWhatToDo) {
  for (const EmbeddedCatalog& each : EmbeddedCatalogs()) {
    std::map<std::string, std::string> titles;
    for (const Control& control : Load(std::string(each.name)).controls) {
      EXPECT_GT(control.why.size(), 20u) << control.id;
      EXPECT_FALSE(control.risk_note.empty()) << control.id;
      const bool has_fix = !control.fix.edits.empty() || control.fix.files_as_checked ||
                           control.fix.manual.size() > 20;
      EXPECT_TRUE(has_fix) << control.id;
      EXPECT_TRUE(!control.automated || control.check.kind != Check::Kind::None) << control.id;
      EXPECT_TRUE(titles.emplace(control.title, control.id).second)
          << control.id << " has the title of " << titles[control.title];
    }
  }
}

fs::path FactsFolder() {
  if (const char* const named = std::getenv("BELAY_CIS")) return named;
  for (const char* const beside : {"../shared/cis", "../../shared/cis"}) {
    const fs::path folder = fs::path(BELAY_SOURCE) / beside;
    if (fs::is_directory(folder)) return folder;
  }
  return {};
}

// Rows of a file of tab-separated values as maps by the names of its first line.
std::vector<std::map<std::string, std::string>> ReadRows(const fs::path& path) {
  std::vector<std::map<std::string, std::string>> rows;
  std::ifstream in(path);
  std::string line;
  std::vector<std::string> names;
  while (std::getline(in, line)) {
    const std::vector<std::string> cells = absl::StrSplit(line, '\t');
    if (names.empty()) {
      names = cells;
      continue;
    }
    std::map<std::string, std::string>& row = rows.emplace_back();
    for (std::size_t i = 0; i < cells.size() && i < names.size(); ++i) row[names[i]] = cells[i];
  }
  return rows;
}

TEST(CatalogData, AgreesWithTheFactsWhereTheyAreAtHand) {
  const fs::path folder = FactsFolder();
  if (folder.empty()) {
    std::cout << "no folder of facts beside the checkout, and BELAY_CIS is not set\n";
    return;
  }
  const Catalog catalog = Load("cis-1.12");
  const auto rows = ReadRows(folder / "controls.tsv");
  ASSERT_EQ(rows.size(), catalog.controls.size());
  std::set<std::string> sentences;
  for (auto row : rows) {
    const Control* const control = FindControl(catalog, row["id"]);
    ASSERT_NE(control, nullptr) << row["id"];
    EXPECT_EQ(control->automated, row["automated"] == "yes") << row["id"];
    EXPECT_EQ("L" + std::to_string(control->level), row["level"]) << row["id"];
    sentences.insert({row["title"], row["risk_note"], row["remediation_value"]});
  }
  for (const Control& control : catalog.controls) {
    for (const std::string& text :
         {control.title, control.why, control.risk_note, control.fix.manual}) {
      if (text.size() < 12) continue;  // "None."
      EXPECT_EQ(sentences.count(text), 0u) << control.id << ": " << text;
    }
  }
  // Which controls the older ones have, by the crosswalk's ids of 1.12.
  for (const auto& [name, column] :
       {std::pair("cis-1.11", "cis-1.11"), std::pair("cis-1.10", "cis-1.10"),
        std::pair("cis-2.0.1", "cis-2.0.1")}) {
    const Catalog older = Load(name);
    for (auto row : ReadRows(folder / "crosswalk.tsv")) {
      const std::string id = row[column];
      if (id == "-") {
        EXPECT_EQ(FindControl(older, row["cis-1.12"]), nullptr) << name;
      } else {
        EXPECT_NE(FindControl(older, id), nullptr) << name << " " << id;
      }
    }
  }
}

TEST(CatalogData, TalksLikeNobodyElse) {
  for (const Control& control : Load("cis-1.12").controls) {
    for (const std::string& text : {control.title, control.why, control.fix.manual}) {
      EXPECT_FALSE(absl::StartsWith(text, "Ensure that")) << control.id;
      EXPECT_FALSE(absl::StrContains(text, "argument is set")) << control.id;
    }
  }
}

}  // namespace
}  // namespace belay
