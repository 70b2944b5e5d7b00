#include "cli/dedupe_outputs.h"

#include <hubdist/base/strings.h>

namespace hubdist::cli {
namespace {

Status check_output(FileSystem& fs, const Path& path,
                    const std::vector<DedupeArgument>& arguments) {
  const Path folder = path.has_parent_path() ? path.parent_path() : Path(".");
  HUBDIST_ASSIGN(const FileInfo parent, fs.info(folder));
  if (parent.type != FileType::kDirectory)
    return invalid_argument(folder.native(), " is no folder to write a report into");
  // Writing replaces the entry at `path`: that must not be a device, a link to one (/dev/stdout) or
  // a file that is compared.
  const Result<FileInfo> there = fs.link_info(path);
  if (!there.ok())
    return there.status().code() == StatusCode::kNotFound ? Status() : there.status();
  if (there->type != FileType::kFile)
    return invalid_argument(path.native(), " is not a file: name one for the report");
  for (const DedupeArgument& argument : arguments) {
    if (argument.on_hub || argument.path == "-") continue;
    const Result<FileInfo> source = fs.info(argument.path);
    if (source.ok() && source->device == there->device && source->inode == there->inode)
      return invalid_argument(path.native(),
                              " is compared itself; a report would replace it: name another file");
  }
  return {};
}

}  // namespace

Status check_outputs(FileSystem& fs, const DedupeOutputs& outputs,
                     const std::vector<DedupeArgument>& arguments) {
  for (const Path& path : {outputs.html, outputs.svg})
    if (!path.empty()) HUBDIST_TRY(check_output(fs, path, arguments));
  if (!outputs.html.empty() && outputs.html == outputs.svg)
    return invalid_argument(outputs.html.native(), " cannot hold both the page and the image");
  return {};
}

Result<std::vector<Path>> write_outputs(FileSystem& fs, const DedupeOutputs& outputs,
                                        const DedupeReport& report) {
  std::vector<Path> written;
  if (!outputs.html.empty()) {
    HUBDIST_TRY(write_file_atomic(fs, outputs.html, as_bytes(to_html(report))));
    written.push_back(outputs.html);
  }
  if (!outputs.svg.empty()) {
    HUBDIST_TRY(write_file_atomic(fs, outputs.svg, as_bytes(to_svg(report))));
    written.push_back(outputs.svg);
  }
  return written;
}

}  // namespace hubdist::cli
