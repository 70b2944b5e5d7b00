#include "adapters.h"

#include <algorithm>
#include <span>
#include <tuple>

#include "buffer.h"

namespace hubdist::python {
namespace {

Status stopped(std::string_view what) { return cancelled(what, " was stopped"); }

// Calls `f` under the GIL and turns what it throws into a Status.
template <typename F>
auto guarded(const std::string& what, F&& f) -> decltype(f()) {
  const py::gil_scoped_acquire gil;
  try {
    return f();
  } catch (py::error_already_set& error) {
    return status_from_exception(error, what);
  } catch (const py::cast_error&) {
    return invalid_argument(what, " returned an object of the wrong type");
  } catch (const std::exception& error) {
    return internal_error(what, ": ", std::string_view(error.what()));
  }
}

class PythonObject {
 public:
  explicit PythonObject(py::object object)
      : type_(py::str(py::type::of(object).attr("__name__"))), object_(share(std::move(object))) {}
  std::string what(std::string_view method) const { return concat(type_, ".", method); }
  template <typename... Args>
  py::object call(const char* method, Args&&... args) const {
    return object_->attr(method)(std::forward<Args>(args)...);
  }

 private:
  std::string type_;
  SharedObject object_;
};

// What put() lends to Python ends with the call.
struct Forget {
  std::shared_ptr<const BodySource*> borrowed;
  ~Forget() { *borrowed = nullptr; }
};
constexpr std::size_t kPutChunk = 16 * kMiB;

class PythonBackend final : public Backend {
 public:
  explicit PythonBackend(py::object backend)
      : capabilities_(backend.attr("capabilities")().cast<BackendCapabilities>()),
        self_(std::move(backend)) {}

  BackendCapabilities capabilities() const override { return capabilities_; }

  Result<ObjectInfo> stat(const Uri& uri, std::stop_token stop) override {
    if (stop.stop_requested()) return stopped(self_.what("stat"));
    return guarded(self_.what("stat"), [&]() -> Result<ObjectInfo> {
      return self_.call("stat", uri).cast<ObjectInfo>();
    });
  }

  Result<ListPage> list(const Uri& uri, const std::string& page, std::stop_token stop) override {
    if (stop.stop_requested()) return stopped(self_.what("list"));
    return guarded(self_.what("list"), [&]() -> Result<ListPage> {
      return self_.call("list", uri, to_str(page)).cast<ListPage>();
    });
  }

  Status read(const Uri& uri, ByteRange range, const BodySink& sink,
              std::stop_token stop) override {
    const std::string what = self_.what("read");
    std::uint64_t sent = 0;
    const BodySink counting = [&](ByteView bytes) {
      sent += bytes.size();
      return sink(bytes);
    };
    const Status read = guarded(what, [&] {
      return drain(self_.call("read", uri, range.begin, range.end), range.size(), counting, stop,
                   what);
    });
    HUBDIST_TRY(read);
    if (sent < range.size())
      return unavailable(what, " gave ", sent, " of ", range.size(), " bytes of ", format_uri(uri));
    return {};
  }

  Status put(const Uri& uri, std::uint64_t size, const BodySource& source,
             std::stop_token stop) override {
    if (stop.stop_requested()) return stopped(self_.what("put"));
    return guarded(self_.what("put"), [&]() -> Status {
      const auto borrowed = std::make_shared<const BodySource*>(&source);
      const Forget forget{borrowed};
      const auto pull = [borrowed](std::size_t limit) {
        if (!*borrowed) raise_status(failed_precondition("the source of put() ended with it"));
        std::string buffer(std::min<std::size_t>(limit, kPutChunk), '\0');
        Result<std::size_t> count = std::size_t{0};
        {
          const py::gil_scoped_release released;
          count = (**borrowed)(std::as_writable_bytes(std::span(buffer)));
        }
        return py::bytes(buffer.data(), unwrap(std::move(count)));
      };
      self_.call("put", uri, size, py::cpp_function(pull, py::arg("limit")));
      return {};
    });
  }

  Result<bool> exists(const Uri& uri, std::stop_token stop) override {
    if (stop.stop_requested()) return stopped(self_.what("exists"));
    return guarded(self_.what("exists"),
                   [&]() -> Result<bool> { return self_.call("exists", uri).cast<bool>(); });
  }

  std::string scope(const Uri& uri) const override {
    const Result<std::string> scope = guarded(self_.what("scope"), [&]() -> Result<std::string> {
      return self_.call("scope", uri).cast<std::string>();
    });
    return scope.ok() ? *scope : concat(uri.scheme_text, "://", uri.authority, uri.repo);
  }

 private:
  BackendCapabilities capabilities_;
  PythonObject self_;
};

class PythonContent final : public Content {
 public:
  explicit PythonContent(py::object content) : self_(std::move(content)) {}

  Status read(std::string_view unit, std::uint64_t offset, MutableBytes out) override {
    const std::string what = self_.what("read");
    return guarded(what, [&]() -> Status {
      const py::buffer held = self_.call("read", to_str(unit), offset, out.size());
      const BufferBytes lent(held);
      const ByteView bytes = lent.view();
      if (bytes.size() != out.size())
        return not_found(what, " gave ", bytes.size(), " of ", out.size(), " bytes of ", unit,
                         " at ", offset);
      std::copy(bytes.begin(), bytes.end(), out.begin());
      return {};
    });
  }

  Status write(std::string_view unit, std::uint64_t offset, ByteView bytes,
               Source source) override {
    return guarded(self_.what("write"), [&]() -> Status {
      self_.call("write", to_str(unit), offset, to_bytes(bytes), source);
      return {};
    });
  }

  Status read_origin(std::string_view unit, ByteRange range,
                     const std::function<Status(ByteView)>& sink, std::stop_token stop) override {
    const std::string what = self_.what("read_origin");
    return guarded(what, [&] {
      return drain(self_.call("read_origin", to_str(unit), range.begin, range.end), range.size(),
                   sink, stop, what);
    });
  }

 private:
  PythonObject self_;
};

}  // namespace

Status drain(const py::object& chunks, std::uint64_t limit, const BodySink& sink,
             const std::stop_token& stop, std::string_view what) {
  std::uint64_t total = 0;
  for (const py::handle chunk : py::iter(chunks)) {
    if (stop.stop_requested()) return stopped(what);
    const BufferBytes lent(py::reinterpret_borrow<py::buffer>(chunk));
    const ByteView bytes = lent.view();
    total += bytes.size();
    if (total > limit) return data_loss(what, " gave more than the ", limit, " bytes asked for");
    const py::gil_scoped_release released;
    HUBDIST_TRY(sink(bytes));
  }
  return {};
}

std::shared_ptr<Backend> adapt_backend(py::object backend) {
  return std::make_shared<PythonBackend>(std::move(backend));
}

std::shared_ptr<Content> adapt_content(py::object content) {
  return std::make_shared<PythonContent>(std::move(content));
}

}  // namespace hubdist::python
