// The small parts of a gatekeeper: flags of the running process, where to ask, last words.
#include <gtest/gtest.h>

#include "node-agent/health/container_runs.h"
#include "node-agent/health/endpoint.h"
#include "node-agent/health/flag_check.h"
#include "tests/support/sim_disk.h"

namespace belay {
namespace {

TEST(ContainerRuns, LastWordsAreErrorsWhereThereAreAny) {
  SimDisk disk;
  disk.PutDirectory("/l");
  disk.PutFile("/l/0.log",
               "2026-01-01T00:00:00Z stderr F Error: unknown flag\n"
               "2026-01-01T00:00:00Z stderr F E0102 03:04:05 bad\n"
               "2026-01-01T00:00:00Z stdout F Usage: Error is no word here\n"
               "2026-01-01T00:00:00Z stdout F \n",
               {});
  EXPECT_EQ(LastWords(disk, "/l/0.log"), "Error: unknown flag | E0102 03:04:05 bad");
  disk.PutFile("/l/1.log", "a\nb\nc\x1b[2J\xff\nd", {});
  EXPECT_EQ(LastWords(disk, "/l/1.log").rfind("b | c [2J", 0), 0U);
  EXPECT_EQ(LastWords(disk, "/l/2.log"), "");
}

TEST(FlagCheck, ComparesTheRunningValueAndAbsence) {
  v1::ComponentExpectation component;
  component.set_component("kube-apiserver");
  for (const char* element : {"kube-apiserver", "--a=1"}) component.add_argv_after(element);
  component.add_touched_flags("a");
  component.add_touched_flags("gone");
  const auto flags = VerifyTouchedFlags(component, GateDirection::Forward,
                                        {"kube-apiserver", "--a=1", "--gone=x", "--a=2"});
  ASSERT_EQ(flags.size(), 2U);
  EXPECT_FALSE(flags[0].ok());
  EXPECT_EQ(flags[0].running(), "2");
  EXPECT_FALSE(flags[1].ok());
  EXPECT_EQ(flags[1].expected(), "(not given)");
}

TEST(Endpoint, FollowsTheArguments) {
  const auto plain = HealthEndpointFor({"kube-apiserver", "--advertise-address=10.0.0.1"});
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->dial_address(), "127.0.0.1");
  EXPECT_EQ(plain->port(), 6443U);
  EXPECT_TRUE(plain->anonymous());
  const auto bound = HealthEndpointFor({"kube-apiserver", "--secure-port=7443",
                                        "--bind-address=10.0.0.1", "--anonymous-auth=false"});
  ASSERT_TRUE(bound.ok());
  EXPECT_EQ(bound->dial_address(), "10.0.0.1");
  EXPECT_EQ(bound->port(), 7443U);
  EXPECT_FALSE(bound->anonymous());
  for (const char* any : {"--bind-address=0.0.0.0", "--bind-address=::"}) {
    EXPECT_EQ(HealthEndpointFor({"kube-apiserver", any})->dial_address(), "127.0.0.1");
  }
  EXPECT_FALSE(HealthEndpointFor({"kube-apiserver", "--secure-port=0"}).ok());
  EXPECT_FALSE(HealthEndpointFor({"kube-apiserver", "--secure-port=x"}).ok());
}

}  // namespace
}  // namespace belay
