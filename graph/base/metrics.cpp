#include "graph/base/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "graph/base/assert.hpp"

namespace mesher {
namespace {

struct Series {
  Labels labels;
  std::unique_ptr<Counter> counter;
  std::unique_ptr<Gauge> gauge;
  std::unique_ptr<Histogram> histogram;
  std::function<double()> read;
};

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string braces(const Labels& labels, std::string_view extra = {}) {
  if (labels.empty() && extra.empty()) return {};
  std::string out = "{";
  for (const auto& [key, value] : labels) {
    if (out.size() > 1) out += ',';
    out += fmt::format("{}=\"{}\"", key, escaped(value));
  }
  if (!extra.empty()) {
    if (out.size() > 1) out += ',';
    out += extra;
  }
  return out + "}";
}

}  // namespace

void Histogram::observe(double seconds) noexcept {
  const auto at = std::lower_bound(kBounds.begin(), kBounds.end(), seconds);
  buckets_[static_cast<std::size_t>(at - kBounds.begin())].fetch_add(1, std::memory_order_relaxed);
  sum_ns_.fetch_add(static_cast<std::uint64_t>(std::max(0.0, seconds) * 1e9), std::memory_order_relaxed);
}

std::uint64_t Histogram::count() const noexcept {
  std::uint64_t total = 0;
  for (const auto& b : buckets_) total += b.load(std::memory_order_relaxed);
  return total;
}

struct Metrics::Family {
  std::string name;
  std::string help;
  std::string type;
  std::vector<std::unique_ptr<Series>> series;

  Series& find_or_add(const Labels& labels) {
    for (const auto& s : series) {
      if (s->labels == labels) return *s;
    }
    series.push_back(std::make_unique<Series>());
    series.back()->labels = labels;
    return *series.back();
  }
};

Metrics::Metrics() = default;
Metrics::~Metrics() = default;

Metrics::Family& Metrics::family(std::string_view name, std::string_view help, std::string_view type) {
  for (const auto& f : families_) {
    if (f->name == name) {
      MESHER_ASSERT(f->type == type);
      return *f;
    }
  }
  families_.push_back(std::make_unique<Family>());
  auto& made = *families_.back();
  made.name = name;
  made.help = help;
  made.type = type;
  return made;
}

Counter& Metrics::counter(std::string_view name, std::string_view help, const Labels& labels) {
  const std::lock_guard lock(mutex_);
  auto& series = family(name, help, "counter").find_or_add(labels);
  if (!series.counter) series.counter = std::make_unique<Counter>();
  return *series.counter;
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  const std::lock_guard lock(mutex_);
  auto& series = family(name, help, "gauge").find_or_add(labels);
  if (!series.gauge) series.gauge = std::make_unique<Gauge>();
  return *series.gauge;
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, const Labels& labels) {
  const std::lock_guard lock(mutex_);
  auto& series = family(name, help, "histogram").find_or_add(labels);
  if (!series.histogram) series.histogram = std::make_unique<Histogram>();
  return *series.histogram;
}

void Metrics::gauge_callback(std::string_view name, std::string_view help, const Labels& labels,
                             std::function<double()> read) {
  const std::lock_guard lock(mutex_);
  family(name, help, "gauge").find_or_add(labels).read = std::move(read);
}

void Metrics::remove_with_label(std::string_view label, std::string_view value) {
  const std::lock_guard lock(mutex_);
  for (const auto& f : families_) {
    std::erase_if(f->series, [&](const std::unique_ptr<Series>& s) {
      return std::any_of(s->labels.begin(), s->labels.end(),
                         [&](const auto& pair) { return pair.first == label && pair.second == value; });
    });
  }
}

std::string Metrics::expose() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  auto to = std::back_inserter(out);
  for (const auto& f : families_) {
    if (f->series.empty()) continue;
    fmt::format_to(to, "# HELP {} {}\n# TYPE {} {}\n", f->name, f->help, f->name, f->type);
    for (const auto& s : f->series) {
      if (s->counter) {
        fmt::format_to(to, "{}{} {}\n", f->name, braces(s->labels), s->counter->value());
      } else if (s->gauge) {
        fmt::format_to(to, "{}{} {}\n", f->name, braces(s->labels), s->gauge->value());
      } else if (s->histogram) {
        std::uint64_t running = 0;
        for (std::size_t i = 0; i < Histogram::kBounds.size(); ++i) {
          running += s->histogram->bucket(i);
          fmt::format_to(to, "{}_bucket{} {}\n", f->name,
                         braces(s->labels, fmt::format("le=\"{}\"", Histogram::kBounds[i])), running);
        }
        running += s->histogram->bucket(Histogram::kBounds.size());
        fmt::format_to(to, "{}_bucket{} {}\n", f->name, braces(s->labels, "le=\"+Inf\""), running);
        fmt::format_to(to, "{}_sum{} {}\n{}_count{} {}\n", f->name, braces(s->labels), s->histogram->sum(), f->name,
                       braces(s->labels), running);
      } else if (s->read) {
        fmt::format_to(to, "{}{} {}\n", f->name, braces(s->labels), s->read());
      }
    }
  }
  return out;
}

}  // namespace mesher
