#include "node-agent/driver/policy.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/unit/file_edits.h"

namespace belay {
namespace {

const NodePolicy kPolicy = {.manifest_dir = "/etc/kubernetes/manifests",
                            .allowed_paths = {"/etc/kubernetes/"},
                            .allowed_mounts = {"/etc/kubernetes/", "/var/log/kubernetes/"},
                            .protected_paths = {"/etc/kubernetes/belay"},
                            .cluster = "prod-1",
                            .node = "cp1"};

std::vector<std::string> Objections(const v1::Edit& edit) {
  v1::RemediationPlan plan;
  v1::Step& step = *plan.add_steps();
  step.set_name("one");
  *step.add_edits() = edit;
  return FindForbidden(plan, kPolicy);
}

v1::Edit Put(const std::string& path, std::uint32_t mode = 0600) {
  v1::Edit edit;
  edit.mutable_put_file()->set_path(path);
  edit.mutable_put_file()->set_mode(mode);
  return edit;
}

TEST(Policy, AFileBelowAnAllowedPathMayBeWritten) {
  EXPECT_TRUE(Objections(Put("/etc/kubernetes/audit/policy.yaml")).empty());
}

TEST(Policy, AFileElsewhereMayNot) {
  for (const char* path :
       {"/etc/passwd", "/etc/kubernetes/../passwd", "/etc/kubernetes-evil/x", "etc/kubernetes/x",
        "/etc", "/etc/kubernetes//x", "/etc/kubernetes/x/", "/etc/kubernetes/./x", "", "/"}) {
    EXPECT_EQ(Objections(Put(path)).size(), 1U) << path;
  }
}

TEST(Policy, TheObjectionSaysWhatToDo) {
  const std::vector<std::string> said = Objections(Put("/etc/passwd"));
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0],
            "step one: putFile /etc/passwd: not below an allowed path of this node "
            "(/etc/kubernetes/); choose another "
            "path or add it to allowed_paths in agent.yaml on the node");
}

TEST(Policy, NothingIsPutWhereKubeletRunsIt) {
  EXPECT_EQ(Objections(Put("/etc/kubernetes/manifests/x.yaml")).size(), 1U);
  EXPECT_EQ(Objections(Put("/etc/kubernetes/manifests/.x")).size(), 1U);
  EXPECT_EQ(Objections(Put("/etc/kubernetes/manifests")).size(), 1U);
}

TEST(Policy, TheAgentsOwnFilesAreNotForPlans) {
  EXPECT_EQ(Objections(Put("/etc/kubernetes/belay/agent.yaml")).size(), 1U);
}

TEST(Policy, SetUserIdIsRefused) {
  EXPECT_EQ(Objections(Put("/etc/kubernetes/x", 04755)).size(), 1U);
  EXPECT_EQ(Objections(ModeEdit("/etc/kubernetes/x", 02755)).size(), 1U);
}

v1::Edit SetKey(const std::string& file) {
  v1::Edit edit;
  edit.mutable_set_config_key()->set_file(file);
  return edit;
}
v1::Edit UnsetKey(const std::string& file) {
  v1::Edit edit;
  edit.mutable_unset_config_key()->set_file(file);
  return edit;
}

TEST(Policy, EveryKindOfEditOfAFileStaysOnAllowedPaths) {
  for (const auto& make : std::vector<std::function<v1::Edit(const std::string&)>>{
           [](const std::string& path) { return Put(path); },
           [](const std::string& path) { return RemoveEdit(path); },
           [](const std::string& path) { return ModeEdit(path, 0600); },
           [](const std::string& path) { return OwnerEdit(path, "0:0"); }, SetKey, UnsetKey}) {
    EXPECT_TRUE(Objections(make("/etc/kubernetes/x")).empty());
    for (const char* path : {"/var/lib/kubelet/config.yaml", "/etc/kubernetes/belay/agent.yaml",
                             "/etc/kubernetes/belay", "/etc/kubernetes/../shadow"}) {
      EXPECT_EQ(Objections(make(path)).size(), 1U) << path;
    }
  }
}

