// The bytes choose a pod in one of the styles that occur, edits that fit it, and sometimes damage.
#include "tests/fuzz/support/check.h"
#include "tests/fuzz/support/pod_maker.h"
#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using belay::fuzz::Ending;
  belay::fuzz::Choices choices(belay::fuzz::TextOf(data, size));
  const bool damaged = choices.OneIn(3);
  belay::fuzz::MadePod pod = belay::fuzz::MakePod(choices);
  if (damaged) pod.text = belay::fuzz::Damage(choices, pod.text);
  const std::string reading = belay::fuzz::CheckReading(pod.text);
  belay::fuzz::Require(reading.empty(), reading, pod.text);
  do {
    const belay::v1::Edit edit = belay::fuzz::MakeEdit(choices, pod);
    const belay::fuzz::Verdict verdict = belay::fuzz::CheckPodEdit(pod.text, pod.manifest, edit);
    if (verdict.ending == Ending::Wrong)
      belay::fuzz::Wrong(edit.ShortDebugString() + "\n" + verdict.what, pod.text);
  } while (!choices.used_up());
  return 0;
}
