// Python's own web server over a folder: a real server that knows neither ranges nor etags.
#pragma once

#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hubdist/io/file.h>

extern char** environ;

namespace hubdist::testing {

class PythonServer {
 public:
  // port() is 0 where there is no Python.
  explicit PythonServer(const Path& folder) {
    int out[2];
    if (::pipe(out) != 0) return;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_addclose(&actions, out[0]);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    std::string argv[] = {"python3", "-u",        "-m",          "http.server",
                          "--bind",  "127.0.0.1", "--directory", folder.string(),
                          "0"};
    char* raw[std::size(argv) + 1] = {};
    for (std::size_t i = 0; i < std::size(argv); ++i) raw[i] = argv[i].data();
    if (::posix_spawnp(&process_, "python3", &actions, nullptr, raw, environ) != 0) process_ = 0;
    posix_spawn_file_actions_destroy(&actions);
    ::close(out[1]);
    read_port(out[0]);
    ::close(out[0]);
  }
  ~PythonServer() {
    if (process_ == 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  PythonServer(const PythonServer&) = delete;
  PythonServer& operator=(const PythonServer&) = delete;

  int port() const { return port_; }

 private:
  // "Serving HTTP on 127.0.0.1 port 12345 (http://127.0.0.1:12345/) ..."
  void read_port(int from) {
    std::string line;
    char c = 0;
    while (line.size() < 1000 && ::read(from, &c, 1) == 1 && c != '\n') line.push_back(c);
    const std::size_t at = line.find(" port ");
    if (at != line.npos) port_ = std::atoi(line.c_str() + at + 6);
  }

  pid_t process_ = 0;
  int port_ = 0;
};

}  // namespace hubdist::testing
