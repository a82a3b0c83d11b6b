#include <google/protobuf/struct.pb.h>
#include <stdlib.h>
#include <unistd.h>

#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cli/files.h"
#include "cli/one_file_edit.h"
#include "cli/render/plan.h"
#include "cli/render/words.h"
#include "cli/verbs.h"
#include "common/base/safe_text.h"
#include "common/os/absolute_path.h"
#include "common/os/posix_file_system.h"
#include "common/plan/compile.h"

namespace belay {
namespace {

struct Options {
  std::string file;
  std::vector<std::string> operations;
  std::string container;
  std::string out;
};

std::string RealPath(const std::string& path) {
  char* const real = ::realpath(path.c_str(), nullptr);
  if (real == nullptr) return "";
  std::string found(real);
  ::free(real);
  return found;
}

// A file of the command line, behind whatever links lead to it: the link stays a link.
struct OpenFile {
  std::unique_ptr<PosixFileSystem> files;  // its directory
  std::string path;                        // in `files`
  FileContent content;
};

absl::StatusOr<OpenFile> Open(const std::string& file) {
  const std::string path = RealPath(file);
  if (path.empty()) return absl::ErrnoToStatus(errno, absl::StrCat("open ", file));
  absl::StatusOr<std::unique_ptr<PosixFileSystem>> files =
      PosixFileSystem::Open(ParentDirectory(path));
  if (!files.ok()) return files.status();
  OpenFile open{std::move(*files), absl::StrCat("/", BaseName(path)), {}};
  absl::StatusOr<FileContent> content = open.files->Read(open.path);
  if (!content.ok()) {
    // It is named by where it lies in its directory.
    return absl::Status(content.status().code(),
                        absl::StrReplaceAll(content.status().message(), {{open.path, path}}));
  }
  open.content = *std::move(content);
  return open;
}

// Reports every mistake of every operation; false when there is one.
bool Compile(Session& session, const std::vector<std::string>& operations,
             std::vector<v1::Edit>* edits) {
  bool good = true;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    CompiledEdit compiled = CompileEdit(operations[i], EditScope::OneFile);
    session.err << RenderMistakes(
        operations.size() == 1 ? "--op" : absl::StrCat("--op number ", i + 1), compiled.mistakes,
        false);
    good = good && compiled.mistakes.empty();
    edits->push_back(std::move(compiled.edit));
  }
  return good;
}

int Say(Session& session, const Options& options, bool changed) {
  if (session.output == "json" || session.output == "yaml") {
    google::protobuf::Struct text;
    const auto put = [&text](const char* key, const std::string& value) {
      (*text.mutable_fields())[key].set_string_value(value);
    };
    put("outcome", changed ? "edited" : "nothing to do");
    put("file", options.file);
    put("out", options.out.empty() ? options.file : options.out);
    const int printed = Print(session, text, [] { return std::string(); });
    if (printed != kExitDone) return printed;
  } else if (options.out != "-") {
    session.out << (changed ? "edited " : "nothing to do: ")
                << SafeLine(changed && !options.out.empty() ? options.out : options.file)
                << (changed ? "" : " is already as wanted") << std::endl;
  }
  return changed ? kExitDone : kExitNothingToDo;
}

absl::Status Write(Session& session, const Options& options, OpenFile& open,
                   const EditOutcome& outcome) {
  if (options.out.empty()) {
    if (!outcome.changed) return absl::OkStatus();
    return ReplaceContent(*open.files, open.path, open.content, outcome.bytes,
                          absl::StrCat("belayctl-", ::getpid()));
  }
  if (options.out == "-") {
    session.out << outcome.bytes << std::flush;
    return session.out.good() ? absl::OkStatus() : absl::UnavailableError("write standard output");
  }
  return ReplaceFile(options.out, outcome.bytes, open.content.attributes.mode & 0777);
}

int Edit(Session& session, Options options) {
  const std::string help = "belayctl edit --help";
  // In place, so that a file which is already as wanted is not touched.
  if (!options.out.empty() && RealPath(options.out) == RealPath(options.file)) options.out.clear();
  std::vector<v1::Edit> edits;
  if (!Compile(session, options.operations, &edits)) {
    return Fail(session,
                absl::InvalidArgumentError("an operation with mistakes is not carried out"), help,
                kExitUsage);
  }
  if (const absl::StatusOr<EditedFile> sort = EditorOf(edits); !sort.ok()) {
    return Fail(session, sort.status(), help, kExitUsage);
  }
  absl::StatusOr<OpenFile> open = Open(options.file);
  if (!open.ok()) {
    return Fail(session, open.status(), absl::StrCat("ls -l ", options.file), kExitRefused);
  }
  const absl::StatusOr<EditOutcome> outcome =
      EditOneFile(open->content.bytes, BaseName(open->path), options.container, std::move(edits));
  if (!outcome.ok()) {
    return Fail(session,
                absl::Status(outcome.status().code(),
                             absl::StrCat(options.file, ": refused, nothing is written: ",
                                          std::string(outcome.status().message()))),
                absl::StrCat("${EDITOR:-vi} ", options.file), kExitRefused);
  }
  if (const absl::Status status = Write(session, options, *open, *outcome); !status.ok()) {
    const std::string& written = options.out.empty() ? options.file : options.out;
    const std::size_t slash = written.rfind('/');
    return Fail(
        session, status,
        absl::StrCat("ls -ld ", slash == std::string::npos ? "." : written.substr(0, slash + 1)),
        absl::IsAborted(status) ? kExitRefused : kExitOther);
  }
  return Say(session, options, outcome->changed);
}

}  // namespace

void AddEdit(CLI::App& parent, Session& session) {
  CLI::App* verb = parent.add_subcommand(
      "edit", "Edit one manifest or config file as a node would, every other byte kept");
  auto options = std::make_shared<Options>();
  verb->add_option("--file", options->file, "the file; edited in place where there is no --out")
      ->required();
  verb->add_option("--op", options->operations,
                   "an edit as in a plan, YAML or JSON, without manifest and file; several are one "
                   "edit")
      ->required()
      ->allow_extra_args(false);
  verb->add_option("--container", options->container,
                   "of the pod; needed only where it has several and none is named like the file "
                   "or the pod");
  verb->add_option("--out", options->out,
                   "where the result goes; - is standard output, and the file itself stays as it "
                   "is");
  verb->footer(
      "In place, a file is replaced in one rename that keeps owner, mode, ACLs and xattrs; one "
      "that "
      "is already as wanted is not touched. Whatever cannot be edited with certainty is "
      "refused.\n\n"
      "Exit codes: 0 edited, 10 nothing to do (with --out the file is copied), 11 refused, 2 wrong "
      "usage.\n\n"
      "Examples:\n"
      "  belayctl edit --file kube-apiserver.yaml --op '{setFlag: {flag: profiling, value: "
      "\"false\"}}'\n"
      "  belayctl edit --file config.yaml --out - --op '{\"setConfigKey\": {\"path\": "
      "\"authentication.anonymous.enabled\", \"value\": false}}'");
  verb->callback([&session, options] {
    session.run = [&session, options] { return Edit(session, *options); };
  });
}

}  // namespace belay