TEST(Policy, AFileThatTheOwnerNamesIsAllowedAndNothingBesideIt) {
  NodePolicy policy = kPolicy;
  policy.allowed_paths.push_back("/var/lib/kubelet/config.yaml/");
  const auto objections = [&policy](const std::string& path) {
    v1::RemediationPlan plan;
    *plan.add_steps()->add_edits() = SetKey(path);
    return FindForbidden(plan, policy).size();
  };
  EXPECT_EQ(objections("/var/lib/kubelet/config.yaml"), 0U);
  EXPECT_EQ(objections("/var/lib/kubelet/config.yaml.d"), 1U);
  EXPECT_EQ(objections("/var/lib/kubelet"), 1U);
}

TEST(Policy, AManifestMayGetAModeAndAnOwnerButIsNeverRemovedOrRewritten) {
  const std::string manifest = "/etc/kubernetes/manifests/kube-apiserver.yaml";
  EXPECT_TRUE(Objections(ModeEdit(manifest, 0600)).empty());
  EXPECT_TRUE(Objections(OwnerEdit(manifest, "0:0")).empty());
  EXPECT_EQ(Objections(RemoveEdit(manifest)).size(), 1U);
  EXPECT_EQ(Objections(SetKey(manifest)).size(), 1U);
  EXPECT_EQ(Objections(UnsetKey(manifest)).size(), 1U);
}

TEST(Policy, UnmountingIsAMatterOfTheGatedManifestOnly) {
  v1::Edit edit;
  edit.mutable_unmount_path()->set_manifest("kube-apiserver");
  EXPECT_TRUE(Objections(edit).empty());
  edit.mutable_unmount_path()->set_manifest("kube-proxy");
  EXPECT_EQ(Objections(edit).size(), 1U);
}

TEST(Policy, OnlyManifestsWithAGateMayBeEdited) {
  v1::Edit edit;
  for (const char* manifest :
       {"kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"}) {
    edit.mutable_set_flag()->set_manifest(manifest);
    EXPECT_TRUE(Objections(edit).empty()) << manifest;
  }
  for (const char* manifest : {"kube-proxy", "", "../kube-apiserver"}) {
    edit.mutable_set_flag()->set_manifest(manifest);
    EXPECT_EQ(Objections(edit).size(), 1U) << manifest;
  }
}

TEST(Policy, OnlyKubeletMayBeRestarted) {
  v1::Edit edit;
  edit.mutable_restart_service()->set_service("kubelet");
  EXPECT_TRUE(Objections(edit).empty());
  for (const char* service : {"", "containerd", "kubelet.service", "/bin/sh"}) {
    edit.mutable_restart_service()->set_service(service);
    EXPECT_EQ(Objections(edit).size(), 1U) << service;
  }
}

TEST(Policy, AnEditOfNoKnownKindIsRefused) { EXPECT_EQ(Objections(v1::Edit()).size(), 1U); }

TEST(Policy, EveryObjectionIsGivenAtOnce) {
  v1::RemediationPlan plan;
  for (const char* path : {"/a", "/etc/kubernetes/b", "/c"})
    *plan.add_steps()->add_edits() = Put(path);
  EXPECT_EQ(FindForbidden(plan, kPolicy).size(), 2U);
}

TEST(Policy, OnlyAllowedPlacesOfTheHostAreMountedIntoAPod) {
  const auto mount = [](const std::string& host_path) {
    v1::Edit edit;
    edit.mutable_mount_path()->set_manifest("kube-apiserver");
    edit.mutable_mount_path()->set_host_path(host_path);
    return Objections(edit);
  };
  EXPECT_TRUE(mount("/var/log/kubernetes/audit").empty());
  EXPECT_TRUE(mount("/etc/kubernetes/audit").empty());
  for (const char* path : {"/", "/root", "/var/log", "/etc/kubernetes-other/x", "/etc/kubernetes",
                           "/etc/kubernetes/../shadow", "var/log/kubernetes/x",
                           "/etc/kubernetes/belay", "/etc/kubernetes/belay/keys"}) {
    EXPECT_EQ(mount(path).size(), 1u) << path;
  }
}

