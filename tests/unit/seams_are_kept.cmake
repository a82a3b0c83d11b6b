# Clocks, sleeps, random numbers and std::filesystem belong behind the seams of common/os: a direct use anywhere else
# cannot be simulated and so is never tested.  Run by ctest: cmake -DSOURCE=<root> -P seams_are_kept.cmake
set(banned
  "std::filesystem" "<filesystem>"
  "(system|steady|high_resolution)_clock::now" "sleep_for" "sleep_until" "[^_a-zA-Z0-9](u|nano)?sleep *\\("
  "absl::SleepFor" "absl::Now *\\(" "[^_a-zA-Z0-9:.>]time *\\((NULL|nullptr|0)\\)" "gettimeofday" "clock_gettime"
  "[^_a-zA-Z0-9]s?rand(om)? *\\(" "std::random_device" "mt19937" "getrandom")
file(GLOB_RECURSE files ${SOURCE}/common/*.h ${SOURCE}/common/*.cc ${SOURCE}/node-agent/*.h ${SOURCE}/node-agent/*.cc
  ${SOURCE}/server/*.h ${SOURCE}/server/*.cc ${SOURCE}/cli/*.h ${SOURCE}/cli/*.cc)
list(FILTER files EXCLUDE REGEX "/common/os/")
# A timed wait on the mailbox is the loop thread's own pulse; nothing is decided by it.
list(FILTER files EXCLUDE REGEX "/common/loop/mailbox\\.h$")
list(LENGTH files count)
if(count LESS 20)
  message(FATAL_ERROR "only ${count} files found below ${SOURCE}: this test looks at nothing")
endif()
set(wrong "")
foreach(file IN LISTS files)
  foreach(pattern IN LISTS banned)
    file(STRINGS ${file} lines REGEX "${pattern}")
    foreach(line IN LISTS lines)
      string(STRIP "${line}" line)
      if(NOT line MATCHES "^//")
        string(APPEND wrong "${file}: ${line}\n")
      endif()
    endforeach()
  endforeach()
endforeach()
if(wrong)
  message(FATAL_ERROR "used outside of common/os; go through the seam there instead:\n${wrong}")
endif()
message(STATUS "${count} files keep to the seams")
