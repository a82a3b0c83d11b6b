// Any bytes as agent.yaml and as server.yaml: refused with a word, or read; what is read is written
// and read back as the same.
#include "node-agent/driver/config.h"
#include "server/driver/server_config.h"
#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = belay::fuzz::TextOf(data, size);
  const auto agent = belay::ParseAgentConfig(text, "agent.yaml");
  if (agent.ok()) {
    const auto again = belay::ParseAgentConfig(belay::FormatAgentConfig(*agent), "agent.yaml");
    belay::fuzz::Require(again.ok() && *again == *agent, "agent.yaml is not read back", text);
  } else {
    belay::fuzz::Require(!agent.status().message().empty(), "a refusal without a word", text);
  }
  const auto server = belay::ParseServerConfig(text, "server.yaml");
  belay::fuzz::Require(server.ok() || !server.status().message().empty(),
                       "a refusal without a word", text);
  return 0;
}
