// A CA, and certificates of it as files in a temporary directory, for tests that speak TLS.  The
// constructor also calls RequireTls13, so make one before anything of gRPC.
//
// Failing to make a certificate ends the test program: there is nothing to test then.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "common/crypto/x509.h"
#include "common/rpc/tls.h"

namespace belay {

class TestPki {
 public:
  TestPki();
  TestPki(const TestPki&) = delete;
  TestPki& operator=(const TestPki&) = delete;
  ~TestPki();  // removes the directory

  static std::int64_t Now();  // Unix seconds of the system, as TLS libraries see them
  const std::string& directory() const { return directory_; }
  const KeyPair& ca() const { return ca_; }
  std::string ca_hash() const;

  TlsFiles Server();
  TlsFiles Node(const std::string& cluster, const std::string& node);
  TlsFiles Operator(const std::string& name);
  // Writes the pair beside this CA's certificate.
  TlsFiles Write(const KeyPair& pair);

 private:
  TlsFiles IssueTo(const Identity& identity);

  std::string directory_;
  KeyPair ca_;
  int written_ = 0;
};

// A certificate that belay never issues: with these names, dates and purposes and a fresh key.
struct Forgery {
  std::string common_name = "node-1";
  std::vector<std::string> uris;
  std::vector<std::string> dns_names;
  std::int64_t not_before_unix = 0;
  std::int64_t not_after_unix = 0;
  const char* purposes = "serverAuth,clientAuth";
};
KeyPair Forge(const KeyPair& ca, const Forgery& forgery);

}  // namespace belay
