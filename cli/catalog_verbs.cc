#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/files.h"
#include "cli/render/catalog.h"
#include "cli/render/plan.h"
#include "cli/render/words.h"
#include "cli/verbs.h"
#include "common/catalog/embedded.h"
#include "common/catalog/read_catalog.h"

namespace belay {
namespace {

int Lint(Session& session, const std::vector<std::string>& files) {
  std::size_t mistakes = 0;
  std::string first_bad;
  for (const std::string& file : files) {
    const absl::StatusOr<std::string> text = ReadUserFile(file);
    if (!text.ok()) return Fail(session, text.status(), absl::StrCat("ls -l ", file));
    const ReadCatalogResult read = ReadCatalog(*text);
    session.out << RenderMistakes(file, read.mistakes, false);
    std::size_t here = read.mistakes.size();
    if (here == 0) {
      // What only shows together with what it extends.
      const absl::Status whole = LoadCatalog(*text, file).status();
      if (!whole.ok()) {
        session.out << whole.message() << "\n";
        here = 1;
      }
    }
    if (here != 0 && first_bad.empty()) first_bad = file;
    mistakes += here;
  }
  if (mistakes == 0) return kExitDone;
  return Fail(session,
              absl::InvalidArgumentError(absl::StrCat(
                  mistakes, mistakes == 1 ? " mistake was found" : " mistakes were found")),
              absl::StrCat("${EDITOR:-vi} ", first_bad));
}

absl::StatusOr<Catalog> Choose(const std::string& benchmark, const std::string& file) {
  if (file.empty()) return LoadEmbeddedCatalog(benchmark);
  const absl::StatusOr<std::string> text = ReadUserFile(file);
  if (!text.ok()) return text.status();
  return LoadCatalog(*text, file);
}

int Show(Session& session, const std::string& benchmark, const std::string& file,
         const std::vector<std::string>& ids) {
  const absl::StatusOr<Catalog> catalog = Choose(benchmark, file);
  if (!catalog.ok()) return Fail(session, catalog.status(), "belayctl catalog show --help");
  if (ids.empty()) {
    session.out << RenderCatalog(*catalog, session.output == "wide");
    return kExitDone;
  }
  bool first = true;
  for (const std::string& id : ids) {
    const Control* const control = FindControl(*catalog, id);
    if (control == nullptr) {
      return Fail(session, absl::NotFoundError(absl::StrCat(catalog->name, " has no control ", id)),
                  absl::StrCat("belayctl catalog show --benchmark ", catalog->name));
    }
    session.out << (first ? "" : "\n") << RenderControl(*catalog, *control);
    first = false;
  }
  return kExitDone;
}

void AddLint(CLI::App& parent, Session& session) {
  CLI::App* verb =
      parent.add_subcommand("lint", "Report every mistake of a catalog, with line and column");
  auto files = std::make_shared<std::vector<std::string>>();
  verb->add_option("FILE", *files, "catalogs in YAML; - is standard input")->required();
  verb->footer(
      "Mistakes are printed as file:line:column: message, and the exit code is 1.\n\n"
      "Examples:\n  belayctl catalog lint our-controls.yaml");
  verb->callback(
      [&session, files] { session.run = [&session, files] { return Lint(session, *files); }; });
}

void AddShow(CLI::App& parent, Session& session) {
  struct Options {
    std::string benchmark;
    std::string file;
    std::vector<std::string> ids;
  };
  CLI::App* verb = parent.add_subcommand("show", "Show what a benchmark asks, and why");
  auto options = std::make_shared<Options>();
  options->benchmark = std::string(EmbeddedCatalogs().front().name);
  CLI::Option* const benchmark =
      verb->add_option("--benchmark", options->benchmark, "one of Belay's own catalogs")
          ->capture_default_str();
  verb->add_option("--catalog", options->file, "a catalog of your own")->excludes(benchmark);
  verb->add_option("CONTROL", options->ids, "only these, with everything known of them");
  verb->footer(
      "Examples:\n  belayctl catalog show\n  belayctl catalog show 1.2.16 4.2.1\n"
      "  belayctl catalog show --catalog our-controls.yaml -o wide");
  verb->callback([&session, options] {
    session.run = [&session, options] {
      return Show(session, options->benchmark, options->file, options->ids);
    };
  });
}

}  // namespace

void AddCatalogVerbs(CLI::App& parent, Session& session) {
  AddLint(parent, session);
  AddShow(parent, session);
}

}  // namespace belay
