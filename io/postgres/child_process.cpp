#include "io/postgres/child_process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>

extern char** environ;

namespace mesher::postgres {
namespace {

/// Everything the child needs, made before the fork: afterwards only async-signal-safe calls are allowed.
struct Prepared {
  std::vector<char*> arguments, environment;
  std::string output;
  std::optional<int> input_from, output_to;
};

Prepared prepare(const Command& command) {
  Prepared prepared;
  for (const auto& argument : command.arguments) prepared.arguments.push_back(const_cast<char*>(argument.c_str()));
  prepared.arguments.push_back(nullptr);
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with("PG")) prepared.environment.push_back(*variable);
  }
  for (const auto& variable : command.environment) prepared.environment.push_back(const_cast<char*>(variable.c_str()));
  prepared.environment.push_back(nullptr);
  prepared.input_from = command.input_from;
  prepared.output_to = command.output_to;
  prepared.output = command.output.empty() ? "/dev/null" : command.output;
  return prepared;
}

[[noreturn]] void become(const Prepared& prepared, const std::optional<RunAs>& run_as) {
  setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD}) ::signal(signal, SIG_DFL);
  const int input = prepared.input_from ? *prepared.input_from : open("/dev/null", O_RDONLY);
  const int output = open(prepared.output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (input < 0 || output < 0) _exit(126);
  dup2(input, 0);
  dup2(prepared.output_to ? *prepared.output_to : output, 1);
  dup2(output, 2);
  close_range(3, ~0U, 0);
  umask(0077);
  if (run_as && (setgroups(0, nullptr) != 0 || setgid(run_as->gid) != 0 || setuid(run_as->uid) != 0)) _exit(126);
  execve(prepared.arguments[0], prepared.arguments.data(), prepared.environment.data());
  _exit(127);
}

}  // namespace

Result<pid_t> spawn(const Command& command) {
  const auto prepared = prepare(command);
  const pid_t pid = fork();
  if (pid == 0) become(prepared, command.run_as);
  if (pid < 0) return Error{ErrorCode::unavailable, std::string("can't start a process: ") + std::strerror(errno), {}};
  return pid;
}

Result<int> run_and_wait(const Command& command) {
  const auto pid = spawn(command);
  if (!pid) return pid.error();
  return wait_for_end(*pid);
}

Result<int> wait_for_end(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return Error{ErrorCode::internal, std::string("waitpid: ") + std::strerror(errno), {}};
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string tail_of(const std::string& path, std::size_t bytes) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return {};
  const auto size = static_cast<std::size_t>(std::max<std::streamoff>(0, file.tellg()));
  const auto wanted = std::min(size, bytes);
  file.seekg(static_cast<std::streamoff>(size - wanted));
  std::string text(wanted, '\0');
  file.read(text.data(), static_cast<std::streamsize>(wanted));
  return text;
}

}  // namespace mesher::postgres
