// `belayctl key` and `plan sign|attach`: several signers, keys under a passphrase, keys in a token
// (SoftHSM, which stands in for a hardware one).
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/files.h"
#include "common/os/run_program.h"
#include "common/plan/sign.h"
#include "common/plan/signed_file.h"
#include "tests/support/belayctl_run.h"

namespace belay {
namespace {

constexpr const char* kPlan =
    "apiVersion: belay.dev/v1\nkind: RemediationPlan\nmetadata: {name: p}\nspec:\n  steps:\n"
    "  - name: s\n"
    "    edits: [{setFlag: {manifest: kube-scheduler, flag: profiling, value: \"false\"}}]\n";
constexpr const char* kSoftHsm = "/usr/lib/softhsm/libsofthsm2.so";

class BelayctlSign : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/belayctl_sign_XXXXXX";
    base_ = ::mkdtemp(name);
    Write("plan.yaml", kPlan);
    Write("words", "correct horse\n");
    ASSERT_EQ(RunVerb(AddKeyGenerate, {"generate", "--out", Path("one")}).code, 0);
    ASSERT_EQ(Encrypted("two", "words").code, 0);
  }
  void TearDown() override {
    RunProgram({.path = "/bin/rm", .argv = {"rm", "-rf", base_}}).IgnoreError();
  }

  std::string Path(const std::string& name) const { return absl::StrCat(base_, "/", name); }
  void Write(const std::string& name, const std::string& text) const {
    ASSERT_TRUE(ReplaceFile(Path(name), text, 0600).ok());
  }
  std::string Read(const std::string& name) const { return ReadUserFile(Path(name)).value_or(""); }
  Ran Encrypted(const std::string& name, const std::string& words) const {
    return RunVerb(AddKeyGenerate,
                   {"generate", "--out", Path(name), "--passphrase-file", Path(words)});
  }
  Ran Sign(const std::string& file, const std::string& key, const std::string& out,
           const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"sign", Path(file), "--key", key, "--out", Path(out)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunVerb(AddPlanSign, arguments);
  }
  // Of SimClock's time, at which they were signed.
  absl::Status Verify(const std::string& file, const std::vector<std::string>& keys) const {
    Trust trust;
    for (const std::string& key : keys) {
      trust.keys.push_back({*Ed25519PublicKey::FromPem(Read(key))});
    }
    trust.signatures = static_cast<std::uint32_t>(keys.size());
    const absl::StatusOr<v1::SignedPlan> plan = ReadSignedPlanFile(Read(file));
    if (!plan.ok()) return plan.status();
    return VerifyPlan(*plan, trust, SimClock().WallNowUnixMs() / 1000).status();
  }

  std::string base_;
};

TEST_F(BelayctlSign, ASecondSignatureIsOverTheSameBytes) {
  ASSERT_EQ(Sign("plan.yaml", Path("one.key"), "p").code, 0);
  const Ran second = Sign("p", Path("two.key"), "p2", {"--passphrase-file", Path("words")});
  ASSERT_EQ(second.code, 0) << second.err;
  EXPECT_TRUE(absl::StrContains(second.out, "signature 2 of this plan"));
  EXPECT_TRUE(Verify("p2", {"one.pub", "two.pub"}).ok());
  EXPECT_FALSE(Verify("p", {"one.pub", "two.pub"}).ok());
  EXPECT_EQ(Sign("p", Path("one.key"), "p3", {"--valid-for", "1d"}).code, 2)
      << "the window is signed already";
}

TEST_F(BelayctlSign, ASignatureMayTravelAlone) {
  ASSERT_EQ(Sign("plan.yaml", Path("one.key"), "p").code, 0);
  ASSERT_EQ(
      Sign("p", Path("two.key"), "sig", {"--passphrase-file", Path("words"), "--detached"}).code,
      0);
  EXPECT_FALSE(LooksSigned(Read("sig")));
  const Ran attached =
      RunVerb(AddPlanAttach, {"attach", Path("p"), Path("sig"), "--out", Path("both")});
  ASSERT_EQ(attached.code, 0) << attached.err;
  EXPECT_TRUE(Verify("both", {"one.pub", "two.pub"}).ok());

  Write("other.yaml", absl::StrCat(kPlan, "  notAfter: 2100-01-01T00:00:00Z\n"));
  ASSERT_EQ(Sign("other.yaml", Path("one.key"), "other").code, 0);
  const Ran wrong =
      RunVerb(AddPlanAttach, {"attach", Path("other"), Path("sig"), "--out", Path("x")});
  EXPECT_EQ(wrong.code, 1);
  EXPECT_TRUE(absl::StrContains(wrong.err, "nothing was written")) << wrong.err;
  EXPECT_EQ(Read("x"), "");
  EXPECT_EQ(RunVerb(AddPlanAttach, {"attach", Path("p"), Path("p"), "--out", Path("x")}).code, 1);
  EXPECT_EQ(Sign("plan.yaml", Path("one.key"), "x", {"--detached"}).code, 2);
}

