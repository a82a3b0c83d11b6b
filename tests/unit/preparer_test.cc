#include "node-agent/driver/preparer.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "common/base/digest.h"
#include "node-agent/driver/stray_pods.h"
#include "tests/support/sim_disk.h"
#include "tests/unit/manifest_edits.h"
#include "tests/unit/preparer_fixture.h"

namespace belay {
namespace {

using preparer::kDirectory;
using preparer::kPath;
using preparer::ManifestText;
using preparer::PreparerTest;

TEST_F(PreparerTest, AChangeOfTheManifestIsWholeAndProvable) {
  const absl::StatusOr<StepPlan> plan = Prepare({SetFlagEdit("profiling", "false")});
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_EQ(plan->prepared.changes_size(), 1);
  const v1::FileChange& change = plan->prepared.changes(0);
  const std::string after = ManifestText("    - --profiling=false\n");
  EXPECT_EQ(change.path(), kPath);
  EXPECT_TRUE(change.is_manifest());
  EXPECT_EQ(change.before().digest(), Sha256Hex(before));
  EXPECT_EQ(change.after().digest(), Sha256Hex(after));
  EXPECT_EQ(change.after().uid(), 7U);
  EXPECT_EQ(change.after().xattrs().at("security.selinux"), "kube_t");
  EXPECT_NE(change.diff().find("-    - --profiling=true\n+    - --profiling=false\n"),
            std::string::npos);
  EXPECT_EQ(plan->after_bytes.at(kPath), after);
  ASSERT_EQ(plan->prepared.components_size(), 1);
  const v1::ComponentExpectation& component = plan->prepared.components(0);
  EXPECT_EQ(component.component(), "kube-apiserver");
  EXPECT_EQ(component.argv_before(3), "--profiling=true");
  EXPECT_EQ(component.argv_after(3), "--profiling=false");
  ASSERT_EQ(component.touched_flags_size(), 1);
  EXPECT_EQ(component.touched_flags(0), "profiling");
  EXPECT_EQ(component.health_after().port(), 6443U);
  EXPECT_EQ(plan->prepared.gate().deadline_ms(), 1234U);
}

TEST_F(PreparerTest, FilesComeBeforeTheManifestThatNeedsThem) {
  const absl::StatusOr<StepPlan> plan =
      Prepare({SetFlagEdit("profiling", "false"), Put("/etc/kubernetes/audit/policy.yaml", "new")});
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_EQ(plan->prepared.changes_size(), 2);
  EXPECT_EQ(plan->prepared.changes(0).path(), "/etc/kubernetes/audit/policy.yaml");
  EXPECT_FALSE(plan->prepared.changes(0).before().exists());
  EXPECT_TRUE(plan->prepared.changes(1).is_manifest());
}

TEST_F(PreparerTest, WhatIsAlreadySoAndRunsSoIsLeftAlone) {
  processes.processes = {{1,
                          1,
                          {"kube-apiserver", "--advertise-address=10.0.0.1", "--secure-port=6443",
                           "--profiling=true"}}};
  FileAttributes root;
  disk.PutFile("/etc/kubernetes/a", "same", root);
  const absl::StatusOr<StepPlan> plan =
      Prepare({SetFlagEdit("profiling", "true"), Put("/etc/kubernetes/a", "same")});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->prepared.changes_size(), 0);
  EXPECT_EQ(plan->prepared.components_size(), 0);
}

TEST_F(PreparerTest, WhatIsAlreadySoButDoesNotRunSoIsRefused) {
  processes.processes = {{1,
                          1,
                          {"kube-apiserver", "--advertise-address=10.0.0.1", "--secure-port=6443",
                           "--profiling=false"}}};
  ExpectRefused({SetFlagEdit("profiling", "true")}, "not adopted");
  processes.processes.clear();
  ExpectRefused({SetFlagEdit("profiling", "true")}, "not adopted");
}

TEST_F(PreparerTest, TheRightBytesWithTheWrongModeAreAChange) {
  disk.PutFile("/etc/kubernetes/a", "same", attributes);
  const absl::StatusOr<StepPlan> plan = Prepare({Put("/etc/kubernetes/a", "same", 0640)});
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan->prepared.changes_size(), 1);
  EXPECT_EQ(plan->prepared.changes(0).after().mode(), 0640U);
  EXPECT_EQ(plan->prepared.changes(0).after().uid(), 0U);
}

