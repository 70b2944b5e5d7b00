// The files that a comparison is written to.
#pragma once

#include <string>
#include <vector>

#include <hubdist/client/dedupe.h>

namespace hubdist::cli {

struct DedupeOutputs {
  Path html;  // empty: none
  Path svg;
};

// Before the work: that each can be written, and is none of what is compared. NotFound for a folder
// that is missing, InvalidArgument for what is not a file.
Status check_outputs(FileSystem& fs, const DedupeOutputs& outputs,
                     const std::vector<DedupeArgument>& arguments);
// Each whole or not at all. Returns the paths written.
Result<std::vector<Path>> write_outputs(FileSystem& fs, const DedupeOutputs& outputs,
                                        const DedupeReport& report);

}  // namespace hubdist::cli
