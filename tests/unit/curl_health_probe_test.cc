// CurlHealthProbe against a small TLS server of Python's, started and ended by the test, with
// certificates that `openssl` makes: one for "kubernetes", one for another name, one of another CA.
#include "common/os/curl_health_probe.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "common/os/descriptor.h"

extern char** environ;  // NOLINT: the name is POSIX's

namespace belay {
namespace {

// argv: certificate, key, CA of clients or "". Prints its port; ends when its stdin does.
constexpr const char* kServer = R"py(
import http.server, ssl, sys, threading, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        peer = self.connection.getpeercert()
        if self.path == "/redirect":
            self.send_response(302); self.send_header("Location", "/readyz"); self.end_headers(); return
        if self.path == "/slow": time.sleep(30)
        status, body = 200, b"ok"
        if self.path == "/forbidden": status, body = 403, b"ok"
        if self.path == "/failing": status, body = 500, b"[+]ping ok\n[-]etcd failed: reason withheld\n[-]\x1b[2Jx failed\n"
        if self.path == "/endless": body = b"x" * 1000000
        if self.path == "/who": status = 200 if peer else 401
        self.send_response(status); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
if sys.argv[1]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    if sys.argv[3]:
        context.load_verify_locations(sys.argv[3]); context.verify_mode = ssl.CERT_OPTIONAL
    server.socket = context.wrap_socket(server.socket, server_side=True)
else:
    Handler.do_GET = lambda self: (self.send_response(200), self.end_headers(), self.wfile.write(b"metrics"))
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
)py";

class Server {
 public:
  Server(const std::string& certificate, const std::string& key, const std::string& ca) {
    int to[2] = {-1, -1};
    int from[2] = {-1, -1};
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) return;
    stdin_ = Descriptor(to[1]);
    const Descriptor child_stdin(to[0]);
    const Descriptor output(from[0]);
    Descriptor child_stdout(from[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to[0], 0);
    posix_spawn_file_actions_adddup2(&actions, from[1], 1);
    std::vector<std::string> argv = {"python3", "-c", kServer, certificate, key, ca};
    std::vector<char*> raw;
    for (std::string& element : argv) raw.push_back(element.data());
    raw.push_back(nullptr);
    if (posix_spawnp(&pid_, "python3", &actions, nullptr, raw.data(), environ) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
    child_stdout.Reset();
    char byte = 0;
    while (pid_ > 0 && read(output.get(), &byte, 1) == 1 && byte != '\n') {
      port_ = port_ * 10 + static_cast<std::uint32_t>(byte - '0');
    }
  }
  ~Server() { End(); }
  void End() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  std::uint32_t port() const { return port_; }

 private:
  Descriptor stdin_;
  pid_t pid_ = -1;
  std::uint32_t port_ = 0;
};

class CurlHealthProbeTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string pattern = ::testing::TempDir() + "belay-tls-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = new std::string(pattern);
    const std::string make =
        "set -e; cd " + pattern +
        "; key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'"
        "; for ca in ca other; do openssl req -x509 $key -keyout $ca.key -out $ca.pem -subj "
        "/CN=$ca -days 2; done"
        "; issue() { openssl req $key -new -keyout $1.key -out $1.csr -subj /CN=$1"
        ";  echo subjectAltName=$3 > $1.ext"
        ";  openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -days 2 -extfile "
        "$1.ext -out $1.pem; }"
        "; issue right ca DNS:kubernetes,IP:10.0.0.1; issue named ca DNS:elsewhere,IP:127.0.0.1"
        "; issue forged other DNS:kubernetes; issue client ca DNS:client";
    ASSERT_EQ(std::system(("( " + make + " ) > " + pattern + "/log 2>&1").c_str()), 0);
  }
  static void TearDownTestSuite() {
    EXPECT_EQ(std::system(("rm -r " + *directory_).c_str()), 0);
    delete directory_;
  }
  static std::string File(const std::string& name) { return *directory_ + "/" + name; }
  static ProbeResult Ask(std::uint32_t port, const std::string& path, bool anonymous = true,
                         int timeout_ms = 5000) {
    auto probe = CurlHealthProbe::Open({File("ca.pem"), File("client.pem"), File("client.key")});
    EXPECT_TRUE(probe.ok()) << probe.status();
    return (*probe)->Ask({"127.0.0.1", port, path, anonymous, timeout_ms});
  }
  static std::string* directory_;
};
std::string* CurlHealthProbeTest::directory_ = nullptr;

