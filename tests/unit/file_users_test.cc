#include "node-agent/driver/file_users.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/support/sim_disk.h"
#include "tests/unit/file_edits.h"
#include "tests/unit/manifest_edits.h"

namespace belay {
namespace {

constexpr const char* kManifests = "/etc/kubernetes/manifests";

std::string PodOf(const std::string& name, const std::string& flags) {
  return "apiVersion: v1\nkind: Pod\nmetadata:\n  name: " + name +
         "\nspec:\n  containers:\n  - name: " + name + "\n    command:\n    - " + name + "\n" +
         flags +
         "    volumeMounts:\n    - mountPath: /pki\n      name: pki\n  volumes:\n  - name: pki\n"
         "    hostPath:\n      path: /etc/kubernetes/pki\n";
}

struct NamedProcesses : ProcessTable {
  std::vector<Process> List(const std::string& component) const override {
    const auto found = processes.find(component);
    return found == processes.end() ? std::vector<Process>() : found->second;
  }
  bool OwnsListener(std::int64_t, const std::string&, std::uint32_t) const override {
    return false;
  }
  std::map<std::string, std::vector<Process>> processes;
};

class FileUsers : public testing::Test {
 protected:
  FileUsers() {
    for (const char* folder : {"/etc", "/etc/kubernetes", kManifests, "/etc/kubernetes/pki",
                               "/etc/kubernetes/other", "/var", "/var/lib", "/var/lib/kubelet"}) {
      disk.PutDirectory(folder);
    }
    PutPod("kube-apiserver",
           "    - --audit-policy-file=/etc/kubernetes/policy.yaml\n"
           "    - --client-ca-file=/pki/ca.crt\n    - --v=1\n");
    PutPod("kube-scheduler", "    - --kubeconfig\n    - /etc/kubernetes/scheduler.conf\n");
    FileAttributes mine;
    mine.uid = 7;
    mine.mode = 0640;
    for (const char* path : {"/etc/kubernetes/policy.yaml", "/etc/kubernetes/scheduler.conf",
                             "/etc/kubernetes/pki/ca.crt", "/etc/kubernetes/pki/notes",
                             "/etc/kubernetes/other/file", "/var/lib/kubelet/config.yaml"}) {
      disk.PutFile(path, "old\n", mine);
    }
    Process kubelet = Running({"/usr/bin/kubelet", "--config=/var/lib/kubelet/config.yaml"});
    kubelet.rights->overrides = true;
    processes.processes["kubelet"] = {kubelet};
    for (const char* name : {"kube-apiserver", "kube-scheduler"}) {
      processes.processes[name] = {Running({name})};
    }
  }
  void PutPod(const std::string& name, const std::string& flags) {
    disk.PutFile(std::string(kManifests) + "/" + name + ".yaml", PodOf(name, flags), {});
  }
  static Process Running(const std::vector<std::string>& argv) {
    Process process;
    process.pid = 1;
    process.argv = argv;
    process.rights = ProcessRights{7, 8, {9}, false};
    return process;
  }
  absl::Status Check(const std::vector<v1::Edit>& edits) {
    v1::Step step;
    for (const v1::Edit& edit : edits) *step.add_edits() = edit;
    const absl::StatusOr<StepChanges> changes = ChangesOf(step, kManifests, disk);
    EXPECT_TRUE(changes.ok()) << changes.status();
    return RefuseUnprovedUse(*changes, kManifests, disk, processes);
  }
  void ExpectRefused(const std::vector<v1::Edit>& edits, const std::string& what) {
    const absl::Status status = Check(edits);
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << what;
    EXPECT_NE(status.message().find(what), std::string::npos) << status;
  }

