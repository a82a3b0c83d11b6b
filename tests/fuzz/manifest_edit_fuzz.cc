// Any text with any edit of it.  The text goes up to the first NUL; the bytes behind it choose the
// edit.  The oracle judges every result.
#include <algorithm>

#include "tests/fuzz/support/check.h"
#include "tests/fuzz/support/pod_maker.h"
#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using belay::fuzz::Ending;
  const std::string_view input = belay::fuzz::TextOf(data, size);
  const size_t nul = std::min(input.find('\0'), input.size());
  const std::string_view text = input.substr(0, nul);
  belay::fuzz::Choices choices(nul < input.size() ? input.substr(nul + 1) : "");
  belay::fuzz::MadePod pod;
  pod.manifest = choices.OneIn(4) ? "etcd" : "kube-apiserver";
  do {
    const belay::v1::Edit edit = belay::fuzz::MakeEdit(choices, pod);
    const belay::fuzz::Verdict verdict = belay::fuzz::CheckPodEdit(text, pod.manifest, edit);
    if (verdict.ending == Ending::Wrong)
      belay::fuzz::Wrong(edit.ShortDebugString() + "\n" + verdict.what, text);
  } while (!choices.used_up());
  return 0;
}
