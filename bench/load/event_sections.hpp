#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "bench/load/event_maker.hpp"
#include "bench/load/event_words.hpp"

/// The parts of an event that have nothing to do with its stack. For event_maker.cpp alone.
namespace mesher::bench::sections {

using Json = nlohmann::ordered_json;

/// A slot inside a value is written as {{kind length}} ...
[[nodiscard]] std::string slot(std::string_view kind, int length);
[[nodiscard]] std::string number(int digits);
[[nodiscard]] std::string hex(int digits);
/// ... and found again in the finished text, where zeros take its place.
[[nodiscard]] EventBody with_slots(std::string_view marked);

/// `path` chooses what was done before the error, `random` the numbers in it: events of one issue share their path.
[[nodiscard]] Json breadcrumbs(std::string_view service, std::int64_t now_ms, Random& path, Random& random);
[[nodiscard]] Json contexts(const words::Browser& browser, const words::Device& device);
[[nodiscard]] Json tags(std::string_view service, const words::Browser& browser, const words::Device& device,
                        Random& random);
[[nodiscard]] Json user(Random& random);
[[nodiscard]] Json request(std::string_view method, std::string_view path, const words::Browser& browser,
                           Random& random);

}  // namespace mesher::bench::sections
