// Who is at this machine, as the kernel knows it: for records of what somebody did by hand.
#pragma once
#include <string>

namespace belay {

// "root", or "root (logged in as alice)" where the session was opened by another user than the one
// it runs as now.  A user without a name is his number.
std::string LocalUser();

}  // namespace belay
