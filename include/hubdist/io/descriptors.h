// File descriptors: how many there are, and whose they are.
#pragma once

#include <cstddef>

namespace hubdist {

// Keeps a lock or a socket that was just opened to this process. In a child made by fork() its
// descriptor is /dev/null from the first instant (under the same number, which its owner may still
// close there), and a program that is executed does not get it: else the locks and connections of a
// process that died would live on in its children. Thread-safe; nothing is to be done when the
// descriptor is closed. Knows the first 65,536 descriptors.
void keep_from_children(int descriptor);

// How many descriptors this process may have open (RLIMIT_NOFILE); at least 1.
std::size_t descriptor_limit();

}  // namespace hubdist
