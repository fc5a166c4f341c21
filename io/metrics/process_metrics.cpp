#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>

#include "io/metrics/operations.hpp"

namespace mesher::metrics {
namespace {

/// Resident bytes; 0 where there is no /proc.
double resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  unsigned long total = 0;
  unsigned long resident = 0;
  const int fields = std::fscanf(file, "%lu %lu", &total, &resident);
  static_cast<void>(std::fclose(file));
  return fields == 2 ? static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) : 0;
}

double cpu_seconds() {
  timespec spent{};
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent) != 0) return 0;
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) * 1e-9;
}

double count_entries(const char* directory) {
  DIR* opened = opendir(directory);
  if (opened == nullptr) return 0;
  double entries = 0;
  while (const dirent* entry = readdir(opened)) {
    if (entry->d_name[0] != '.') ++entries;
  }
  closedir(opened);
  return entries;
}

double open_files() {
  const double entries = count_entries("/proc/self/fd");
  return entries > 0 ? entries - 1 : 0;  // without the one that reads the directory
}

double max_files() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return static_cast<double>(limit.rlim_cur);
}

}  // namespace

void add_process_metrics(Metrics& metrics, const std::string& version) {
  metrics.gauge("mesher_build_info", "Always 1; the version is a label.", {{"version", version}}).set(1);
  metrics.gauge("mesher_process_start_time_seconds", "When the process started, Unix time.").set(std::time(nullptr));
  metrics.gauge_callback("mesher_process_resident_bytes", "Resident memory of the process.", {}, resident_bytes);
  metrics.gauge_callback("mesher_process_cpu_seconds", "Processor time used since the start, user and system.", {},
                         cpu_seconds);
  metrics.gauge_callback("mesher_process_open_files", "Open file descriptors.", {}, open_files);
  metrics.gauge_callback("mesher_process_max_files", "Limit of open file descriptors.", {}, max_files);
  metrics.gauge_callback("mesher_process_threads", "Threads of the process.", {},
                         [] { return count_entries("/proc/self/task"); });
}

}  // namespace mesher::metrics
