// belayctl within the test's own process: one command line, what it printed and its exit code.
#pragma once
#include <CLI/CLI.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/session.h"
#include "cli/verbs.h"
#include "tests/support/sim_clock.h"

namespace belay {

struct Ran {
  int code = -1;
  std::string out;
  std::string err;
};

// `arguments` begin with the verb.  Wrong usage that CLI11 finds is 2, as in main.
inline Ran RunVerb(void (*add)(CLI::App&, Session&), std::vector<std::string> arguments) {
  std::ostringstream out;
  std::ostringstream err;
  SimClock clock;
  Session session{out, err, clock, false, "", "5s", "table", {}};
  CLI::App root;
  root.fallthrough();
  root.add_option("--config", session.config_path);
  root.add_option("--timeout", session.timeout);
  root.add_option("-o,--output", session.output);
  add(root, session);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 wants it
  Ran ran;
  try {
    root.parse(std::move(reversed));
    ran.code = session.run();
  } catch (const CLI::ParseError& error) {
    ran.code = 2;
    err << error.what();
  }
  ran.out = out.str();
  ran.err = err.str();
  return ran;
}

}  // namespace belay
