#include "cli/render/completion.h"

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/render/words.h"
#include "cli/verbs.h"

namespace belay {
namespace {

void Collect(CLI::App& app, const std::string& path, std::vector<CommandWords>& tree) {
  CommandWords words{path, {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames())
      words.options.push_back(absl::StrCat("--", name));
  }
  const std::vector<CLI::App*> commands = app.get_subcommands([](CLI::App*) { return true; });
  for (const CLI::App* command : commands) words.commands.push_back(command->get_name());
  tree.push_back(std::move(words));
  for (CLI::App* command : commands) {
    Collect(*command,
            path.empty() ? command->get_name() : absl::StrCat(path, " ", command->get_name()),
            tree);
  }
}

}  // namespace

void AddCompletion(CLI::App& root, Session& session) {
  CLI::App* verb = root.add_subcommand("completion", "Print a completion script for a shell");
  auto shell = std::make_shared<std::string>();
  verb->add_option("SHELL", *shell, "bash, zsh or fish")->required();
  verb->footer("Examples:\n  source <(belayctl completion bash)");
  verb->callback([&root, &session, shell] {
    session.run = [&root, &session, shell] {
      std::vector<CommandWords> tree;
      Collect(root, "", tree);
      const absl::StatusOr<std::string> script = RenderCompletion(*shell, tree);
      if (!script.ok())
        return Fail(session, script.status(), "belayctl completion bash", kExitUsage);
      session.out << *script << std::flush;
      return kExitDone;
    };
  });
}

}  // namespace belay