TEST_F(BelayctlSign, AnEncryptedKeyOpensWithItsPassphraseOnly) {
  EXPECT_TRUE(IsEncryptedKeyPem(Read("two.key")));
  EXPECT_FALSE(absl::StrContains(Read("two.key"), "correct"));
  Write("wrong", "battery staple\n");
  const Ran wrong = Sign("plan.yaml", Path("two.key"), "p", {"--passphrase-file", Path("wrong")});
  EXPECT_EQ(wrong.code, 1);
  EXPECT_TRUE(absl::StrContains(wrong.err, "does not open this key")) << wrong.err;
  EXPECT_FALSE(absl::StrContains(wrong.err, "battery"));
  EXPECT_EQ(Read("p"), "");
  Write("empty", "\n");
  EXPECT_EQ(Encrypted("three", "empty").code, 1);
  EXPECT_EQ(Read("three.pub"), "") << "nothing is made half";
  const Ran ran = RunVerb(AddKeyPublic,
                          {"public", "--key", Path("two.key"), "--passphrase-file", Path("words")});
  EXPECT_EQ(ran.out, Read("two.pub"));
}

class BelayctlToken : public BelayctlSign {
 protected:
  void SetUp() override {
    BelayctlSign::SetUp();
    ASSERT_EQ(RunProgram({.path = "/bin/mkdir", .argv = {"mkdir", Path("tokens")}})->exit_code, 0);
    Write("softhsm2.conf", absl::StrCat("directories.tokendir = ", Path("tokens"), "\n"));
    Write("pin", "5678\n");
    ::setenv("SOFTHSM2_CONF", Path("softhsm2.conf").c_str(), 1);
    Run({"/usr/bin/softhsm2-util", "--init-token", "--free", "--label", "ops", "--so-pin", "1234",
         "--pin", "5678"});
    Run({"/usr/bin/pkcs11-tool", "--module", kSoftHsm, "--login", "--pin", "5678", "--token-label",
         "ops", "--keypairgen", "--key-type", "EC:edwards25519", "--label", "signing", "--id",
         "01"});
  }
  void Run(const std::vector<std::string>& argv) const {
    const absl::StatusOr<ProgramEnd> end =
        RunProgram({.path = argv.front(),
                    .argv = argv,
                    .environment = {absl::StrCat("SOFTHSM2_CONF=", Path("softhsm2.conf"))}});
    ASSERT_TRUE(end.ok() && end->exit_code == 0) << argv.front() << end->output;
  }
  static std::string Uri(const std::string& path) {
    return absl::StrCat("pkcs11:", path, "?module-path=", kSoftHsm);
  }
};

TEST_F(BelayctlToken, AKeyInATokenSignsAndStaysThere) {
  const std::string key = Uri("token=ops;object=signing");
  const std::vector<std::string> pin = {"--passphrase-file", Path("pin")};
  ASSERT_EQ(RunVerb(AddKeyPublic, {"public", "--key", key, "--passphrase-file", Path("pin"),
                                   "--out", Path("hsm.pub")})
                .code,
            0);
  ASSERT_EQ(Sign("plan.yaml", Path("one.key"), "p").code, 0);
  const Ran ran = Sign("p", key, "p", pin);
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_TRUE(Verify("p", {"one.pub", "hsm.pub"}).ok()) << Verify("p", {"one.pub", "hsm.pub"});
  // The PIN may stand in a file that the URI names.
  EXPECT_EQ(Sign("plan.yaml", absl::StrCat(key, "&pin-source=file:", Path("pin")), "q").code, 0);
  EXPECT_TRUE(Verify("q", {"hsm.pub"}).ok());
}

TEST_F(BelayctlToken, WhatDoesNotFitIsSaidAndNothingIsSigned) {
  Write("bad", "0000\n");
  struct Case {
    const char *what, *pin, *said;
  };
  for (const Case& each : {Case{"token=ops;object=other", "pin", "no Ed25519 key"},
                           Case{"token=nobody", "pin", "no PKCS#11 token"},
                           Case{"token=ops;object=signing", "bad", "tried once only"},
                           Case{"token=ops;colour=red", "pin", "not a PKCS#11 URI"}}) {
    const Ran ran = Sign("plan.yaml", Uri(each.what), "p", {"--passphrase-file", Path(each.pin)});
    EXPECT_EQ(ran.code, 1);
    EXPECT_TRUE(absl::StrContains(ran.err, each.said)) << ran.err;
    EXPECT_FALSE(absl::StrContains(ran.err, "0000"));
    EXPECT_EQ(Read("p"), "");
  }
  const Ran shown = Sign("plan.yaml", Uri("token=ops;object=signing") + "&pin-value=5678", "p");
  EXPECT_EQ(shown.code, 1);
  EXPECT_TRUE(absl::StrContains(shown.err, "for everybody to see")) << shown.err;
  const Ran ran = Sign("plan.yaml", "pkcs11:token=ops?module-path=/nowhere.so", "p");
  EXPECT_EQ(ran.code, 1) << ran.err;
}

}  // namespace
}  // namespace belay