// The record is reported, and whoever may read reports would read the file.
TEST_F(PreparerTest, WhatNotEverybodyMayReadIsInNoRecord) {
  FileAttributes closed;
  closed.mode = 0600;
  FileAttributes open;
  open.mode = 0644;
  disk.PutFile("/etc/kubernetes/replaced", "old-secret\n", closed);
  disk.PutFile("/etc/kubernetes/opened", "old-secret\n", closed);
  disk.PutFile("/etc/kubernetes/closed", "for all\n", open);
  disk.PutFile("/etc/kubernetes/key", "key: old-secret\n", closed);
  v1::Edit key;
  key.mutable_set_config_key()->set_file("/etc/kubernetes/key");
  key.mutable_set_config_key()->add_path()->set_key("key");
  key.mutable_set_config_key()->set_value_json("\"new-secret\"");
  const absl::StatusOr<StepPlan> plan =
      Prepare({Put("/etc/kubernetes/new", "new-secret\n", 0600),
               Put("/etc/kubernetes/replaced", "new-secret\n", 0600),
               Put("/etc/kubernetes/opened", "for all\n", 0644),
               Put("/etc/kubernetes/closed", "new-secret\n", 0600), key});
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_EQ(plan->prepared.changes_size(), 5);
  EXPECT_EQ(plan->prepared.SerializeAsString().find("secret"), std::string::npos)
      << plan->prepared.DebugString();
  EXPECT_NE(plan->prepared.changes(1).diff().find("1 lines go, 1 lines come"), std::string::npos)
      << plan->prepared.changes(1).diff();
}

// A record larger than a message would hold up every record behind it for ever.
TEST_F(PreparerTest, DiffsOfLargeFilesAreCutOff) {
  FileAttributes for_everybody;
  for_everybody.mode = 0644;
  disk.PutFile("/etc/kubernetes/large", std::string(3 << 20, 'a'), for_everybody);
  disk.PutFile("/etc/kubernetes/larger", std::string(3 << 20, '\xE4'), for_everybody);
  const absl::StatusOr<StepPlan> step =
      Preparer(disk, processes, kDirectory)
          .Prepare(StepOf(
              {Put("/etc/kubernetes/large", "x", 0644), Put("/etc/kubernetes/larger", "y", 0644)}));
  ASSERT_TRUE(step.ok()) << step.status();
  ASSERT_EQ(step->prepared.changes_size(), 2);
  EXPECT_LT(step->prepared.ByteSizeLong(), std::size_t{4} << 20);
  EXPECT_NE(step->prepared.changes(0).diff().find("left out"), std::string::npos);
}

TEST_F(PreparerTest, AManifestThatIsASymlinkIsRefused) {
  disk.Erase(kPath);
  disk.PutSymlink(kPath);
  ExpectRefused({SetFlagEdit("profiling", "false")}, "regular file");
}

TEST_F(PreparerTest, AFileThatIsASymlinkIsRefused) {
  disk.PutSymlink("/etc/kubernetes/a");
  ExpectRefused({Put("/etc/kubernetes/a", "x")}, "symbolic link");
}

TEST_F(PreparerTest, AMissingManifestIsRefused) {
  disk.Erase(kPath);
  ExpectRefused({SetFlagEdit("profiling", "false")}, "manifest_dir");
}

TEST_F(PreparerTest, AStrayCopyIsRefusedWhateverItIsCalled) {
  for (const char* name : {"kube-apiserver.yaml.bak", "backup", "a.txt"}) {
    const std::string path = std::string(kDirectory) + "/" + name;
    disk.PutFile(path, before, attributes);
    ExpectRefused({SetFlagEdit("profiling", "false")}, path);
    disk.Erase(path);
  }
  const std::string broken = std::string(kDirectory) + "/broken";
  disk.PutFile(broken, "{kube-apiserver", attributes);  // kubelet may read what we cannot
  ExpectRefused({SetFlagEdit("profiling", "false")}, broken);
  disk.Erase(broken);
  disk.PutSymlink(broken);
  ExpectRefused({SetFlagEdit("profiling", "false")}, broken);
}

TEST_F(PreparerTest, AFileThatVanishesWhileTheDirectoryIsReadIsNoStrayCopy) {
  struct Vanishing final : SimDisk {
    absl::StatusOr<std::vector<DirectoryEntry>> List(const std::string& directory) const override {
      auto entries = SimDisk::List(directory);
      if (directory == kDirectory) entries->push_back({"sedk9wLwV", EntryType::RegularFile});
      return entries;
    }
  };
  Vanishing vanishing;
  static_cast<SimDisk&>(vanishing) = disk;
  EXPECT_TRUE(RefuseStrayCopies(vanishing, kPath).ok());
}

