#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/result.hpp"

/// What `mesher demo` tells: a small shop of six services and what goes wrong in them within a fortnight. Written by
/// hand in io/demo/stories, embedded into the program.
namespace mesher::demo {

/// Days of the fortnight count from 0; its end, 14, is now.
constexpr double kDays = 14;

struct Release {
  std::string name;
  double day = 0;  ///< when it was deployed; below 0: before the fortnight
};

enum class Kind : std::uint8_t { browser, server, phone };

struct Service {
  std::string name, platform, sdk_name, sdk_version, runtime, runtime_version;
  Kind kind = Kind::server;
  std::vector<std::string> hosts;
  std::vector<Release> releases;  ///< in the order of deployment
  std::string breadcrumbs;        ///< JSON array of templates; some of them precede each event
};

/// Events at a steady rate (higher by day and on working days), or a burst.
struct Piece {
  double from = 0, to = 0;  ///< days
  double events = 0;
  bool burst = false;
};

/// Something that a person does to the issue of a story.
struct Action {
  double day = 0;
  std::string who;     ///< nickname
  std::string what;    ///< assign, comment, resolve, resolve_next_release, archive
  std::string detail;  ///< assign: nickname or "team"; comment: the text; archive: what ends it, as JSON, or empty
};

struct UserReport {
  double day = 0;
  std::string name, email, comments;
};

/// One thing that goes wrong. `event`, `path` and the breadcrumbs hold slots, which the EventMaker fills: `${order}`,
/// `${sku}`, `${n:1-9}` and so on.
struct Story {
  std::string name;
  std::size_t service = 0;
  std::string environment;  ///< empty: mostly production
  std::string path, method, user_agent;
  std::vector<std::string> not_in;  ///< releases that are free of it
  std::string event;                ///< JSON
  double weight = 0;                ///< its share of what comes in after the fortnight
  std::vector<Piece> schedule;
  std::optional<Piece> limited;  ///< a burst that a rate limit refused: it is in the outcomes only
  std::vector<Action> actions;
  std::vector<UserReport> reports;
};

struct Material {
  std::vector<Service> services;
  std::vector<Story> stories;
};

struct StoryFile {
  std::string name;  ///< "services", or any other for a file of stories
  std::string text;
};

/// The embedded files.
[[nodiscard]] std::vector<StoryFile> built_in_files();

/// Error: invalid, with file and story.
[[nodiscard]] Result<Material> read_material(const std::vector<StoryFile>& files);

}  // namespace mesher::demo