using Kind = ProbeResult::Kind;

TEST_F(CurlHealthProbeTest, DialsLoopbackAndVerifiesAsKubernetes) {
  const Server server(File("right.pem"), File("right.key"), "");
  const ProbeResult result = Ask(server.port(), "/readyz");
  EXPECT_EQ(result.kind, Kind::Answered) << result.detail;
  EXPECT_EQ(result.status, 200);
  EXPECT_EQ(result.detail, "");
}

TEST_F(CurlHealthProbeTest, AnotherNameOrAnotherCaIsNotBelieved) {
  for (const std::string name : {"named", "forged"}) {
    const Server server(File(name + ".pem"), File(name + ".key"), "");
    ASSERT_NE(server.port(), 0U);
    const ProbeResult result = Ask(server.port(), "/readyz");
    EXPECT_EQ(result.kind, Kind::TlsFailed) << name << ": " << result.detail;
    EXPECT_EQ(result.status, 0);
    EXPECT_NE(result.detail, "");
  }
}

TEST_F(CurlHealthProbeTest, AsksAMemberOfAnotherCaWithItsOwnFiles) {
  const Server server(File("named.pem"), File("named.key"), File("ca.pem"));
  auto probe = CurlHealthProbe::Open({.ca_file = File("other.pem"), .host_root = *directory_});
  ASSERT_TRUE(probe.ok());
  ProbeTarget target{"127.0.0.1", server.port(), "/who", false, 5000};
  target.trust = ProbeTarget::Trust::Files;
  target.ca_file = "/ca.pem";
  target.client_certificate_file = "/client.pem";
  target.client_key_file = "/client.key";
  target.keep_body = true;
  ProbeResult result = (*probe)->Ask(target);
  EXPECT_EQ(result.status, 200) << result.detail;
  EXPECT_EQ(result.body, "ok");
  target.ca_file = "/other.pem";
  EXPECT_EQ((*probe)->Ask(target).kind, Kind::TlsFailed);
  target.ca_file = "/ca.pem";
  target.anonymous = true;
  EXPECT_EQ((*probe)->Ask(target).status, 401);
  // A certificate for another address.
  const Server elsewhere(File("right.pem"), File("right.key"), "");
  target.port = elsewhere.port();
  EXPECT_EQ((*probe)->Ask(target).kind, Kind::TlsFailed);
}

TEST_F(CurlHealthProbeTest, WhereTheOwnerIsProvedOnlyANamedFileIsCompared) {
  const Server server(File("forged.pem"), File("forged.key"), "");
  auto probe = CurlHealthProbe::Open({.ca_file = File("ca.pem"), .host_root = *directory_});
  ASSERT_TRUE(probe.ok());
  ProbeTarget target{"127.0.0.1", server.port(), "/readyz", true, 5000};
  target.trust = ProbeTarget::Trust::Owner;
  EXPECT_EQ((*probe)->Ask(target).status, 200);
  target.certificate_file = "/forged.pem";
  EXPECT_EQ((*probe)->Ask(target).status, 200);
  for (const char* other : {"/right.pem", "/missing.pem", "/forged.key"}) {
    target.certificate_file = other;
    const ProbeResult result = (*probe)->Ask(target);
    EXPECT_EQ(result.kind, Kind::TlsFailed) << other;
    EXPECT_EQ(result.status, 0);
  }
}

