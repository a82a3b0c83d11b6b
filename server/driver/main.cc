// belay-server: init, operator, run, backup, restore.
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/safe_text.h"
#include "common/base/status_macros.h"
#include "common/os/absolute_path.h"
#include "common/os/file_lock.h"
#include "common/os/posix_file_system.h"
#include "common/os/stop_signals.h"
#include "common/os/system_clock.h"
#include "common/rpc/tls.h"
#include "server/driver/authorize.h"
#include "server/driver/operators.h"
#include "server/driver/running_server.h"
#include "server/enrolment/init_server.h"
#include "server/enrolment/operator_home.h"
#include "server/store/backup.h"

namespace belay {
namespace {

int Report(const absl::Status& status) {
  if (status.ok()) return 0;
  std::cerr << "belay-server: " << status.message() << "\n";
  return 1;
}

absl::Status Init(const InitOptions& wanted) {
  ASSIGN_OR_RETURN(const auto clock, SystemClock::Open());
  InitOptions options = wanted;
  options.directory = AbsolutePath(options.directory);
  options.now_unix = clock->WallNowUnixMs() / 1000;
  ASSIGN_OR_RETURN(const auto files, PosixFileSystem::Open("/"));
  ASSIGN_OR_RETURN(const InitResult made, InitServer(*files, options, DatabaseWith));
  std::cout << "coordinator made in " << options.directory << "\n"
            << "ca hash: " << made.ca_hash << "\n"
            << "operator " << options.operator_name << ": " << made.operator_config << "\n"
            << "next: belay-server run --dir " << options.directory << "\n"
            << "next: belayctl --config " << made.operator_config
            << " token create --cluster CLUSTER --node NODE\n";
  return absl::OkStatus();
}

absl::StatusOr<ServerConfig> ReadConfig(const FileSystem& files, const std::string& directory) {
  const std::string path = directory + "/server.yaml";
  const absl::StatusOr<FileContent> yaml = files.Read(path);
  if (absl::IsNotFound(yaml.status())) {
    return absl::NotFoundError(absl::StrCat(path,
                                            " is not there; make a coordinator first: "
                                            "belay-server init --dir ",
                                            directory, " --operator NAME"));
  }
  RETURN_IF_ERROR(yaml.status());
  return ParseServerConfig(yaml->bytes, path);
}

absl::Status Add(const std::string& directory, const std::string& name,
                 const std::vector<std::string>& roles) {
  umask(077);
  for (const std::string& role : roles) RETURN_IF_ERROR(ParseRole(role).status());
  ASSIGN_OR_RETURN(const auto clock, SystemClock::Open());
  ASSIGN_OR_RETURN(const auto files, PosixFileSystem::Open("/"));
  ASSIGN_OR_RETURN(const ServerConfig config, ReadConfig(*files, directory));
  ASSIGN_OR_RETURN(const auto store, store::Store::Open(directory + "/belay.db"));
  ASSIGN_OR_RETURN(const std::string made,
                   AddOperator(*files,
                               {.directory = directory,
                                .name = name,
                                .server = DialAddress(config.advertise, config.listen),
                                .roles = roles,
                                .now_unix = clock->WallNowUnixMs() / 1000},
                               [&](const NewOperator& known) { return Note(*store, known); }));
  std::cout << "operator " << name << " (" << absl::StrJoin(roles, ", ") << "): " << made << "\n"
            << "next: hand its directory to " << name
            << " and to nobody else, then: belayctl --config "
            << "config.yaml node list\n";
  return absl::OkStatus();
}

absl::Status Run(const std::string& directory) {
  const sigset_t signals = BlockStopSignals();
  umask(077);

  ASSIGN_OR_RETURN(const auto clock, SystemClock::Open());
  ASSIGN_OR_RETURN(const auto files, PosixFileSystem::Open("/"));
  ASSIGN_OR_RETURN(const ServerConfig config, ReadConfig(*files, directory));
  absl::Status fatal;  // written before the signal, read after Stop has joined the loop
  RunningServer::Options options;
  options.directory = directory;
  options.config = config;
  options.log = [](const std::string& line) { spdlog::info("{}", SafeLine(line)); };
  options.on_fatal = [&fatal](const absl::Status& status) {
    fatal = status;
    kill(getpid(), SIGTERM);
  };
  ASSIGN_OR_RETURN(const auto server, RunningServer::Start(*files, *clock, std::move(options)));
  spdlog::info("serving agents and operators on {}, new agents on {}", config.listen,
               config.enrol_listen);
  int signal = 0;
  sigwait(&signals, &signal);
  spdlog::info("stopping");
  server->Stop();
  return fatal;
}

absl::Status Back(const std::string& directory, const std::string& to) {
  umask(077);
  ASSIGN_OR_RETURN(const auto files, PosixFileSystem::Open("/"));
  RETURN_IF_ERROR(store::BackUp(*files, directory + "/belay.db", to));
  std::cout << "backed up to " << to << "; keep it with ca/, tls/ and server.yaml of " << directory
            << "\n";
  return absl::OkStatus();
}

absl::Status Restore(const std::string& directory, const std::string& from) {
  umask(077);
  ASSIGN_OR_RETURN(const auto files, PosixFileSystem::Open("/"));
  ASSIGN_OR_RETURN(const auto clock, SystemClock::Open());
  ASSIGN_OR_RETURN(const auto lock, FileLock::Acquire(directory + "/lock", "belay-server"));
  ASSIGN_OR_RETURN(const std::string kept, store::Restore(*files, directory + "/belay.db", from,
                                                          clock->WallNowUnixMs() / 1000));
  std::cout << "restored from " << from << "\n";
  if (!kept.empty()) std::cout << "what was there is kept as " << kept << "\n";
  std::cout << "rollouts that run in it are paused by the next start\n"
            << "next: belay-server run --dir " << directory << "\n";
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  RequireTls13();
  CLI::App app{"Belay's coordinator"};
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("belay-server ") + BELAY_VERSION);

