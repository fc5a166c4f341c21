#include "io/postgres/params.hpp"

#include <fmt/format.h>

#include <iterator>

#include "io/postgres/clean_text.hpp"
#include "io/postgres/rows.hpp"

namespace mesher::postgres {
namespace {

void append_quoted(std::string& out, std::string_view value) {
  out += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

template <class Values, class Append>
void append_array(std::string& out, const Values& values, Append append) {
  out += '{';
  bool first = true;
  for (const auto& value : values) {
    if (!first) out += ',';
    first = false;
    append(value);
  }
  out += '}';
}

}  // namespace

void Params::begin() {
  slots_.push_back({data_.size(), 0, false, false});
}

void Params::end(bool binary) {
  auto& slot = slots_.back();
  slot.length = static_cast<int>(data_.size() - slot.begin);
  slot.binary = binary;
  data_ += '\0';
}

Params& Params::null() {
  begin();
  slots_.back().null = true;
  return *this;
}

Params& Params::text(std::string_view value) {
  begin();
  append_clean(data_, value);
  end();
  return *this;
}

Params& Params::text_or_null(std::string_view value) {
  return value.empty() ? null() : text(value);
}

Params& Params::integer(std::int64_t value) {
  begin();
  fmt::format_to(std::back_inserter(data_), "{}", value);
  end();
  return *this;
}

Params& Params::real(double value) {
  begin();
  fmt::format_to(std::back_inserter(data_), "{}", value);
  end();
  return *this;
}

Params& Params::boolean(bool value) {
  return text(value ? "t" : "f");
}

Params& Params::time(UnixMicros value) {
  return text(timestamp_text(value));
}

Params& Params::bytes(std::string_view value) {
  begin();
  data_ += value;
  end(true);
  return *this;
}

Params& Params::integers(std::span<const std::int64_t> values) {
  begin();
  append_array(data_, values, [this](std::int64_t value) { fmt::format_to(std::back_inserter(data_), "{}", value); });
  end();
  return *this;
}

Params& Params::texts(std::span<const std::string_view> values) {
  begin();
  std::string clean;
  append_array(data_, values, [&](std::string_view value) {
    clean.clear();
    append_clean(clean, value);
    append_quoted(data_, clean);
  });
  end();
  return *this;
}

Params& Params::texts(std::span<const std::string> values) {
  const std::vector<std::string_view> views(values.begin(), values.end());
  return texts(std::span<const std::string_view>(views));
}

Params& Params::times(std::span<const UnixMicros> values) {
  begin();
  append_array(data_, values, [this](UnixMicros value) { append_quoted(data_, timestamp_text(value)); });
  end();
  return *this;
}

Params& Params::bytes_array(std::span<const std::string_view> values) {
  begin();
  append_array(data_, values, [this](std::string_view value) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    data_ += "\"\\\\x";
    for (const char c : value) {
      const auto byte = static_cast<unsigned char>(c);
      data_ += kDigits[byte >> 4];
      data_ += kDigits[byte & 15];
    }
    data_ += '"';
  });
  end();
  return *this;
}

}  // namespace mesher::postgres
