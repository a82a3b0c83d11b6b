// The judge of the config editor: results that a wrong splice could have made are told from right
// ones.
#include <gtest/gtest.h>

#include <string>

#include "node-agent/configfile/verify_config.h"
#include "tests/unit/configfile_edits.h"

namespace belay {
namespace {

constexpr char kBefore[] = "kind: K\na:\n  b: true\n  c: x\nl:\n- name: p\n  v: 1\n- name: q\n";

bool Accepts(const std::string& before, const std::string& after, const v1::Edit& edit) {
  return VerifyConfigEdit(before, after, edit).ok();
}
std::string With(std::string bytes, const std::string& old_text, const std::string& new_text) {
  const size_t at = bytes.find(old_text);
  EXPECT_NE(at, std::string::npos) << old_text;
  return bytes.replace(at, old_text.size(), new_text);
}

TEST(ConfigVerify, TheRightResultIsAccepted) {
  EXPECT_TRUE(Accepts(kBefore, With(kBefore, "true", "false"), SetKeyEdit("a.b", "false")));
  EXPECT_TRUE(Accepts(kBefore, With(kBefore, "true", "no"), SetKeyEdit("a.b", "false")));
  EXPECT_TRUE(Accepts(kBefore, With(kBefore, "  b: true\n", ""), UnsetKeyEdit("a.b")));
  EXPECT_TRUE(Accepts(kBefore, std::string(kBefore) + "  v: 2\n", SetKeyEdit("l[name=q].v", "2")));
  EXPECT_TRUE(Accepts(kBefore, std::string(kBefore) + "- name: r\n  v: 2\n",
                      SetKeyEdit("l[name=r].v", "2")));
  EXPECT_TRUE(Accepts(kBefore, std::string(kBefore) + "- 7\n", SetKeyEdit("l[2]", "7")));
  EXPECT_TRUE(
      Accepts(kBefore, With(kBefore, "- name: p\n  v: 1\n", ""), UnsetKeyEdit("l[name=p]")));
  EXPECT_TRUE(Accepts(kBefore, kBefore, UnsetKeyEdit("x.y")));
}

TEST(ConfigVerify, AnotherTypeIsNotTheSame) {
  const v1::Edit edit = SetKeyEdit("a.b", "false");
  EXPECT_FALSE(Accepts(kBefore, With(kBefore, "true", "\"false\""), edit));
  EXPECT_FALSE(Accepts(kBefore, With(kBefore, "true", "null"), edit));
  EXPECT_FALSE(Accepts(kBefore, With(kBefore, "true", "[false]"), edit));
  EXPECT_FALSE(Accepts(kBefore, With(kBefore, "c: x", "c: on"), SetKeyEdit("a.c", "\"on\"")));
  EXPECT_FALSE(Accepts(kBefore, With(kBefore, "c: x", "c: 010"), SetKeyEdit("a.c", "10")));
}

TEST(ConfigVerify, NothingElseMayChange) {
  const v1::Edit edit = SetKeyEdit("a.b", "false");
  const std::string good = With(kBefore, "true", "false");
  EXPECT_FALSE(Accepts(kBefore, kBefore, edit)) << "not done";
  EXPECT_FALSE(Accepts(kBefore, With(good, "c: x", "c: y"), edit)) << "a sibling";
  EXPECT_FALSE(Accepts(kBefore, With(good, "  c: x\n", ""), edit)) << "a sibling gone";
  EXPECT_FALSE(Accepts(kBefore, With(good, "  c: x\n", "c: x\n"), edit)) << "a sibling elsewhere";
  EXPECT_FALSE(Accepts(kBefore, good + "n: 1\n", edit)) << "a new key";
  EXPECT_FALSE(Accepts(kBefore, good + "- name: r\n", edit)) << "a new item";
  EXPECT_FALSE(Accepts(kBefore, With(good, "name: q", "name: p"), edit)) << "another item";
  EXPECT_FALSE(Accepts(kBefore, good + "a: 1\n", edit)) << "a key twice";
  EXPECT_FALSE(Accepts(kBefore, good + "---\nkind: L\n", edit)) << "a new document";
  EXPECT_FALSE(Accepts(kBefore, good + "\tx", edit)) << "not YAML";
}

TEST(ConfigVerify, TheOrderOfAListMatters) {
  EXPECT_FALSE(Accepts("l: [1, 2]\n", "l: [3, 1, 2]\n", SetKeyEdit("l[2]", "3")));
  EXPECT_FALSE(Accepts("l: [{k: a}, {k: b}, {k: a, x: 1}]\n", "l: [{k: a}, {k: b}]\n",
                       UnsetKeyEdit("l[k=a]")));
}

TEST(ConfigVerify, OnlyTheChosenDocumentMayChange) {
  const std::string two = "kind: K\na: 1\n---\nkind: L\na: 1\n";
  EXPECT_TRUE(Accepts(two, With(two, "L\na: 1", "L\na: 2"), SetKeyEdit("a", "2", "L")));
  EXPECT_FALSE(Accepts(two, With(two, "K\na: 1", "K\na: 2"), SetKeyEdit("a", "2", "L")));
  EXPECT_FALSE(Accepts(two, With(two, "K\na: 1", "K\na: 2"), SetKeyEdit("a", "2")));
  EXPECT_FALSE(Accepts(two, With(two, "L\na: 1", "L\na: 2"), SetKeyEdit("a", "2")));
  EXPECT_FALSE(Accepts(two, two, SetKeyEdit("a", "1", "M")));
}

TEST(ConfigVerify, PathsWithTwoMeaningsAreRefused) {
  EXPECT_FALSE(Accepts("a: 1\na: 1\n", "a: 2\na: 1\n", SetKeyEdit("a", "2")));
  EXPECT_FALSE(
      Accepts("l: [{k: a}, {k: a}]\n", "l: [{k: a, v: 1}, {k: a}]\n", SetKeyEdit("l[k=a].v", "1")));
  EXPECT_FALSE(
      Accepts("l: [{k: a}, {k: a}]\n", "l: [{k: a}, {k: a, v: 1}]\n", SetKeyEdit("l[k=a].v", "1")));
  EXPECT_FALSE(Accepts("a: x\n", "a: {b: 1}\n", SetKeyEdit("a.b", "1")));
}

TEST(ConfigVerify, JsonMustStayJson) {
  const v1::Edit edit = SetKeyEdit("a", "\"x\"");
  EXPECT_TRUE(Accepts("{\"a\": 1}", "{\"a\": \"x\"}", edit));
  EXPECT_FALSE(Accepts("{\"a\": 1}", "{\"a\": x}", edit));
  EXPECT_FALSE(Accepts("{\"a\": 1}", "{\"a\": 'x'}", edit));
  EXPECT_FALSE(Accepts("{\"a\": 1}", "{\"a\": \"x\",}", edit));
  EXPECT_FALSE(Accepts("{\"a\": 1}", "{\"a\": \"x\"} # c", edit));
  EXPECT_TRUE(Accepts("{a: 1}", "{a: x}", edit)) << "it was no JSON before";
}

TEST(ConfigVerify, OtherEditsAreNotJudged) {
  v1::Edit other;
  other.mutable_set_flag()->set_flag("x");
  EXPECT_FALSE(Accepts("a: 1\n", "a: 1\n", other));
}

}  // namespace
}  // namespace belay
