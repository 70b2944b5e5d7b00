// exchange/: the tracker and the node, in process.
#include "adapters.h"
#include "blocking.h"
#include "handle.h"
#include <hubdist/exchange/net/node.h>
#include <hubdist/exchange/net/rendezvous.h>
#include <hubdist/exchange/net/tracker.h>
#include <hubdist/io/file.h>

namespace hubdist::python {
namespace {

using Ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
using TrackerHandle = Handle<Tracker>;
using NodeHandle = Handle<Node>;

RangeSet range_set(const Ranges& ranges) {
  RangeSet set;
  for (const auto& [begin, end] : ranges) {
    if (begin > end)
      raise_status(invalid_argument("the range (", begin, ", ", end, ") ends before it begins"));
    set.add({begin, end});
  }
  return set;
}

// The key that was given, else the one of this user on this machine.
Secret key_or_own(std::optional<std::string> key) {
  if (key) return Secret(*std::move(key));
  FileSystem& fs = posix_file_system();
  return unwrap(exchange_key(fs, unwrap(hubdist_home(fs))));
}

TrackerLocator locator_of(const py::object& tracker) {
  if (py::isinstance<py::str>(tracker))
    return [address = tracker.cast<std::string>()]() -> Result<std::string> { return address; };
  if (!PyCallable_Check(tracker.ptr()))
    throw py::type_error("tracker must be \"host:port\" or a callable that returns it");
  return [locate = share(tracker)]() -> Result<std::string> {
    const py::gil_scoped_acquire gil;
    try {
      return (*locate)().cast<std::string>();
    } catch (py::error_already_set& error) {
      return status_from_exception(error, "tracker");
    } catch (const py::cast_error&) {
      return invalid_argument("tracker returned no text");
    }
  };
}

std::unique_ptr<TrackerHandle> start_tracker(std::string listen, std::optional<std::string> key) {
  TrackerOptions options;
  options.listen = std::move(listen);
  options.key = key_or_own(std::move(key));
  auto tracker = blocking([&](const std::stop_token&) { return Tracker::start(options); });
  return std::make_unique<TrackerHandle>("Tracker", std::move(tracker));
}

std::unique_ptr<NodeHandle> start_node(const py::object& content, const py::object& tracker,
                                       std::optional<std::string> key, std::string id,
                                       std::string listen, std::string zone,
                                       double tracker_patience, std::size_t parallel_requests) {
  NodeOptions options;
  options.id = std::move(id);
  options.key = key_or_own(std::move(key));
  options.listen = std::move(listen);
  options.tracker = locator_of(tracker);
  options.zone = std::move(zone);
  options.tracker_patience = std::chrono::duration_cast<std::chrono::milliseconds>(
      seconds_of(tracker_patience).value_or(Duration::zero()));
  options.parallel_requests = parallel_requests;
  auto node = blocking([&, adapted = adapt_content(content)](const std::stop_token&) {
    return Node::start(options, adapted);
  });
  return std::make_unique<NodeHandle>("Node", std::move(node));
}

void bind_tracker(py::module_& m) {
  py::class_<TrackerHandle> type(
      m, "Tracker",
      "Decides who fetches which piece from whom, and who may ask the origin.\n\nKeeps soft state "
      "only: when it dies, its successor learns everything from the nodes' reports. Thread-safe. "
      "Serves until close(), the end of a `with` block, or the end of the interpreter. `listen` is "
      "on loopback; without `key` (bytes or text that the nodes share) it is this user's key on "
      "this machine.");
  type.def(py::init(&start_tracker), py::kw_only(), py::arg("listen") = "127.0.0.1:0",
           py::arg("key") = py::none())
      .def_property_readonly(
          "address", [](const TrackerHandle& self) { return self.get()->address(); },
          "\"host:port\" as bound.");
  bind_closing(type, "Ends the tracker; its nodes look for another.");
}

void bind_node_values(py::module_& m) {
  py::enum_<Source>(m, "Source", "Where bytes came from.")
      .value("ORIGIN", Source::kOrigin)
      .value("PEER", Source::kPeer);
  py::class_<FetchResult>(m, "FetchResult", "What a fetch of one unit moved, in bytes.")
      .def_readonly("from_origin", &FetchResult::from_origin)
      .def_readonly("from_peers", &FetchResult::from_peers);
  py::class_<NodeStatistics>(m, "NodeStatistics", "What a node did since it started; bytes.")
      .def_readonly("bytes_from_origin", &NodeStatistics::bytes_from_origin)
      .def_readonly("bytes_from_peers", &NodeStatistics::bytes_from_peers)
      .def_readonly("bytes_to_peers", &NodeStatistics::bytes_to_peers)
      .def_readonly("corrupt_pieces", &NodeStatistics::corrupt_pieces,
                    "Received, found wrong, thrown away.")
      .def_readonly("tracker_reachable", &NodeStatistics::tracker_reachable)
      .def_readonly("known_peers", &NodeStatistics::known_peers);
}

void bind_node(py::module_& m) {
  const NodeOptions standard;
  py::class_<NodeHandle> type(
      m, "Node",
      "Takes part in the exchange for one cache: gets pieces from other nodes and, under lease, "
      "from the origin, and gives what it holds.\n\n`content` is a hubdist.Content: the bytes that "
      "the node holds, a place for those that it gets, and the way to the origin. `tracker` is "
      "\"host:port\", or a callable that returns it and is asked before each connection. "
      "`tracker_patience`: seconds to wait for a tracker before going to the origin alone. Ranges "
      "are pairs (begin, end) of offsets inside a unit. Thread-safe. Serves until close(), the end "
      "of a `with` block, or the end of the interpreter; leaving takes at most 5 s.");
  type.def(py::init(&start_node), py::arg("content"), py::arg("tracker"), py::kw_only(),
           py::arg("key") = py::none(), py::arg("id") = "", py::arg("listen") = standard.listen,
           py::arg("zone") = "",
           py::arg("tracker_patience") =
               std::chrono::duration<double>(standard.tracker_patience).count(),
           py::arg("parallel_requests") = standard.parallel_requests)
      .def(
          "fetch",
          [](const NodeHandle& self, const UnitLayout& layout, const std::optional<Ranges>& wanted,
             const Ranges& held) {
            const auto node = self.get();
            const RangeSet want = range_set(wanted.value_or(Ranges{{0, layout.size}}));
            const RangeSet have = range_set(held);
            return blocking(
                [&](std::stop_token stop) { return node->fetch(layout, want, have, stop); },
                self.closing());
          },
          py::arg("layout"), py::arg("wanted") = py::none(), py::arg("held") = Ranges{},
          "Brings `wanted` (None: all) of a unit into the content and blocks until it is there. "
          "`held` says what is there already and may be given to others from now on. One fetch a "
          "unit at a time. Ctrl-C ends the wish but keeps and offers what came.")
      .def(
          "offer",
          [](const NodeHandle& self, const UnitLayout& layout, const std::optional<Ranges>& held) {
            check(self.get()->offer(layout, range_set(held.value_or(Ranges{{0, layout.size}}))));
          },
          py::arg("layout"), py::arg("held") = py::none(),
          "Offers what is held (None: all) without wanting anything.")
      .def(
          "withdraw",
          [](const NodeHandle& self, const std::string& unit) { self.get()->withdraw(unit); },
          py::arg("unit"), "No longer offers a unit.")
      .def(
          "doubt",
          [](const NodeHandle& self, const std::string& unit) { check(self.get()->doubt(unit)); },
          py::arg("unit"),
          "Tells the tracker that a unit, whole and with every piece hash right, failed against "
          "the hub's identity: it is read once more under lease.")
      .def(
          "wait_until_unneeded",
          [](const NodeHandle& self) {
            const auto node = self.get();
            blocking([&](std::stop_token stop) { return node->wait_until_unneeded(stop); },
                     self.closing());
          },
          "Blocks until no node that the tracker knows wants anything that this node holds.")
      .def_property_readonly("statistics",
                             [](const NodeHandle& self) { return self.get()->statistics(); })
      .def_property_readonly("id", [](const NodeHandle& self) { return self.get()->id(); })
      .def_property_readonly("address",
                             [](const NodeHandle& self) { return self.get()->address(); });
  bind_closing(type, "Leaves the exchange; takes at most 5 s.");
}

}  // namespace

void bind_exchange(py::module_& m) {
  bind_tracker(m);
  bind_node_values(m);
  bind_node(m);
  m.def(
      "hubdist_home", [] { return unwrap(hubdist_home(posix_file_system())); },
      "$HUBDIST_HOME, else $XDG_STATE_HOME/hubdist, else ~/.local/state/hubdist; made with mode "
      "0700.");
}

}  // namespace hubdist::python