TEST(Policy, WhatIsPutBackIsHeldAgainstThePolicyOfToday) {
  v1::FileChange change;
  const auto objection = [&](const std::string& path, bool manifest) {
    change.set_path(path);
    change.set_is_manifest(manifest);
    return ObjectionToUndoing(change, kPolicy);
  };
  EXPECT_EQ(objection("/etc/kubernetes/audit/policy.yaml", false), "");
  EXPECT_NE(objection("/etc/cron.d/x", false), "");
  EXPECT_NE(objection("/etc/kubernetes/belay/key", false), "");
  EXPECT_NE(objection("/etc/kubernetes/manifests/other.yaml", false), "");
  EXPECT_EQ(objection("/etc/kubernetes/manifests/kube-apiserver.yaml", true), "");
  EXPECT_NE(objection("/etc/kubernetes/manifests/kube-proxy.yaml", true), "");
  EXPECT_NE(objection("/etc/cron.d/kube-apiserver.yaml", true), "");
}

TEST(Policy, WhatHoldsTheAgentsOwnFilesIsMountedByNobody) {
  NodePolicy policy = kPolicy;
  policy.allowed_mounts = {"/etc/"};
  v1::RemediationPlan plan;
  v1::MountPath& mount = *plan.add_steps()->add_edits()->mutable_mount_path();
  mount.set_manifest("kube-apiserver");
  mount.set_host_path("/etc/kubernetes");
  const std::vector<std::string> said = FindForbidden(plan, policy);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_NE(said[0].find("the Belay agent's own files"), std::string::npos) << said[0];
  mount.set_host_path("/etc/kubernetes/audit");
  EXPECT_TRUE(FindForbidden(plan, policy).empty());
}

TEST(Policy, APlanForOthersIsRefusedWhoeverSendsIt) {
  v1::RemediationPlan plan;
  *plan.mutable_targets()->add_clusters() = "prod-*";
  *plan.mutable_targets()->add_nodes() = "cp1";
  EXPECT_TRUE(FindForbidden(plan, kPolicy).empty());
  NodePolicy other = kPolicy;
  other.node = "cp2";
  ASSERT_EQ(FindForbidden(plan, other).size(), 1U);
  EXPECT_NE(FindForbidden(plan, other)[0].find("this is node cp2"), std::string::npos);
  other = kPolicy;
  other.cluster = "test";
  ASSERT_EQ(FindForbidden(plan, other).size(), 1U);
  EXPECT_NE(FindForbidden(plan, other)[0].find("this is cluster test"), std::string::npos);
}

TEST(Policy, APlanForNobodyInParticularIsTheOwnersToRefuse) {
  NodePolicy strict = kPolicy;
  strict.untargeted_plans = false;
  v1::RemediationPlan plan;
  EXPECT_TRUE(FindForbidden(plan, kPolicy).empty());
  EXPECT_EQ(FindForbidden(plan, strict).size(), 1U);
  *plan.mutable_targets()->add_nodes() = "cp1";  // of whichever cluster
  EXPECT_EQ(FindForbidden(plan, strict).size(), 1U);
  *plan.mutable_targets()->add_clusters() = "prod-1";
  EXPECT_TRUE(FindForbidden(plan, strict).empty());
}

TEST(Policy, OnlyTheEditsAndManifestsThatTheOwnerNames) {
  NodePolicy strict = kPolicy;
  strict.allowed_edits = {"setFlag"};
  strict.allowed_manifests = {"kube-scheduler"};
  v1::RemediationPlan plan;
  v1::Step& step = *plan.add_steps();
  step.add_edits()->mutable_set_flag()->set_manifest("kube-scheduler");
  EXPECT_TRUE(FindForbidden(plan, strict).empty());
  step.mutable_edits(0)->mutable_set_flag()->set_manifest("kube-apiserver");
  ASSERT_EQ(FindForbidden(plan, strict).size(), 1U);
  EXPECT_NE(FindForbidden(plan, strict)[0].find("allowed_manifests"), std::string::npos);
  *step.mutable_edits(0) = Put("/etc/kubernetes/x");
  ASSERT_EQ(FindForbidden(plan, strict).size(), 1U);
  EXPECT_NE(FindForbidden(plan, strict)[0].find("allowed_edits"), std::string::npos);
}

}  // namespace
}  // namespace belay
