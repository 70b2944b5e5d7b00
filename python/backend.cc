// backend/: what a backend tells, and the way to write one in Python (hubdist/backend.py).
#include "hubdist/backend/backend.h"

#include "adapters.h"

namespace hubdist::python {

void bind_backend(py::module_& m) {
  py::class_<BackendCapabilities>(m, "BackendCapabilities", "What a backend can do.")
      .def(py::init([](bool list, bool ranges, bool put, bool revisions) {
             return BackendCapabilities{list, ranges, put, revisions};
           }),
           py::kw_only(), py::arg("list") = false, py::arg("ranges") = false,
           py::arg("put") = false, py::arg("revisions") = false)
      .def_readonly("list", &BackendCapabilities::list, "Folders can be listed.")
      .def_readonly("ranges", &BackendCapabilities::ranges, "A read can begin and end anywhere.")
      .def_readonly("put", &BackendCapabilities::put)
      .def_readonly("revisions", &BackendCapabilities::revisions,
                    "URIs may name a revision, and stat() resolves it to a commit.");
  py::class_<ObjectInfo>(m, "ObjectInfo", "One object as its origin states it.")
      .def(py::init([](std::uint64_t size, const Identity& identity, std::string etag,
                       std::string commit) {
             return ObjectInfo{size, identity, std::move(etag), std::move(commit)};
           }),
           py::arg("size"), py::kw_only(), py::arg("identity") = Identity{}, py::arg("etag") = "",
           py::arg("commit") = "")
      .def_readonly("size", &ObjectInfo::size, "Bytes.")
      .def_readonly("identity", &ObjectInfo::identity)
      .def_readonly("etag", &ObjectInfo::etag,
                    "Normalised: without W/ and quotes; empty when the origin states none.")
      .def_readonly("commit", &ObjectInfo::commit,
                    "Hubs: the commit that the revision stands for.");
  py::class_<ListPage>(m, "ListPage", "A part of a listing.")
      .def(py::init([](const std::vector<FileEntry>& files, std::string next, std::string commit) {
             ListPage page;
             for (const FileEntry& file : files)
               page.entries.push_back({file.path, file.size, file.identity, file.etag, file.lfs});
             page.next = std::move(next);
             page.commit = std::move(commit);
             return page;
           }),
           py::arg("files"), py::kw_only(), py::arg("next") = "", py::arg("commit") = "")
      .def_property_readonly(
          "files",
          [](const ListPage& page) {
            std::vector<FileEntry> files;
            for (const ObjectEntry& entry : page.entries)
              files.push_back({entry.path, entry.size, entry.identity, entry.etag, entry.lfs});
            return files;
          },
          "Files only, of every depth; paths are relative to the listed repository, bucket or "
          "folder.")
      .def_readonly("next", &ListPage::next, "Token of the next page; empty on the last.")
      .def_readonly("commit", &ListPage::commit, "Hubs: the commit that is listed.");
}

}  // namespace hubdist::python
