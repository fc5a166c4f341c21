#pragma once

#include <sys/types.h>

/// Names of threads, as top and perf show them, and who goes first when there are fewer cores than work: what clients
/// wait for (the HTTP and journal threads) before what the journal keeps safe meanwhile (the graph and the writers),
/// and these and their PostgreSQL sessions before questions and housekeeping. So a burst is acknowledged at the disk's
/// speed and stored as soon as there is time, and who asks all the time does not hold up storing.
namespace mesher {

/// Names the calling thread; at most 15 characters. Threads begin with their maker's name.
void name_thread(const char* name) noexcept;

/// name_thread(), and from now on the calling thread lets threads that are not yielding go first. For good.
void begin_yielding_thread(const char* name) noexcept;

/// begin_yielding_thread(), behind the yielding ones too.
void begin_last_thread(const char* name) noexcept;

/// What begin_yielding_thread() does, for another process of this machine, in so far as we may. It need not exist any
/// more.
void make_yielding(pid_t process) noexcept;

}  // namespace mesher