TEST_F(CurlHealthProbeTest, AsksWithoutTlsOnlyWhereToldSo) {
  const Server server("", "", "");
  auto probe = CurlHealthProbe::Open({.ca_file = File("ca.pem")});
  ASSERT_TRUE(probe.ok());
  ProbeTarget target{"127.0.0.1", server.port(), "/health", true, 5000};
  EXPECT_NE((*probe)->Ask(target).status, 200);
  target.trust = ProbeTarget::Trust::Plain;
  EXPECT_EQ((*probe)->Ask(target).status, 200);
}

TEST(SameCertificate, ComparesTheFirstOneOfEach) {
  const std::string a = "-----BEGIN CERTIFICATE-----\nAAAA\nBB==\n-----END CERTIFICATE-----\n";
  const std::string b = "-----BEGIN CERTIFICATE-----\nAAAA\nCC==\n-----END CERTIFICATE-----\n";
  EXPECT_TRUE(SameCertificate(a, "Bag\n" + a + b));
  EXPECT_TRUE(SameCertificate(a, "-----BEGIN CERTIFICATE-----AAAABB==-----END CERTIFICATE-----"));
  EXPECT_FALSE(SameCertificate(a, b + a));
  EXPECT_FALSE(SameCertificate("", ""));
  EXPECT_FALSE(SameCertificate("-----END CERTIFICATE----------BEGIN CERTIFICATE-----", a));
}

TEST_F(CurlHealthProbeTest, ReportsTheStatusAndOnlyTheFailingChecks) {
  const Server server(File("right.pem"), File("right.key"), "");
  EXPECT_EQ(Ask(server.port(), "/forbidden").status, 403);
  EXPECT_EQ(Ask(server.port(), "/redirect").status, 302);
  const ProbeResult failing = Ask(server.port(), "/failing");
  EXPECT_EQ(failing.kind, Kind::Answered);
  EXPECT_EQ(failing.status, 500);
  EXPECT_EQ(failing.detail, "[-]etcd failed: reason withheld; [-] [2Jx failed");
  const ProbeResult endless = Ask(server.port(), "/endless");
  EXPECT_EQ(endless.status, 200) << endless.detail;
}

TEST_F(CurlHealthProbeTest, ShowsAClientCertificateOnlyWhereAnonymousAccessIsOff) {
  const Server server(File("right.pem"), File("right.key"), File("ca.pem"));
  EXPECT_EQ(Ask(server.port(), "/who", true).status, 401);
  EXPECT_EQ(Ask(server.port(), "/who", false).status, 200);
}

TEST_F(CurlHealthProbeTest, TellsRefusedFromTimedOutFromNotTls) {
  Server server(File("right.pem"), File("right.key"), "");
  EXPECT_EQ(Ask(server.port(), "/slow", true, 300).kind, Kind::TimedOut);
  server.End();
  EXPECT_EQ(Ask(server.port(), "/readyz").kind, Kind::Refused);
  const Server plain("", "", "");
  EXPECT_EQ(Ask(plain.port(), "/readyz", true, 2000).kind, Kind::TlsFailed);
}

TEST_F(CurlHealthProbeTest, IgnoresTheEnvironmentsProxy) {
  const Server server(File("right.pem"), File("right.key"), "");
  setenv("https_proxy", "http://127.0.0.1:1", 1);
  setenv("HTTPS_PROXY", "http://127.0.0.1:1", 1);
  EXPECT_EQ(Ask(server.port(), "/readyz").status, 200);
  unsetenv("https_proxy");
  unsetenv("HTTPS_PROXY");
}

TEST_F(CurlHealthProbeTest, FetchesPlainHttpFromLoopbackOnly) {
  const Server plain("", "", "");
  const std::string port = std::to_string(plain.port());
  const auto body = FetchFromLoopback("http://127.0.0.1:" + port + "/metrics", 5000);
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_EQ(*body, "metrics");
  for (const char* url : {"http://10.0.0.1:2381/metrics", "https://127.0.0.1:2381/metrics",
                          "http://127.0.0.1.example:80/", "file:///etc/passwd"}) {
    EXPECT_EQ(FetchFromLoopback(url, 100).status().code(), absl::StatusCode::kInvalidArgument)
        << url;
  }
}

}  // namespace
}  // namespace belay