  InitOptions made;
  CLI::App* const init =
      app.add_subcommand("init", "Make the CA, the server's certificate and the first operator");
  init->add_option("--dir", made.directory, "Where; must not be there yet")->capture_default_str();
  init->add_option("--operator", made.operator_name, "Name of the first operator")->required();
  init->add_option("--advertise", made.advertise,
                   "Host name or address that agents and operators dial; repeatable");
  init->add_option("--listen", made.listen, "For agents and operators")->capture_default_str();
  init->add_option("--enrol-listen", made.enrol_listen, "For new agents")->capture_default_str();

  std::string directory = "/var/lib/belay-server";
  CLI::App* const run = app.add_subcommand("run", "Serve until SIGTERM or SIGINT");
  run->add_option("--dir", directory, "What init made")->capture_default_str();

  CLI::App* const person = app.add_subcommand("operator", "People who use belayctl");
  person->require_subcommand(1);
  std::string name;
  CLI::App* const add = person->add_subcommand(
      "add", "Make a key, a certificate and a config.yaml for one more operator");
  add->add_option("NAME", name, "Lower-case letters, digits, '-' and '.'")->required();
  std::vector<std::string> roles = {"operator"};
  add->add_option("--role", roles, "viewer, operator, approver or admin; repeatable")
      ->capture_default_str();
  add->add_option("--dir", directory, "What init made; the coordinator may run")
      ->capture_default_str();

  std::string backup;
  CLI::App* const back = app.add_subcommand("backup", "Copy the database, also while it is served");
  back->add_option("--dir", directory, "What init made")->capture_default_str();
  back->add_option("--to", backup, "A file that is not there yet")->required();
  CLI::App* const restore = app.add_subcommand("restore", "Put a backup in place of the database");
  restore->add_option("--dir", directory, "What init made; no belay-server runs on it")
      ->capture_default_str();
  restore->add_option("--from", backup, "What backup made")->required();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (add->parsed()) return Report(Add(AbsolutePath(directory), name, roles));
  if (back->parsed()) return Report(Back(AbsolutePath(directory), AbsolutePath(backup)));
  if (restore->parsed()) return Report(Restore(AbsolutePath(directory), AbsolutePath(backup)));
  return Report(init->parsed() ? Init(made) : Run(AbsolutePath(directory)));
}

}  // namespace
}  // namespace belay

int main(int argc, char** argv) { return belay::Main(argc, argv); }
