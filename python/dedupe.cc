// client/: versions of files, folders, snapshots and buffers compared.
#include <algorithm>
#include <deque>
#include <mutex>
#include <optional>
#include <tuple>
#include <variant>

#include "bindings.h"
#include "blocking.h"
#include "buffer.h"
#include "handle.h"
#include "memory_files.h"
#include <hubdist/client/dedupe.h>

namespace hubdist::python {
namespace {

// Tells a Python callable, in order: the name of each version that is downloaded, the download's
// ProgressEvents, and the latest DedupeProgress.
class ComparisonProgress final : public Teller {
 public:
  explicit ComparisonProgress(py::object callable) : callable_(share(std::move(callable))) {}

  ProgressSink add_download(std::string name) {
    const auto queue = std::make_shared<ProgressQueue>(callable_);
    const std::lock_guard lock(mutex_);
    downloads_.push_back({std::move(name), queue, false});
    return queue->sink(queue);
  }
  void set(const DedupeProgress& progress) {
    const std::lock_guard lock(mutex_);
    latest_ = progress;
  }

  void deliver() override {
    std::vector<Download> downloads;
    std::optional<DedupeProgress> progress;
    {
      const std::lock_guard lock(mutex_);
      downloads = downloads_;
      for (Download& download : downloads_) download.announced = true;
      progress.swap(latest_);
    }
    for (const Download& download : downloads) {
      if (!download.announced) (*callable_)(to_str(download.name));
      download.events->deliver();
    }
    if (progress) (*callable_)(*std::move(progress));
  }

 private:
  struct Download {
    std::string name;
    std::shared_ptr<ProgressQueue> events;
    bool announced = false;
  };

  SharedObject callable_;
  std::mutex mutex_;
  std::vector<Download> downloads_;
  std::optional<DedupeProgress> latest_;
};

// A version: its name, and what it is: a content, a path or a URI, a path.
using Version = std::tuple<py::bytes, std::variant<py::buffer, py::str, Path>>;

// The arguments of a comparison, and the buffers that they borrow.
struct Arguments {
  MemoryFiles files;
  std::deque<BufferBytes> buffers;
  std::vector<DedupeArgument> list;

  void add(const Version& version) {
    const std::string name = std::get<0>(version);
    const auto& content = std::get<1>(version);
    DedupeArgument argument;
    if (const auto* path = std::get_if<Path>(&content))
      argument.path = *path;
    else if (const auto* text = std::get_if<py::str>(&content))
      argument = unwrap(parse_dedupe_argument(path_text(*text)));
    else
      argument.path = files.add(buffers.emplace_back(std::get<py::buffer>(content)).view(), name);
    argument.text = name;
    list.push_back(std::move(argument));
  }

 private:
  // The bytes that Python's file functions take a text for.
  static std::string path_text(const py::str& text) {
    return py::reinterpret_steal<py::bytes>(PyUnicode_EncodeFSDefault(text.ptr()));
  }
};

DedupeReport compare(const std::vector<Version>& versions, const Handle<Client>* client_or_none,
                     std::size_t threads, bool layouts, const PathFilter& filter,
                     const py::object& callback) {
  Arguments arguments;
  for (const Version& version : versions) arguments.add(version);
  DedupeRequest request;
  request.arguments = std::move(arguments.list);
  request.options.threads = threads;
  request.options.layouts = layouts;
  request.options.filter = filter;
  std::optional<ComparisonProgress> progress;
  if (!callback.is_none()) {
    progress.emplace(callback);
    request.options.on_progress = [&](const DedupeProgress& now) { progress->set(now); };
    request.on_download = [&](const DedupeArgument& argument) {
      return progress->add_download(argument.text);
    };
  }
  const auto client = client_or_none ? client_or_none->get() : nullptr;
  return blocking(
      [&](std::stop_token stop) {
        return estimate_dedupe(arguments.files, request, client.get(), std::move(stop));
      },
      client_or_none ? client_or_none->closing() : std::stop_token(),
      progress ? &*progress : nullptr);
}

}  // namespace

void bind_dedupe(py::module_& m) {
  py::class_<DedupeProgress>(m, "DedupeProgress", "How far a comparison is.")
      .def_readonly("done", &DedupeProgress::done, "Bytes read so far, of all versions.")
      .def_readonly("total", &DedupeProgress::total,
                    "Bytes in all versions; a pipe adds to it as it is read.")
      .def_property_readonly(
          "file", [](const DedupeProgress& p) { return to_str(p.file); }, "What is being read.");
  m.def(
      "compare_versions", &compare, py::arg("versions"), py::kw_only(), py::arg("client"),
      py::arg("threads"), py::arg("layouts"), py::arg("filter"), py::arg("on_progress"),
      "What hubdist.estimate_dedupe() calls. Each version is (name, content): a buffer, a path or "
      "URI as text, or a path. on_progress is called with the name of each version that is "
      "downloaded, its ProgressEvents, and then with a DedupeProgress.");
}

}  // namespace hubdist::python
