#pragma once

#include "graph/base/metrics.hpp"

namespace mesher::io::journal {

/// What the journal counts, looked up once. Any thread.
struct Figures {
  explicit Figures(Metrics& metrics)
      : bytes(metrics.gauge("mesher_journal_bytes", "Bytes of the journal on disk")),
        waiting(metrics.gauge("mesher_journal_records_waiting", "Records appended and not yet released")),
        appended_records(metrics.counter("mesher_journal_appended_records_total", "Records made durable")),
        appended_bytes(metrics.counter("mesher_journal_appended_bytes_total", "Bytes made durable, with framing")),
        groups(metrics.counter("mesher_journal_groups_total", "Group commits: one write and one fdatasync each")),
        refused_records(metrics.counter("mesher_journal_refused_records_total", "Records that were refused")),
        damaged_records(metrics.counter("mesher_journal_damaged_records_total", "Damaged records that were skipped")),
        damaged_bytes(metrics.counter("mesher_journal_damaged_bytes_total", "Damaged bytes that were skipped")),
        fsync(metrics.histogram("mesher_journal_fsync_seconds", "Duration of a group's fdatasync")) {}

  Gauge& bytes;
  Gauge& waiting;
  Counter& appended_records;
  Counter& appended_bytes;
  Counter& groups;
  Counter& refused_records;
  Counter& damaged_records;
  Counter& damaged_bytes;
  Histogram& fsync;
};

}  // namespace mesher::io::journal
