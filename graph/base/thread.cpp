#include "graph/base/thread.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

namespace mesher {

void name_thread(const char* name) noexcept {
  pthread_setname_np(pthread_self(), name);
}

void begin_yielding_thread(const char* name, Yielding yielding) noexcept {
  name_thread(name);
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), static_cast<int>(yielding));
}

void make_yielding(pid_t process, Yielding yielding) noexcept {
  const int nice = static_cast<int>(yielding);
  setpriority(PRIO_PROCESS, static_cast<id_t>(process), nice);
  // A process in a session of its own, as every one of PostgreSQL's, is scheduled as a group of its own where there are
  // no control groups: then only the group's nice value counts (autogroup in sched(7)).
  char path[48];
  std::snprintf(path, sizeof path, "/proc/%d/autogroup", static_cast<int>(process));
  const int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  char value[8];
  const int length = std::snprintf(value, sizeof value, "%d", nice);
  [[maybe_unused]] const auto written = write(file, value, static_cast<size_t>(length));
  close(file);
}

}  // namespace mesher
