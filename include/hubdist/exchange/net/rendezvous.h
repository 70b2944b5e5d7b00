// How the processes of one user on one machine find their tracker and trust each other.
#pragma once

#include <memory>

#include <hubdist/exchange/net/node.h>
#include <hubdist/io/file.h>

namespace hubdist {

// $HUBDIST_HOME, else $XDG_STATE_HOME/hubdist, else ~/.local/state/hubdist; made with mode 0700.
Result<Path> hubdist_home(FileSystem& fs);

// The per-user key in `home` (a file of mode 0600, made when missing; FailedPrecondition when
// others could read it): who has it may take part on this machine.
Result<Secret> exchange_key(FileSystem& fs, const Path& home);

// tracker=auto: the first process takes a flock on `home`/tracker.lock, carries the tracker and
// writes its address; when it leaves, the next one to look takes over. Thread-safe; keeps the
// tracker that it carries until it is destroyed.
class AutoTracker {
 public:
  AutoTracker(FileSystem& fs, Path home, Secret key);
  ~AutoTracker();
  // The address of the living tracker; becomes the tracker when there is none.
  Result<std::string> locate();
  bool carries() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hubdist
