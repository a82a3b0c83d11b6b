// Flags of a manifest: every case gives the container's part before and after; the pod around it is
// the same.
#include <gtest/gtest.h>

#include <string>

#include "node-agent/manifest/edit.h"
#include "tests/unit/manifest_edits.h"

namespace belay {
namespace {

const std::string kHead =
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: kube-apiserver\nspec:\n  containers:\n";

struct Case {
  std::string why;
  v1::Edit edit;
  std::string before;
  std::string after;
};

class FlagEdits : public testing::TestWithParam<Case> {};

TEST_P(FlagEdits, ChangeExactlyTheIntendedBytesAndAreIdempotent) {
  const Case& c = GetParam();
  SCOPED_TRACE(c.why);
  const auto outcome = ApplyEdits(kHead + c.before, "kube-apiserver", {c.edit});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->bytes, kHead + c.after);
  EXPECT_EQ(outcome->changed, c.before != c.after);
  const auto again = ApplyEdits(outcome->bytes, "kube-apiserver", {c.edit});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->bytes, outcome->bytes);
  EXPECT_FALSE(again->changed);
}

INSTANTIATE_TEST_SUITE_P(
    Set, FlagEdits,
    testing::Values(
        Case{"A1 kubeadm form: replaced in place", SetFlagEdit("profiling", "false"),
             "  - command:\n    - kube-apiserver\n    - --profiling=true # why\n    - --v=2\n    "
             "image: x\n    name: kube-apiserver\n",
             "  - command:\n    - kube-apiserver\n    - --profiling=false # why\n    - --v=2\n    "
             "image: x\n    name: kube-apiserver\n"},
        Case{"A1 inserted before image, behind the last flag", SetFlagEdit("profiling", "false"),
             "  - command:\n    - kube-apiserver\n    - --v=2\n    image: x\n    name: "
             "kube-apiserver\n",
             "  - command:\n    - kube-apiserver\n    - --v=2\n    - --profiling=false\n    image: "
             "x\n    name: kube-apiserver\n"},
        Case{"A3 indented items, E12 blanks behind the dash", SetFlagEdit("profiling", "false"),
             "  - name: kube-apiserver\n    command:\n      -  kube-apiserver\n      -  --v=2\n    "
             "image: x\n",
             "  - name: kube-apiserver\n    command:\n      -  kube-apiserver\n      -  --v=2\n    "
             "  -  --profiling=false\n    image: x\n"},
        Case{"A6 only the named container", SetFlagEdit("v", "5"),
             "  - name: side\n    command: [kube-apiserver, --v=1]\n  - name: kube-apiserver\n    "
             "command: [kube-apiserver, --v=2]\n",
             "  - name: side\n    command: [kube-apiserver, --v=1]\n  - name: kube-apiserver\n    "
             "command: [kube-apiserver, --v=5]\n"},
        Case{"A9 flags in args", SetFlagEdit("profiling", "false"),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    args:\n    - "
             "--v=2\n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    args:\n    - "
             "--v=2\n    - --profiling=false\n"},
        Case{"A10 args only, behind the subcommand", SetFlagEdit("profiling", "false"),
             "  - name: kube-apiserver\n    args:\n    - manager\n",
             "  - name: kube-apiserver\n    args:\n    - manager\n    - --profiling=false\n"},
        Case{"A13 subcommand", SetFlagEdit("profiling", "false"),
             "  - name: kube-apiserver\n    command:\n    - /hyperkube\n    - apiserver\n",
             "  - name: kube-apiserver\n    command:\n    - /hyperkube\n    - apiserver\n    - "
             "--profiling=false\n"},
        Case{"A14 the wrapper's flag of the same name stays", SetFlagEdit("log-file", "/new"),
             "  - name: kube-apiserver\n    command:\n    - /go-runner\n    - --log-file=/old\n    "
             "- --also-stdout\n    - /usr/local/bin/kube-apiserver\n    - --v=2\n",
             "  - name: kube-apiserver\n    command:\n    - /go-runner\n    - --log-file=/old\n    "
             "- --also-stdout\n    - /usr/local/bin/kube-apiserver\n    - --v=2\n    - "
             "--log-file=/new\n"},
        Case{"B2 two items: the value item changes", SetFlagEdit("etcd-servers", "http://b"),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --etcd-servers\n "
             "   - http://a\n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --etcd-servers\n "
             "   - http://b\n"},
        Case{"B2 never inserted between the two", SetFlagEdit("v", "2"),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --etcd-servers\n "
             "   - http://a\n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --etcd-servers\n "
             "   - http://a\n    - --v=2\n"},
        Case{"B3 bare is true", SetFlagEdit("profiling", "true"),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --profiling\n    "
             "- --v=2\n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --profiling\n    "
             "- --v=2\n"},
        Case{"B3 bare becomes =false", SetFlagEdit("profiling", "false"),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --profiling\n    "
             "- --v=2\n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - "
             "--profiling=false\n    - --v=2\n"},
        Case{"B5 given twice: the last stays", SetFlagEdit("v", "4"),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --v=1\n    - "
             "--x=y\n    - --v=2\n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --x=y\n    - "
             "--v=4\n"},
        Case{"B6 prefix of another name, B7 commented out", SetFlagEdit("etcd-servers", "http://b"),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    # - "
             "--etcd-servers=http://c\n    - --etcd-servers-overrides=x\n    # - --last=1\n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    # - "
             "--etcd-servers=http://c\n    - --etcd-servers-overrides=x\n    - "
             "--etcd-servers=http://b\n    # - --last=1\n"},
        Case{"B9 underscores", SetFlagEdit("etcd-servers", "http://b"),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - "
             "--etcd_servers=http://a\n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - "
             "--etcd_servers=http://b\n"},
        Case{"B11 B12 quotes stay", SetFlagEdit("v", "a\"b'c"),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - '--v=1'\n    - "
             "\"--w=2\"\n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - '--v=a\"b''c'\n  "
             "  - \"--w=2\"\n"},
        Case{"B11 the new item is quoted like its neighbour", SetFlagEdit("x", "a\"b"),
             "  - name: kube-apiserver\n    command:\n    - \"kube-apiserver\"\n    - \"--w=2\"\n",
             "  - name: kube-apiserver\n    command:\n    - \"kube-apiserver\"\n    - \"--w=2\"\n  "
             "  - \"--x=a\\\"b\"\n"},
        Case{"B17 text is compared exactly", SetFlagEdit("profiling", "false"),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - "
             "--profiling=False\n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - "
             "--profiling=false\n"},
        Case{"B19 not behind the terminator", SetFlagEdit("v", "2"),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --x=1\n    - "
             "--\n    - --v=1\n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --x=1\n    - "
             "--v=2\n    - --\n    - --v=1\n"},
        Case{"D1 quoted where it has to be", SetFlagEdit("x", "a: b #c"),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --x=1\n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - \"--x=a: b "
             "#c\"\n"},
        Case{"D2 plain where that is right", SetFlagEdit("controllers", "*,-x"),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - "
             "--controllers=*,-x\n"},
        Case{"D3 quoted in flow, F1 one line", SetFlagEdit("controllers", "a,b"),
             "  - name: kube-apiserver\n    command: [kube-apiserver, --x=1]  # keep\n",
             "  - name: kube-apiserver\n    command: [kube-apiserver, --x=1, "
             "\"--controllers=a,b\"]  # keep\n"},
        Case{"D4 a value item stays a text", SetFlagEdit("x", "123"),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --x\n    - abc\n "
             "   - --y=1\n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --x\n    - "
             "\"123\"\n    - --y=1\n"},
        Case{"E1 no newline at the end", SetFlagEdit("v", "2"),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --x=1",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --x=1\n    - "
             "--v=2"},
        Case{"E2 carriage returns", SetFlagEdit("v", "2"),
             "  - name: kube-apiserver\r\n    command:\r\n    - kube-apiserver\r\n    - --x=1\r\n",
             "  - name: kube-apiserver\r\n    command:\r\n    - kube-apiserver\r\n    - --x=1\r\n  "
             "  - --v=2\r\n"},
        Case{"E6 trailing blanks are not part of the value", SetFlagEdit("v", "2"),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --v=1  \n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --v=2  \n"},
        Case{"F2 flow over several lines", SetFlagEdit("v", "2"),
             "  - name: kube-apiserver\n    command: [\n      kube-apiserver, # the binary\n      "
             "--w=1,\n      --x=1\n    ]\n",
             "  - name: kube-apiserver\n    command: [\n      kube-apiserver, # the binary\n      "
             "--w=1,\n      --x=1,\n      --v=2\n    ]\n"}),
    [](const auto& one) { return "case" + std::to_string(one.index); });

INSTANTIATE_TEST_SUITE_P(
    Unset, FlagEdits,
    testing::Values(
        Case{"E7 goes with its comment, E8 others stay", UnsetFlagEdit("v"),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    # one\n    - --v=1 "
             "# gone\n    # two\n    - --w=1\n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    # one\n    # two\n "
             "   - --w=1\n"},
        Case{"B2 both items go", UnsetFlagEdit("v"),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --v\n    - "
             "\"1\"\n    - --w=1\n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --w=1\n"},
        Case{"B3 a bare flag swallows nothing", UnsetFlagEdit("v"),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --v\n    - "
             "--w=1\n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --w=1\n"},
        Case{"E1 last line without newline", UnsetFlagEdit("v"),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --w=1\n    - "
             "--v=1",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --w=1"},
        Case{"F1 in flow: middle", UnsetFlagEdit("v"),
             "  - name: kube-apiserver\n    command: [kube-apiserver, --v=1, --w=1]\n",
             "  - name: kube-apiserver\n    command: [kube-apiserver, --w=1]\n"},
        Case{"F1 in flow: the last two uses", UnsetFlagEdit("v"),
             "  - name: kube-apiserver\n    command: [kube-apiserver, --v=1, --v=2]\n",
             "  - name: kube-apiserver\n    command: [kube-apiserver]\n"},
        Case{"not there", UnsetFlagEdit("v"),
             "  - name: kube-apiserver\n    command: [kube-apiserver]\n",
             "  - name: kube-apiserver\n    command: [kube-apiserver]\n"}),
    [](const auto& one) { return "case" + std::to_string(one.index); });

INSTANTIATE_TEST_SUITE_P(
    Merge, FlagEdits,
    testing::Values(
        Case{"C1 appended", MergeEdit("a", {"X", "Y"}),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --a=Y,Z\n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --a=Y,Z,X\n"},
        Case{"B4 no leading comma", MergeEdit("a", {"X"}),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --a=\n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --a=X\n"},
        Case{"B5 union over all uses", MergeEdit("a", {"X", "Y", "Z"}),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --a=X\n    - "
             "--a=Y\n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --a=X\n    - "
             "--a=Y,Z\n"},
        Case{"C3 by key", MergeEdit("feature-gates", {"B=true"}),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - "
             "--feature-gates=A=true,B=false,C=true\n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - "
             "--feature-gates=A=true,B=true,C=true\n"},
        Case{"C5 blanks, doubles and a trailing comma", MergeEdit("a", {"X"}),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --a=A, B,A,\n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --a=A, B,A,X\n"},
        Case{"removed and added", MergeEdit("authorization-mode", {"RBAC"}, {"AlwaysAllow"}),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - "
             "--authorization-mode=Node,AlwaysAllow\n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - "
             "--authorization-mode=Node,RBAC\n"},
        Case{"inserted", MergeEdit("a", {"X", "Y"}),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --v=1\n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --v=1\n    - "
             "--a=X,Y\n"},
        Case{"nothing to remove", MergeEdit("a", {}, {"X"}),
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n",
             "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n"}),
    [](const auto& one) { return "case" + std::to_string(one.index); });

TEST(ManifestEdits, KeepTheByteOrderMarkAndNonAsciiText) {
  const std::string before =
      "\xEF\xBB\xBF# \xC3\xBC\n" + kHead +
      "  - name: kube-apiserver # \xC3\xBC\n    command:\n    - kube-apiserver\n    - --v=1\n";
  const auto outcome = ApplyEdits(before, "kube-apiserver", {SetFlagEdit("v", "2")});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  std::string expected = before;
  expected.replace(expected.find("--v=1"), 5, "--v=2");
  EXPECT_EQ(outcome->bytes, expected);
}

TEST(ManifestEdits, ApplyInOrderAndNameTouchedFlagsOnce) {
  const auto outcome = ApplyEdits(
      kHead + "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n", "kube-apiserver",
      {SetFlagEdit("b_b", "1"), SetFlagEdit("a", "1"), SetFlagEdit("b-b", "2")});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->touched_flags, (std::vector<std::string>{"b-b", "a"}));
  EXPECT_NE(outcome->bytes.find("    - --b_b=2\n    - --a=1\n"), std::string::npos)
      << outcome->bytes;
}

}  // namespace
}  // namespace belay
