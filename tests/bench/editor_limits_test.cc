// Size and malice: big files are edited in time, and what is made to exhaust a reader is refused
// within a second and 200 MB.  Each case runs in a child process of its own, whose CPU time and
// peak memory the kernel tells.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "common/plan/compile.h"
#include "node-agent/configfile/config_edit.h"
#include "node-agent/manifest/edit.h"
#include "tests/bench/kubeadm_manifest.h"
#include "tests/unit/manifest_edits.h"

namespace belay {
namespace {

// Builds that are not what is shipped are slower and bigger; there only the verdict counts
// strictly.
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr double kSlack = 1;
#else
constexpr double kSlack = 20;
#endif

struct Cost {
  bool right = false;
  double seconds = 0;
  double megabytes = 0;
};

// Runs it in a child; `right` is what it returned.  A child that dies is not right.
Cost Measure(const std::function<bool()>& run) {
  const pid_t child = fork();
  if (child == 0) _exit(run() ? 0 : 1);
  int status = 0;
  rusage usage{};
  Cost cost;
  if (child < 0 || wait4(child, &status, 0, &usage) != child) return cost;
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  cost.right = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  cost.seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  cost.megabytes = static_cast<double>(usage.ru_maxrss) / 1024;
  return cost;
}

void Report(const std::string& name, const Cost& cost) {
  std::printf("%-44s %6.2f s %7.0f MB\n", name.c_str(), cost.seconds, cost.megabytes);
}

std::string Repeated(const std::string& text, size_t times) {
  std::string all;
  all.reserve(text.size() * times);
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

// The manifest with lines put in front of the one that holds `mark`.
std::string WithLines(const std::string& lines, const std::string& mark) {
  std::string text(kKubeadmManifest);
  return text.insert(text.find(mark), lines);
}

void ExpectEdited(const std::string& name, const std::function<std::string()>& make) {
  const Cost cost = Measure([&] {
    const std::string text = make();
    const auto outcome = ApplyEdits(text, "kube-apiserver", {SetFlagEdit("profiling", "false")});
    if (!outcome.ok())
      std::fprintf(stderr, "%s\n", std::string(outcome.status().message()).c_str());
    return outcome.ok() && outcome->changed && outcome->bytes.size() == text.size() + 1;
  });
  Report(name, cost);
  EXPECT_TRUE(cost.right) << name;
  EXPECT_LT(cost.seconds, 2 * kSlack) << name;
}

TEST(EditorLimits, BigManifestsAreEditedWithinTwoSeconds) {
  ExpectEdited("10 MB of comments", [] {
    return WithLines(Repeated("# " + std::string(97, 'c') + "\n", 104857), "status: {}");
  });
  ExpectEdited("100,000 comment lines", [] {
    return WithLines(Repeated("    # comment\n", 100'000), "    - --secure-port");
  });
  ExpectEdited("100,000 items", [] {
    return WithLines(Repeated("    - --feature-gates=A=true\n", 100'000), "    - --secure-port");
  });
  ExpectEdited("10 MB of items", [] {
    return WithLines(Repeated("    - --x=" + std::string(250, 'v') + "\n", 40'000),
                     "    - --secure-port");
  });
  ExpectEdited("100,000 annotations", [] {
    std::string lines;
    for (int i = 0; i < 100'000; ++i) lines += "    key" + std::to_string(i) + ": value\n";
    return WithLines(lines, "  creationTimestamp: null");
  });
  ExpectEdited("a line of 1 MB", [] {
    return WithLines("    note: " + std::string(1'000'000, 'n') + "\n",
                     "  creationTimestamp: null");
  });
}

struct Malice {
  std::string name;
  std::function<std::string()> make;
};

std::string Utf16(const std::string& text, bool big) {
  std::string wide = big ? "\xFE\xFF" : "\xFF\xFE";
  for (const char c : text) wide += big ? std::string{'\0', c} : std::string{c, '\0'};
  return wide;
}

std::string AliasBomb(const std::string& rest) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string number = std::to_string(i);
    std::string line = "a" + number + ": &a" + number + " [";
    for (int k = 0; k < 9; ++k) line += (k == 0 ? "*a" : ", *a") + std::to_string(i - 1);
    text += line + "]\n";
  }
  return text + rest;
}

std::vector<Malice> AllMalice() {
  const std::string pod(kKubeadmManifest);
  return {
      {"alias bomb", [pod] { return AliasBomb(pod); }},
      {"alias of itself", [pod] { return "a: &a [*a]\n" + pod; }},
      {"10,000 brackets",
       [pod] { return pod + "x: " + Repeated("[", 10'000) + Repeated("]", 10'000); }},
      {"10,000 braces",
       [pod] { return pod + "x: " + Repeated("{a: ", 10'000) + Repeated("}", 10'000); }},
      {"1,000,000 open brackets", [pod] { return pod + "x: " + Repeated("[", 1'000'000); }},
      {"10,000 dashes", [pod] { return pod + "x:\n" + Repeated("- ", 10'000) + "a\n"; }},
      {"10,000 question marks", [pod] { return pod + "x:\n " + Repeated("? ", 10'000) + "a\n"; }},
      {"5,000 indentations",
       [pod] {
         std::string text = pod + "x:\n";
         for (size_t i = 1; i < 5'000; ++i) text += std::string(i, ' ') + "a:\n";
         return text;
       }},
      {"10,000 open quotes", [pod] { return pod + Repeated("x: \"\n", 9'999); }},
      {"a NUL byte", [pod] { return pod + std::string("# \0\n", 4); }},
      {"a control character", [pod] { return pod + "# \x01\n"; }},
      {"UTF-16, little end first", [pod] { return Utf16(pod, false); }},
      {"UTF-16, big end first", [pod] { return Utf16(pod, true); }},
      {"bytes that are not UTF-8", [pod] { return pod + "# \xC3(\n"; }},
      {"20 MB", [] { return std::string(size_t{20} << 20U, '\n'); }},
  };
}

void ExpectRefused(const std::string& name, const std::function<bool()>& refuses) {
  const Cost cost = Measure(refuses);
  Report(name, cost);
  EXPECT_TRUE(cost.right) << name;
  EXPECT_LT(cost.seconds, 1 * kSlack) << name;
  EXPECT_LT(cost.megabytes, 200 * kSlack) << name;
}

TEST(EditorLimits, WhatExhaustsReadersIsRefusedInManifests) {
  for (const Malice& malice : AllMalice()) {
    ExpectRefused(malice.name, [&] {
      return !ApplyEdits(malice.make(), "kube-apiserver", {SetFlagEdit("profiling", "false")}).ok();
    });
  }
}

TEST(EditorLimits, WhatExhaustsReadersIsRefusedInConfigs) {
  v1::Edit edit;
  edit.mutable_set_config_key()->add_path()->set_key("kind");
  edit.mutable_set_config_key()->set_value_json("\"Other\"");
  for (const Malice& malice : AllMalice()) {
    ExpectRefused(malice.name, [&] { return !ApplyConfigEdits(malice.make(), {edit}).ok(); });
  }
}

// A plan is read where its author sits; only its depth is malice, not its size.
TEST(EditorLimits, WhatExhaustsReadersIsRefusedAsAPlan) {
  for (const Malice& malice : AllMalice()) {
    if (malice.name == "20 MB" || malice.name == "1,000,000 open brackets") continue;
    ExpectRefused(malice.name, [&] { return !CompilePlan(malice.make()).mistakes.empty(); });
  }
}

}  // namespace
}  // namespace belay
