// Asks the real etcd of --etcd-servers for /health, over TLS where the address says https.
#pragma once
#include <string>

namespace belay::standin {

struct EtcdEndpoint {
  std::string url;                   // http://HOST:PORT or https://HOST:PORT
  std::string ca, certificate, key;  // files as the host sees them; only for https
};

// Blocks for at most about a second per step of the conversation.
bool EtcdHealthy(const EtcdEndpoint& endpoint);

}  // namespace belay::standin
