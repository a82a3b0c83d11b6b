#include "cli/passphrase.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "cli/files.h"
#include "common/base/status_macros.h"
#include "common/os/descriptor.h"

namespace belay {
namespace {

constexpr std::size_t kLongest = 1024;

absl::Status WriteAll(int fd, const std::string& text) {
  if (write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return absl::UnavailableError("the terminal cannot be written to");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> AskSecret(const std::string& prompt) {
  const Descriptor terminal(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  termios before{};
  if (!terminal.valid() || tcgetattr(terminal.get(), &before) != 0) {
    return absl::FailedPreconditionError(
        "there is no terminal to ask for the passphrase or PIN; give it in a file "
        "(--passphrase-file, or pin-source= in a PKCS#11 URI)");
  }
  RETURN_IF_ERROR(WriteAll(terminal.get(), prompt + ": "));
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  silent.c_lflag |= ECHONL;
  tcsetattr(terminal.get(), TCSAFLUSH, &silent);
  std::string secret;
  ssize_t got = 0;
  for (char c = 0; secret.size() < kLongest;) {
    got = read(terminal.get(), &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got != 1 || c == '\n') break;
    secret += c;
  }
  tcsetattr(terminal.get(), TCSAFLUSH, &before);
  if (got < 0) return absl::UnavailableError("the terminal cannot be read");
  return secret;
}

absl::StatusOr<std::string> Passphrase(const std::string& file, const std::string& prompt,
                                       bool twice) {
  std::string secret;
  if (!file.empty()) {
    ASSIGN_OR_RETURN(const std::string text, ReadUserFile(file));
    secret = text.substr(0, text.find('\n'));
  } else {
    ASSIGN_OR_RETURN(secret, AskSecret(prompt));
    if (twice) {
      ASSIGN_OR_RETURN(const std::string again, AskSecret("The same again"));
      if (again != secret) return absl::InvalidArgumentError("the two passphrases differ");
    }
  }
  if (secret.empty()) return absl::InvalidArgumentError("the passphrase is empty");
  return secret;
}

}  // namespace belay
