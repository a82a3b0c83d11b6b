// Any bytes: the editor's reader refuses them or sees what kubelet's parser sees.
#include "node-agent/manifest/pod.h"
#include "tests/fuzz/support/check.h"
#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = belay::fuzz::TextOf(data, size);
  const std::string wrong = belay::fuzz::CheckReading(text);
  belay::fuzz::Require(wrong.empty(), wrong, text);
  const auto pod = belay::ReadPod(text);
  belay::fuzz::Require(pod.ok() || !pod.status().message().empty(), "a refusal without a word",
                       text);
  return 0;
}
