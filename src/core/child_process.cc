#include "core/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace plumb {
namespace {

constexpr std::size_t kMaxMessages = 64 << 10;

std::string ReadToEnd(int fd) {
  std::string text;
  std::array<char, 4096> buffer;
  while (true) {
    const ssize_t count = read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    if (text.size() < kMaxMessages) text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace

StatusOr<ProcessEnd> RunProcess(const std::vector<std::string>& command,
                                const std::string& folder) {
  std::array<int, 2> messages;
  if (pipe2(messages.data(), O_CLOEXEC) != 0) {
    return Unavailable("no pipe: ", std::generic_category().message(errno));
  }
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, messages[1], 2);
  if (!folder.empty()) posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  pid_t child = 0;
  const int error =
      posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(messages[1]);
  ProcessEnd end;
  if (error == 0) end.messages = ReadToEnd(messages[0]);
  close(messages[0]);
  if (error != 0) {
    return NotFound("'", command[0], "' cannot be run: ", std::generic_category().message(error));
  }
  int state = 0;
  while (waitpid(child, &state, 0) < 0) {
    if (errno != EINTR) return Internal("'", command[0], "' was lost");
  }
  end.success = WIFEXITED(state) && WEXITSTATUS(state) == 0;
  return end;
}

}  // namespace plumb
