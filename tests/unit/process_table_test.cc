// ProcProcessTable against real children, which are this program again in the part of a server.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "common/os/descriptor.h"
#include "common/os/proc_process_table.h"
#include "common/os/system_clock.h"

extern char** environ;  // NOLINT: the name is POSIX's

namespace belay {
namespace {

constexpr const char* kComponent = "belay-test-server";

int ListenOnLoopback(int family) {
  const int fd = socket(family, SOCK_STREAM, 0);
  int result = -1;
  const int on = 1;  // so that a test can listen beside it
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  if (family == AF_INET) {
    struct sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    result = bind(fd, reinterpret_cast<struct sockaddr*>(&address), sizeof(address));
  } else {
    struct sockaddr_in6 address = {};
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_any;
    result = bind(fd, reinterpret_cast<struct sockaddr*>(&address), sizeof(address));
  }
  return result == 0 && listen(fd, 4) == 0 ? fd : -1;
}

std::uint16_t PortOf(int fd) {
  struct sockaddr_in6 address = {};
  socklen_t length = sizeof(address);
  getsockname(fd, reinterpret_cast<struct sockaddr*>(&address), &length);
  return ntohs(address.sin6_port);  // at the same place in both families
}

// A child with these arguments behind its name; it says its port and lives until its stdin ends.
class Child {
 public:
  explicit Child(std::vector<std::string> argv) {
    int to[2] = {-1, -1};
    int from[2] = {-1, -1};
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) return;
    stdin_ = Descriptor(to[1]);
    const Descriptor child_stdin(to[0]);
    const Descriptor child_stdout(from[1]);
    const Descriptor output(from[0]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to[0], 0);
    posix_spawn_file_actions_adddup2(&actions, from[1], 1);
    std::vector<char*> raw;
    for (std::string& element : argv) raw.push_back(element.data());
    raw.push_back(nullptr);
    if (posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, raw.data(), environ) != 0)
      pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
    if (pid_ > 0 && read(output.get(), &port_, sizeof(port_)) != sizeof(port_)) port_ = 0;
  }
  ~Child() {
    if (pid_ <= 0 || reaped_) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  // Ended but not reaped: a zombie.
  void BecomeZombie() {
    stdin_.Reset();
    siginfo_t info = {};
    waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
  }
  void Reap() {
    waitpid(pid_, nullptr, 0);
    reaped_ = true;
  }
  pid_t pid() const { return pid_; }
  std::uint16_t port() const { return port_; }

 private:
  Descriptor stdin_;
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
  bool reaped_ = false;
};

const Process* Find(const std::vector<Process>& processes, pid_t pid) {
  const auto at = std::find_if(processes.begin(), processes.end(),
                               [pid](const Process& process) { return process.pid == pid; });
  return at == processes.end() ? nullptr : &*at;
}

TEST(ProcProcessTable, FindsAComponentByTheBaseNameOfAnyArgument) {
  const auto clock = SystemClock::Open();
  ASSERT_TRUE(clock.ok());
  const std::int64_t before = (*clock)->BootNowNs();
  const Child plain({"/usr/local/bin/belay-test-server", "--serve=v4", "--flag=a b", ""});
  const Child wrapped({"wrapper", "--serve=v4", "/bin/belay-test-server"});
  const Child other({"belay-test-server2", "--serve=v4", "--x=/belay-test-server/y"});
  const std::int64_t after = (*clock)->BootNowNs();
  const auto found = ProcProcessTable().List(kComponent);
  const Process* const process = Find(found, plain.pid());
  ASSERT_NE(process, nullptr);
  EXPECT_EQ(process->argv, (std::vector<std::string>{"/usr/local/bin/belay-test-server",
                                                     "--serve=v4", "--flag=a b", ""}));
  EXPECT_GE(process->started_boottime_ns, before - 10'000'000);
  EXPECT_LE(process->started_boottime_ns, after);
  EXPECT_NE(Find(found, wrapped.pid()), nullptr);
  EXPECT_EQ(Find(found, other.pid()), nullptr);
}

TEST(ProcProcessTable, OrdersByStartAndLeavesOutZombies) {
  Child first({kComponent, "--serve=v4"});
  const Child second({kComponent, "--serve=v4"});
  auto found = ProcProcessTable().List(kComponent);
  ASSERT_NE(Find(found, first.pid()), nullptr);
  ASSERT_NE(Find(found, second.pid()), nullptr);
  EXPECT_TRUE(std::is_sorted(found.begin(), found.end(), [](const Process& a, const Process& b) {
    return a.started_boottime_ns < b.started_boottime_ns;
  }));
  first.BecomeZombie();
  found = ProcProcessTable().List(kComponent);
  EXPECT_EQ(Find(found, first.pid()), nullptr);
  EXPECT_FALSE(ProcProcessTable().OwnsListener(first.pid(), "127.0.0.1", first.port()));
  first.Reap();
  EXPECT_EQ(Find(ProcProcessTable().List(kComponent), first.pid()), nullptr);
}

TEST(ProcProcessTable, KnowsWhoOwnsAListener) {
  const ProcProcessTable table;
  for (const char* family : {"--serve=v4", "--serve=v6"}) {
    const Child owner({kComponent, family});
    const Child other({kComponent, family});
    ASSERT_NE(owner.port(), 0) << family;
    EXPECT_TRUE(table.OwnsListener(owner.pid(), "127.0.0.1", owner.port())) << family;
    EXPECT_FALSE(table.OwnsListener(other.pid(), "127.0.0.1", owner.port())) << family;
    EXPECT_FALSE(table.OwnsListener(owner.pid(), "127.0.0.1", other.port())) << family;
    EXPECT_FALSE(table.OwnsListener(owner.pid(), "no address", owner.port())) << family;
  }
}

TEST(ProcProcessTable, AConnectionOnThePortIsNotAListener) {
  const ProcProcessTable table;
  const Child owner({kComponent, "--serve=v4"});
  const Descriptor client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(owner.port());
  ASSERT_EQ(connect(client.get(), reinterpret_cast<struct sockaddr*>(&address), sizeof(address)),
            0);
  EXPECT_FALSE(table.OwnsListener(getpid(), "127.0.0.1", owner.port()));
  EXPECT_FALSE(table.OwnsListener(getpid(), "127.0.0.1", PortOf(client.get())));
  EXPECT_FALSE(table.OwnsListener(999'999'999, "127.0.0.1", owner.port()));
}

// The kernel gives a connection to the more specific of two listeners: the other one's owner would
// be taken for whoever answers.
TEST(ProcProcessTable, AListenerBesideAnotherOnesIsNoProof) {
  const ProcProcessTable table;
  const Child owner({kComponent, "--serve=v6"});  // the wildcard
  ASSERT_TRUE(table.OwnsListener(owner.pid(), "127.0.0.1", owner.port()));
  const Descriptor specific(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ASSERT_EQ(setsockopt(specific.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
  ASSERT_EQ(setsockopt(specific.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), 0);
  struct sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(owner.port());
  ASSERT_EQ(bind(specific.get(), reinterpret_cast<struct sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(listen(specific.get(), 4), 0);
  EXPECT_FALSE(table.OwnsListener(owner.pid(), "127.0.0.1", owner.port()));
  EXPECT_FALSE(table.OwnsListener(getpid(), "127.0.0.1", owner.port()));
  EXPECT_TRUE(table.OwnsListener(owner.pid(), "127.0.0.2", owner.port()));
  EXPECT_TRUE(table.OwnsListener(owner.pid(), "::1", owner.port()));
}

TEST(ProcProcessTable, RightsAreThoseForFiles) {
  const std::string status =
      "Name:\tetcd\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t9 10 \nCapPrm:\t0\nCapEff:\t"
      "0000000000000002\n";
  const std::optional<ProcessRights> rights = RightsOf(status);
  ASSERT_TRUE(rights);
  EXPECT_EQ(rights->uid, 4U);
  EXPECT_EQ(rights->gid, 8U);
  EXPECT_EQ(rights->groups, (std::vector<std::uint32_t>{9, 10}));
  EXPECT_FALSE(rights->overrides);  // a capability without uid 0 is one of a user namespace
  const std::string root = "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\nCapEff:\t";
  EXPECT_TRUE(RightsOf(root + "000001ffffffffff\n")->overrides);
  EXPECT_FALSE(RightsOf(root + "00000000a80425fd\n")->overrides);
  EXPECT_FALSE(RightsOf("Uid:\t0\t0\t0\t0\n"));
  EXPECT_FALSE(RightsOf(""));
}

TEST(ProcProcessTable, ReadsThePodFromTheControlGroup) {
  const std::string uid = "1f4bcd3ccd0ccd4ba1ee4bb1f5d0aa30";
  const std::string api = "6d6a3a1e-9f5c-4c0e-8a5d-0f0c7f9b1c11";
  const struct {
    std::string text, uid;
  } kCases[] = {
      {"11:pids:/kubepods/burstable/pod" + uid + "/0123456789abcdef0123\n0::/\n", uid},
      {"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + uid +
           ".slice/cri-containerd-0123.scope\n",
       uid},
      {"0::/kubepods.slice/kubepods-pod6d6a3a1e_9f5c_4c0e_8a5d_0f0c7f9b1c11.slice/x.scope", api},
      {"0::/../../pod" + api + "/x", api},
      {"4:memory:/other\n3:cpu:/lab/cp1/kubepods/pod" + uid + "/c", uid},
      {"0::/system.slice/kubelet.service", ""},
      {"0::/podman/0123", ""},
      {"0::/pod/0123", ""},
      {"0::/podABCDEFGHIJKLMNOPQRSTUV/x", ""},
      {"", ""},
  };
  for (const auto& each : kCases) EXPECT_EQ(PodUidOf(each.text), each.uid) << each.text;
}

TEST(ProcProcessTable, ReadsTheStartBehindANameWithParentheses) {
  // The kernel's name of a process is its program's: this test gives one to a tree of its own.
  std::string pattern = ::testing::TempDir() + "belay-proc-XXXXXX";
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  const std::string directory = pattern + "/77";
  ASSERT_EQ(mkdir(directory.c_str(), 0700), 0);
  const auto write = [&directory](const char* name, const std::string& text) {
    FILE* const file = fopen((directory + name).c_str(), "w");
    ASSERT_NE(file, nullptr);
    fwrite(text.data(), 1, text.size(), file);
    fclose(file);
  };
  const std::string rest = " 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 12345 0 0\n";
  write("/cmdline", std::string("belay-test-server\0--a\0", 22));
  write("/stat", "77 (a) Z (b)) S" + rest);
  auto found = ProcProcessTable(pattern).List(kComponent);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].started_boottime_ns, 12345 * (1'000'000'000 / sysconf(_SC_CLK_TCK)));
  EXPECT_EQ(found[0].argv, (std::vector<std::string>{kComponent, "--a"}));
  write("/stat", "77 (a) Z" + rest);
  EXPECT_TRUE(ProcProcessTable(pattern).List(kComponent).empty());
  write("/stat", "77 (a) S 1 1");
  EXPECT_TRUE(ProcProcessTable(pattern).List(kComponent).empty());
  unlink((directory + "/stat").c_str());
  EXPECT_TRUE(ProcProcessTable(pattern).List(kComponent).empty());
  unlink((directory + "/cmdline").c_str());
  rmdir(directory.c_str());
  rmdir(pattern.c_str());
}

TEST(ProcProcessTable, AFileThatCannotBeReadIsAProcessThatHasGone) {
  // Reading a directory fails after it was opened, as /proc/PID/stat does when PID ends meanwhile.
  std::string root = ::testing::TempDir() + "proc-table-XXXXXX";
  ASSERT_NE(mkdtemp(root.data()), nullptr);
  ASSERT_EQ(mkdir((root + "/77").c_str(), 0700), 0);
  for (const char* name : {"/77/stat", "/77/cmdline"}) {
    ASSERT_EQ(mkdir((root + name).c_str(), 0700), 0);
  }
  EXPECT_TRUE(ProcProcessTable(root).List("kube-apiserver").empty());
  for (const char* name : {"/77/stat", "/77/cmdline", "/77", ""}) rmdir((root + name).c_str());
}

}  // namespace
}  // namespace belay

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const bool v6 = std::strcmp(argv[i], "--serve=v6") == 0;
    if (!v6 && std::strcmp(argv[i], "--serve=v4") != 0) continue;
    const int fd = belay::ListenOnLoopback(v6 ? AF_INET6 : AF_INET);
    const std::uint16_t port = fd < 0 ? std::uint16_t{0} : belay::PortOf(fd);
    if (write(1, &port, sizeof(port)) != sizeof(port)) return 1;
    char byte = 0;
    while (read(0, &byte, 1) > 0) {
    }
    return 0;
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
