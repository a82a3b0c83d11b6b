#include "cli/session.h"

#include <ostream>

#include "absl/strings/str_cat.h"
#include "cli/config.h"
#include "cli/duration.h"
#include "cli/files.h"
#include "cli/render/json.h"
#include "cli/render/words.h"
#include "common/base/safe_text.h"
#include "common/base/status_macros.h"

namespace belay {

int Fail(Session& session, const absl::Status& status, const std::string& next, int exit_code) {
  session.out.flush();
  session.err << "belayctl: " << SafeLines(std::string(status.message())) << "\n";
  session.err << "next: " << SafeLine(next) << std::endl;
  return exit_code;
}

absl::StatusOr<std::int64_t> TimeoutMs(const Session& session) {
  absl::StatusOr<std::int64_t> seconds = ParseSeconds(session.timeout);
  if (!seconds.ok()) return WithContext(seconds.status(), "--timeout");
  return *seconds * 1000;
}

std::unique_ptr<Client> Connect(Session& session) {
  const std::string path = FindConfigPath(session.config_path);
  absl::StatusOr<std::int64_t> timeout_ms = TimeoutMs(session);
  if (!timeout_ms.ok()) {
    Fail(session, timeout_ms.status(), "belayctl --help");
    return nullptr;
  }
  absl::StatusOr<std::string> text = ReadUserFile(path);
  if (!text.ok()) {
    Fail(session,
         absl::NotFoundError(absl::StrCat(
             "cannot read the operator's configuration: ", std::string(text.status().message()),
             "; `belay-server init --operator NAME` writes one into operators/NAME of its "
             "directory")),
         "belayctl --config FILE ...");
    return nullptr;
  }
  absl::StatusOr<OperatorConfig> config = ParseOperatorConfig(*text, path);
  if (!config.ok()) {
    Fail(session, config.status(), absl::StrCat("${EDITOR:-vi} ", path));
    return nullptr;
  }
  absl::StatusOr<std::unique_ptr<Client>> client =
      Client::Open(*config, *timeout_ms, session.NowUnix());
  if (!client.ok()) {
    Fail(session, client.status(),
         absl::StrCat("ls -l ", config->certificate, " ", config->key, " ", config->ca));
    return nullptr;
  }
  return std::move(*client);
}

int FailCall(Session& session, const absl::Status& status, const std::string& next) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return Fail(session, status,
                  "systemctl status belay-server   # on the coordinator's machine");
    default:
      return Fail(session, status, next);
  }
}

int Print(Session& session, const google::protobuf::Message& message,
          const std::function<std::string()>& table) {
  if (session.output == "json") {
    session.out << ToJson(message);
  } else if (session.output == "yaml") {
    absl::StatusOr<std::string> yaml = JsonToYaml(ToJson(message));
    if (!yaml.ok()) return Fail(session, yaml.status(), "the same command with -o json");
    session.out << *yaml;
  } else {
    session.out << table();
  }
  session.out.flush();
  return kExitDone;
}

}  // namespace belay
