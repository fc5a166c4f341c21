#pragma once

#include <sys/types.h>

/// Names of threads, as top and perf show them, and who goes first when there are fewer cores than work: what senders
/// wait for (the HTTP and journal threads) before what the journal keeps safe meanwhile (the graph, the writers and
/// their PostgreSQL sessions), and that before questions (the API's threads and sessions). So a burst is acknowledged
/// at the disk's speed and stored as soon as there is time, and those who ask all the time don't hold back the storing.
namespace mesher {

/// To whom a thread or process gives way; also its nice value. Between equally busy ones each five steps make a
/// difference of about three times in processor time (see sched(7)): enough never to stand still.
enum class Yielding : int { no = 0, to_senders = 10, to_storing = 15 };

/// Names the calling thread; at most 15 characters. Threads begin with their maker's name.
void name_thread(const char* name) noexcept;

/// name_thread(), and from now on the calling thread lets others go first. For good.
void begin_yielding_thread(const char* name, Yielding yielding = Yielding::to_senders) noexcept;

/// The same for another process of this machine, in so far as we may. It need not exist any more.
void make_yielding(pid_t process, Yielding yielding = Yielding::to_senders) noexcept;

}  // namespace mesher