  SimDisk disk;
  NamedProcesses processes;
};

TEST_F(FileUsers, AFileThatNobodyUsesMayChange) {
  EXPECT_TRUE(Check({PutEdit("/etc/kubernetes/other/file", "new", 0600)}).ok());
  EXPECT_TRUE(Check({RemoveEdit("/etc/kubernetes/other/file")}).ok());
  EXPECT_TRUE(Check({ModeEdit("/etc/kubernetes/other/file", 0)}).ok());
}

TEST_F(FileUsers, AFileThatAnArgumentNamesMayNotChangeAlone) {
  ExpectRefused({PutEdit("/etc/kubernetes/policy.yaml", "new", 0600)},
                "names it in --audit-policy-file=/etc/kubernetes/policy.yaml");
  ExpectRefused({RemoveEdit("/etc/kubernetes/policy.yaml")}, "a file of a new name");
  ExpectRefused({PutEdit("/etc/kubernetes/scheduler.conf", "new", 0600)}, "kube-scheduler.yaml");
  ExpectRefused({PutEdit("/var/lib/kubelet/config.yaml", "new", 0600)},
                "add restartService: kubelet");
}

TEST_F(FileUsers, FlagsThatAreSetAlreadyStartNothingAnew) {
  ExpectRefused({PutEdit("/etc/kubernetes/policy.yaml", "new", 0600), SetFlagEdit("v", "1")},
                "--audit-policy-file");
}

TEST_F(FileUsers, AFileMayChangeWithTheManifestOfItsOnlyUser) {
  EXPECT_TRUE(
      Check({PutEdit("/etc/kubernetes/policy.yaml", "new", 0600), SetFlagEdit("v", "2")}).ok());
  EXPECT_TRUE(
      Check({RemoveEdit("/etc/kubernetes/policy.yaml"), UnsetFlagEdit("audit-policy-file")}).ok());
}

TEST_F(FileUsers, AFileOfSeveralComponentsNeedsThemAll) {
  ExpectRefused({PutEdit("/etc/kubernetes/pki/ca.crt", "new", 0600), SetFlagEdit("v", "2")},
                "kube-scheduler.yaml uses this file (it mounts /etc/kubernetes/pki)");
}

TEST_F(FileUsers, ANewFileInAMountedFolderIsUsedByNobodyWhoDoesNotNameIt) {
  EXPECT_TRUE(Check({PutEdit("/etc/kubernetes/pki/new", "new", 0600), SetFlagEdit("v", "2")}).ok());
  disk.Erase("/etc/kubernetes/pki/ca.crt");
  ExpectRefused({PutEdit("/etc/kubernetes/pki/ca.crt", "new", 0600)},
                "names it in --client-ca-file=/pki/ca.crt");
}

TEST_F(FileUsers, AManifestThatCannotBeReadCountsWhenItMentionsTheFile) {
  disk.PutFile(std::string(kManifests) + "/x.yaml", "{ /etc/kubernetes/other/file", {});
  ExpectRefused({RemoveEdit("/etc/kubernetes/other/file")}, "x.yaml");
}

TEST_F(FileUsers, AModeMayNotLockAReaderOut) {
  EXPECT_TRUE(Check({ModeEdit("/etc/kubernetes/policy.yaml", 0600)}).ok());
  ExpectRefused({ModeEdit("/etc/kubernetes/policy.yaml", 0040)}, "could no longer read");
  ExpectRefused({ModeEdit("/etc/kubernetes/policy.yaml", 0440)}, "could no longer write");
  ExpectRefused({OwnerEdit("/etc/kubernetes/policy.yaml", "0:0")}, "could no longer read");
  ExpectRefused({OwnerEdit("/etc/kubernetes/pki/notes", "0:0")}, "mounts /etc/kubernetes/pki");
  processes.processes["kube-apiserver"][0].rights->overrides = true;
  EXPECT_TRUE(Check({ModeEdit("/etc/kubernetes/policy.yaml", 0)}).ok());
}

TEST_F(FileUsers, WhoeverIsNotRunningCannotBeAskedForItsRights) {
  processes.processes["kube-apiserver"][0].rights.reset();
  ExpectRefused({ModeEdit("/etc/kubernetes/policy.yaml", 0600)}, "does not show");
  processes.processes["kube-apiserver"].clear();
  ExpectRefused({ModeEdit("/etc/kubernetes/policy.yaml", 0600)}, "not running");
}

TEST_F(FileUsers, AManifestsModeIsAMatterOfKubelet) {
  processes.processes["kubelet"] = {Running({"kubelet",
                                             "--pod-manifest-path=/etc/kubernetes/"
                                             "manifests"})};
  processes.processes["kubelet"][0].rights->uid = 0;
  const std::string path = std::string(kManifests) + "/kube-scheduler.yaml";
  EXPECT_TRUE(Check({ModeEdit(path, 0640)}).ok());
  ExpectRefused({OwnerEdit(path, "7:7")}, "the running kubelet");
}

TEST_F(FileUsers, TheModeCountsAsTheKernelCountsIt) {
  FileAttributes file;
  file.uid = 1;
  file.gid = 2;
  file.mode = 0640;
  EXPECT_TRUE(MayOpen({1, 5, {}, false}, file, 2));
  EXPECT_TRUE(MayOpen({5, 2, {}, false}, file, 4));
  EXPECT_FALSE(MayOpen({5, 2, {}, false}, file, 2));
  EXPECT_TRUE(MayOpen({5, 5, {3, 2}, false}, file, 4));
  EXPECT_FALSE(MayOpen({5, 5, {3}, false}, file, 4));
  EXPECT_TRUE(MayOpen({5, 5, {}, true}, file, 2));
  file.mode = 0044;  // the owner's bits count for the owner, whatever others have
  EXPECT_FALSE(MayOpen({1, 2, {}, false}, file, 4));
}

}  // namespace
}  // namespace belay
