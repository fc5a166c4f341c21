#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "graph/base/assert.hpp"
#include "graph/base/error.hpp"

namespace mesher {

/// A value or an Error, in the shape of C++23's std::expected (which libstdc++ 12 has not in C++20).
/// `value()` of an error, and `error()` of a value, are programmer errors.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & {
    MESHER_ASSERT(has_value());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    MESHER_ASSERT(has_value());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    MESHER_ASSERT(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& {
    MESHER_ASSERT(!has_value());
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    MESHER_ASSERT(!has_value());
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  std::variant<T, Error> state_;
};

/// Success or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  const Error& error() const& {
    MESHER_ASSERT(error_.has_value());
    return *error_;
  }
  Error&& error() && {
    MESHER_ASSERT(error_.has_value());
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace mesher
