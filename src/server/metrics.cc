#include "server/internal/metrics.h"

#include <algorithm>

#include <hubdist/base/json_writer.h>
#include <hubdist/server/repository.h>

namespace hubdist::internal {

namespace {

constexpr std::string_view kMethods[] = {"GET", "HEAD", "POST", "PUT", "DELETE"};

// A client may say any method; only these are worth a line of their own.
std::string known_method(std::string_view method) {
  const bool known =
      std::find(std::begin(kMethods), std::end(kMethods), method) != std::end(kMethods);
  return std::string(known ? method : "other");
}

void write_head(std::string& text, std::string_view name, std::string_view kind,
                std::string_view help) {
  text += concat("# HELP ", name, ' ', help, "\n# TYPE ", name, ' ', kind, '\n');
}

void write_one(std::string& text, std::string_view name, std::string_view kind,
               std::string_view help, std::uint64_t value) {
  write_head(text, name, kind, help);
  text += concat(name, ' ', value, '\n');
}

std::string decimal(double number) { return JsonWriter().value(number).take(); }

}  // namespace

void Metrics::add(const HttpExchange& exchange) {
  const double time = seconds(exchange.time);
  const auto bucket = static_cast<std::size_t>(
      std::lower_bound(kBounds.begin(), kBounds.end(), time) - kBounds.begin());
  const std::lock_guard lock(mutex_);
  ++requests_[{known_method(exchange.method), exchange.status}];
  ++times_[bucket];
  seconds_ += time;
  sent_ += exchange.body_bytes;
  received_ += exchange.received_bytes;
  if (!exchange.complete) ++broken_off_;
}

std::string Metrics::text(const Gauges& gauges) const {
  std::string text;
  const std::lock_guard lock(mutex_);
  write_head(text, "hubdist_requests_total", "counter", "Answers, by method and status.");
  for (const auto& [key, count] : requests_)
    text += concat("hubdist_requests_total{method=\"", key.first, "\",status=\"", key.second,
                   "\"} ", count, '\n');
  write_one(text, "hubdist_broken_off_total", "counter", "Answers that clients did not take whole.",
            broken_off_);
  write_one(text, "hubdist_sent_bytes_total", "counter", "Bytes of answers' bodies.", sent_);
  write_one(text, "hubdist_received_bytes_total", "counter", "Bytes of requests' bodies.",
            received_);
  write_one(text, "hubdist_uploads_under_way", "gauge", "Contents that are being received.",
            gauges.uploads);
  write_one(text, "hubdist_commits_under_way", "gauge", "Commits that are being received.",
            gauges.commits);
  write_head(text, "hubdist_refused_total", "counter",
             "Uploads and commits that were told to come again, since too many were under way.");
  text += concat("hubdist_refused_total{what=\"uploads\"} ", gauges.refused_uploads,
                 "\nhubdist_refused_total{what=\"commits\"} ", gauges.refused_commits, '\n');
  write_one(text, "hubdist_content_read_bytes_total", "counter",
            "Bytes read from the store for contents that were asked for.", gauges.content_read);
  write_one(text, "hubdist_content_sent_bytes_total", "counter",
            "Bytes of contents that were sent.", gauges.content_sent);
  write_one(text, "hubdist_xet_file_bytes_total", "counter",
            "Bytes of the files that were registered in Xet storage.", gauges.xet_files);
  write_one(text, "hubdist_xet_xorb_bytes_total", "counter",
            "Bytes of the xorbs that were stored for them.", gauges.xet_xorbs);
  write_head(text, "hubdist_request_seconds", "histogram",
             "Time from a request's head to the end "
             "of its answer.");
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < times_.size(); ++i) {
    below += times_[i];
    const std::string bound = i < kBounds.size() ? decimal(kBounds[i]) : "+Inf";
    text += concat("hubdist_request_seconds_bucket{le=\"", bound, "\"} ", below, '\n');
  }
  text += concat("hubdist_request_seconds_sum ", decimal(seconds_),
                 "\nhubdist_request_seconds_count ", below, '\n');
  return text;
}

std::string access_line(const HttpExchange& exchange, WallTime now) {
  return JsonWriter()
      .begin_object()
      .field("time",
             iso_time(
                 std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count()))
      .field("client", exchange.remote)
      .field("method", exchange.method)
      .field("path", exchange.path)
      .field("status", exchange.status)
      .field("sent", exchange.body_bytes)
      .field("received", exchange.received_bytes)
      .field("seconds", seconds(exchange.time))
      .field("complete", exchange.complete)
      .end_object()
      .take();
}

}  // namespace hubdist::internal
