// io/: versions of files, folders and buffers compared.
#include <deque>
#include <mutex>
#include <optional>
#include <tuple>
#include <variant>

#include "bindings.h"
#include "blocking.h"
#include "buffer.h"
#include "memory_files.h"
#include <hubdist/io/dedupe_files.h>

namespace hubdist::python {
namespace {

// Keeps the latest progress for a Python callable.
class LatestProgress final : public Teller {
 public:
  explicit LatestProgress(py::object callable) : callable_(std::move(callable)) {}
  void set(const DedupeProgress& progress) {
    const std::lock_guard lock(mutex_);
    latest_ = progress;
  }
  void deliver() override {
    std::optional<DedupeProgress> progress;
    {
      const std::lock_guard lock(mutex_);
      progress.swap(latest_);
    }
    if (progress) callable_(*std::move(progress));
  }

 private:
  py::object callable_;
  std::mutex mutex_;
  std::optional<DedupeProgress> latest_;
};

// A version: its name, its commit, and where it lies.
using Version = std::tuple<py::bytes, std::string, std::variant<py::buffer, Path>>;

DedupeReport compare(const std::vector<Version>& versions, std::size_t threads, bool layouts,
                     const py::object& callback) {
  MemoryFiles files;
  std::deque<BufferBytes> buffers;
  std::vector<DedupeSource> sources;
  for (const auto& [name_bytes, commit, content] : versions) {
    const std::string name = name_bytes;
    if (const auto* path = std::get_if<Path>(&content)) {
      sources.push_back({name, commit, *path});
    } else {
      const ByteView bytes = buffers.emplace_back(std::get<py::buffer>(content)).view();
      sources.push_back({name, commit, files.add(bytes, name)});
    }
  }
  DedupeOptions options;
  options.threads = threads;
  options.layouts = layouts;
  std::optional<LatestProgress> progress;
  if (!callback.is_none()) {
    progress.emplace(callback);
    options.on_progress = [&](const DedupeProgress& now) { progress->set(now); };
  }
  return blocking(
      [&](std::stop_token stop) { return estimate_dedupe(files, sources, options, stop); }, {},
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
  m.def("compare_versions", &compare, py::arg("versions"), py::kw_only(), py::arg("threads"),
        py::arg("layouts"), py::arg("on_progress"),
        "What hubdist.estimate_dedupe() calls: each version is (name, commit, path or buffer).");
}

}  // namespace hubdist::python