TEST_F(PreparerTest, OtherPodsDotFilesAndDirectoriesAreNoStrayCopies) {
  disk.PutFile(std::string(kDirectory) + "/etcd.yaml", ManifestText("", "etcd"), attributes);
  disk.PutFile(std::string(kDirectory) + "/.kube-apiserver.yaml.swp", before, attributes);
  disk.PutDirectory(std::string(kDirectory) + "/old");
  EXPECT_TRUE(Prepare({SetFlagEdit("profiling", "false")}).ok());
  EXPECT_TRUE(RefuseStrayCopies(disk, kPath).ok());
}

TEST_F(PreparerTest, AnonymousAccessIsNotTakenFromUnauthenticatedProbes) {
  ExpectRefused({SetFlagEdit("anonymous-auth", "false")}, "livenessProbe");
  EXPECT_TRUE(Prepare({SetFlagEdit("anonymous-auth", "true")}).ok());
}

TEST_F(PreparerTest, AManifestWithoutAGateIsRefused) {
  ExpectRefused({SetFlagEdit("profiling", "false", "kube-proxy")}, "no gate");
}

TEST_F(PreparerTest, WhereTheNodeHasAClientTheApiServerMustLetItInBeforeAndAfter) {
  constexpr const char* kCertificate = "/etc/kubernetes/client.crt";
  const auto ask = [&](const std::string& flag, const std::string& value) {
    const auto plan = Preparer(disk, processes, kDirectory, {.client_certificate = kCertificate})
                          .Prepare(StepOf({SetFlagEdit(flag, value)}));
    EXPECT_TRUE(plan.ok()) << plan.status();
    const v1::ComponentExpectation& component = plan->prepared.components(0);
    return std::make_pair(component.health_before().lets_client_in(),
                          component.health_after().lets_client_in());
  };
  EXPECT_EQ(ask("profiling", "false"), std::make_pair(false, false)) << "it has none";
  disk.PutFile(kCertificate, "pem", attributes);
  EXPECT_EQ(ask("profiling", "false"), std::make_pair(true, true));
}

TEST_F(PreparerTest, AnAuditLogThatWouldNotBeKeptIsRefused) {
  disk.PutDirectory("/srv");
  disk.PutDirectory("/srv/folder");
  const std::string mounts =
      "    volumeMounts:\n    - {name: log, mountPath: /var/log}\n"
      "    - {name: log, mountPath: /read/only, readOnly: true}\n"
      "  volumes:\n  - {name: log, hostPath: {path: /srv}}\n";
  disk.PutFile(kPath, ManifestText("    - --audit-policy-file=/p\n") + mounts, attributes);
  ExpectRefused({SetFlagEdit("audit-log-path", "/elsewhere/a.log")}, "no mount");
  ExpectRefused({SetFlagEdit("audit-log-path", "/read/only/a.log")}, "read-only");
  ExpectRefused({SetFlagEdit("audit-log-path", "/var/log/folder")}, "/srv/folder");
  EXPECT_TRUE(Prepare({SetFlagEdit("audit-log-path", "/var/log/a.log")}).ok());
}

TEST_F(PreparerTest, EtcdIsProvedTogetherWithTheApiServerBesideIt) {
  const std::string path = std::string(kDirectory) + "/etcd.yaml";
  disk.PutFile(path,
               "apiVersion: v1\nkind: Pod\nmetadata:\n  name: etcd\n  namespace: kube-system\n"
               "spec:\n  hostNetwork: true\n  containers:\n  - name: etcd\n    image: x\n"
               "    command:\n    - etcd\n    - --snapshot-count=10000\n",
               attributes);
  v1::Step step = StepOf({SetFlagEdit("snapshot-count", "20000", "etcd")});
  step.mutable_gate()->add_probes("etcd-health");
  step.mutable_gate()->add_probes("apiserver-readyz");
  const auto prepare = [&] { return Preparer(disk, processes, kDirectory).Prepare(step); };
  absl::StatusOr<StepPlan> plan = prepare();
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_EQ(plan->prepared.components_size(), 1);
  EXPECT_EQ(plan->prepared.components(0).component(), "etcd");
  ASSERT_EQ(plan->prepared.components(0).companions_size(), 1);
  EXPECT_EQ(plan->prepared.components(0).companions(0).probe(), "apiserver-readyz");
  EXPECT_EQ(plan->prepared.components(0).companions(0).health().port(), 6443U);
  disk.Erase(kPath);  // etcd on nodes of its own
  plan = prepare();
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->prepared.components(0).companions_size(), 0);
}

