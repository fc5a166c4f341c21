#include "graph/base/thread.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

namespace mesher {
namespace {

// Ten steps are a tenth of the processor time of an equally busy thread (see sched(7)): enough never to stand still,
// too little to be felt.
constexpr int kNice = 10, kNiceToAll = 19;

}  // namespace

void name_thread(const char* name) noexcept {
  pthread_setname_np(pthread_self(), name);
}

void begin_yielding_thread(const char* name) noexcept {
  name_thread(name);
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
}

void begin_last_thread(const char* name) noexcept {
  name_thread(name);
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceToAll);
}

void make_yielding(pid_t process) noexcept {
  setpriority(PRIO_PROCESS, static_cast<id_t>(process), kNice);
  // A process in a session of its own, as every one of PostgreSQL's, is scheduled as a group of its own where there are
  // no control groups: then only the group's nice value counts (autogroup in sched(7)).
  char path[48];
  std::snprintf(path, sizeof path, "/proc/%d/autogroup", static_cast<int>(process));
  const int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  char value[8];
  const int length = std::snprintf(value, sizeof value, "%d", kNice);
  [[maybe_unused]] const auto written = write(file, value, static_cast<size_t>(length));
  close(file);
}

}  // namespace mesher