TEST_F(PreparerTest, OneFileTwiceInAStepIsRefused) {
  ExpectRefused({Put("/etc/kubernetes/a", "1"), Put("/etc/kubernetes/a", "2")}, "twice");
}

TEST_F(PreparerTest, AnOwnerThatIsNotNumericIsRefused) {
  v1::Edit edit = Put("/etc/kubernetes/a", "1");
  edit.mutable_put_file()->set_owner("root:root");
  ExpectRefused({edit}, "uid:gid");
}

TEST_F(PreparerTest, APodWithoutTheHostsNetworkIsRefused) {
  std::string text = before;
  text.replace(text.find("hostNetwork: true"), 17, "hostNetwork: false");
  disk.PutFile(kPath, text, attributes);
  ExpectRefused({SetFlagEdit("profiling", "false")}, "hostNetwork");
}

// What a committed step has made of the node, and the way back.
TEST_F(PreparerTest, TheWayBackIsTheSameChangeTheOtherWayRound) {
  const std::string policy = "/etc/kubernetes/policy.yaml";
  const absl::StatusOr<StepPlan> there =
      Prepare({SetFlagEdit("profiling", "false"), Put(policy, "new")});
  ASSERT_TRUE(there.ok()) << there.status();
  disk.PutFile(kPath, there->after_bytes.at(kPath), attributes);
  FileAttributes of_policy;
  of_policy.mode = 0600;
  disk.PutFile(policy, "new", of_policy);
  const std::map<std::string, std::string> old = {{kPath, before}, {policy, ""}};
  v1::Prepared done = there->prepared;
  done.mutable_gate()->set_rollback_deadline_ms(5678);
  const absl::StatusOr<StepPlan> back =
      Preparer(disk, processes, kDirectory).PrepareUndoing(done, old);
  ASSERT_TRUE(back.ok()) << back.status();
  ASSERT_EQ(back->prepared.changes_size(), 2);
  EXPECT_EQ(back->prepared.changes(0).path(), kPath) << "published last, so put back first";
  EXPECT_EQ(back->prepared.changes(0).after().digest(), Sha256Hex(before));
  EXPECT_EQ(back->prepared.changes(0).after().xattrs().at("security.selinux"), "kube_t");
  EXPECT_EQ(back->after_bytes.at(kPath), before);
  EXPECT_EQ(back->prepared.changes(1).path(), policy);
  EXPECT_FALSE(back->prepared.changes(1).after().exists());
  ASSERT_EQ(back->prepared.components_size(), 1);
  EXPECT_EQ(back->prepared.components(0).argv_before(3), "--profiling=false");
  EXPECT_EQ(back->prepared.components(0).argv_after(3), "--profiling=true");
  ASSERT_EQ(back->prepared.components(0).touched_flags_size(), 1);
  EXPECT_EQ(back->prepared.gate().deadline_ms(), 5678U);
}

TEST_F(PreparerTest, TheWayBackIsRefusedWhenAFileIsNotWhatTheStepMadeOfIt) {
  const absl::StatusOr<StepPlan> there = Prepare({SetFlagEdit("profiling", "false")});
  ASSERT_TRUE(there.ok()) << there.status();
  FileAttributes other = attributes;
  other.mode = 0644;
  disk.PutFile(kPath, there->after_bytes.at(kPath), other);  // the bytes alone are not the file
  const absl::StatusOr<StepPlan> back =
      Preparer(disk, processes, kDirectory).PrepareUndoing(there->prepared, {{kPath, before}});
  EXPECT_EQ(back.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(back.status().message().find("left as it is"), std::string::npos) << back.status();
}

TEST_F(PreparerTest, WhatTheOwnerForbidsIsRefusedWhoeverHasSignedIt) {
  services.forbidden = {*ParseValueRule("kube-apiserver --anonymous-auth=true"),
                        *ParseValueRule("kube-apiserver --profiling=false")};
  const Preparer preparer(disk, processes, kDirectory, services);
  const absl::StatusOr<StepPlan> refused =
      preparer.Prepare(StepOf({SetFlagEdit("profiling", "false")}));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(refused.status().message().find("forbidden_values"), std::string::npos)
      << refused.status();
  EXPECT_TRUE(preparer.Prepare(StepOf({SetFlagEdit("v", "3")})).ok());
}

}  // namespace
}  // namespace belay
