#include "io/internal/transfer.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <utility>

#include <sys/socket.h>

#include <hubdist/io/descriptors.h>

namespace hubdist::internal {
namespace {

constexpr Duration kTimerSlack = std::chrono::milliseconds(2);
constexpr long kReceiveBuffer = 512 * kKiB;
// libcurl hands on at most 16 KiB at a time; what is behind the sink works better with more.
constexpr std::size_t kDeliverySize = 256 * kKiB;
constexpr std::uint64_t kMaxHeaderBytes = 256 * kKiB;
// The body of a redirect is read, so that its connection can be used again; but not much of it.
constexpr std::uint64_t kMaxDropped = 64 * kKiB;

// A sink is the caller's code, called through C: nothing may be thrown past it.
template <typename F>
Status guarded(F&& call) {
  try {
    return call();
  } catch (const std::exception& error) {
    return internal_error("a callback ended by an exception: ", std::string_view(error.what()));
  } catch (...) {
    return internal_error("a callback ended by an exception");
  }
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

}  // namespace

struct TransferCallbacks {
  static std::size_t header(char* data, std::size_t, std::size_t size, void* self) {
    return static_cast<Transfer*>(self)->take_header({data, size}) ? size : 0;
  }
  static std::size_t body(char* data, std::size_t, std::size_t size, void* self) {
    return static_cast<Transfer*>(self)->take_body(as_bytes({data, size})) ? size : 0;
  }
  // A credential that was sent must not leak into a program that this process starts.
  static curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) {
#ifdef SOCK_CLOEXEC
    const int type = address->socktype | SOCK_CLOEXEC;
#else
    const int type = address->socktype;
#endif
    const int made = ::socket(address->family, type, address->protocol);
    keep_from_children(made);
    return made;
  }
};

Transfer::Transfer(const TransferRequest& request, Decide decide,
                   const HttpClient::BodySink& on_body, std::atomic<std::uint64_t>& received,
                   std::stop_token stop)
    : request_(request),
      decide_(std::move(decide)),
      on_body_(on_body),
      received_(received),
      stop_(std::move(stop)),
      stall_(request.options.stall_timeout,
             static_cast<std::uint64_t>(std::max(request.options.stall_bytes_per_second, 0L))) {
  response_.url = request.url.text;
}

Result<HttpResponse> Transfer::run(CurlItem& item) {
  easy_ = item.easy;
  item.buffer.resize(kDeliverySize);
  buffer_ = item.buffer;
  Status done = set_up(item);
  if (done.ok()) {
    done = drive(item);
    curl_multi_remove_handle(item.multi, easy_);
  }
  curl_easy_reset(easy_);  // forgets every pointer into this object
  curl_slist_free_all(header_list_);
  if (!done.ok()) return done;
  return std::move(response_);
}

Status Transfer::set_up(CurlItem& item) {
  curl_easy_setopt(easy_, CURLOPT_URL, request_.url.text.c_str());
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_QUICK_EXIT, 1L);  // a stop does not wait for a name's address
  curl_easy_setopt(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, kReceiveBuffer);
  curl_easy_setopt(easy_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy_, CURLOPT_OPENSOCKETFUNCTION, &TransferCallbacks::open_socket);
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, curl_message_);
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &TransferCallbacks::header);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &TransferCallbacks::body);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  set_proxy();
  if (!request_.ca_path.empty()) {
    std::error_code ignored;
    const bool folder = std::filesystem::is_directory(request_.ca_path, ignored);
    curl_easy_setopt(easy_, folder ? CURLOPT_CAPATH : CURLOPT_CAINFO, request_.ca_path.c_str());
  }
  set_body_and_method();
  HUBDIST_TRY(set_headers());
  HUBDIST_TRY(set_limits());
  if (curl_multi_add_handle(item.multi, easy_) != CURLM_OK)
    return internal_error("libcurl refused a transfer of ", request_.url.without_query());
  return {};
}

void Transfer::set_proxy() {
  // What is meant for this machine must not go through a proxy, credentials least of all.
  if (request_.url.is_loopback()) curl_easy_setopt(easy_, CURLOPT_NOPROXY, "*");
  // libcurl reads the other variables, in small letters and in capitals, but not this one.
  if (request_.url.scheme != "http" || std::getenv("http_proxy")) return;
  // A CGI program gets it from anyone, as a field of a request.
  if (std::getenv("REQUEST_METHOD")) return;
  const char* proxy = std::getenv("HTTP_PROXY");
  if (proxy && *proxy) curl_easy_setopt(easy_, CURLOPT_PROXY, proxy);
}

void Transfer::set_body_and_method() {
  if (request_.method == "HEAD") {
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
  } else if (request_.with_body) {
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request_.options.body.size()));
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request_.options.body.data());
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  } else {
    curl_easy_setopt(easy_, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
}

Status Transfer::set_headers() {
  const auto add = [this](const std::string& line) {
    curl_slist* longer = curl_slist_append(header_list_, line.c_str());
    if (longer) header_list_ = longer;
    return longer != nullptr;
  };
  bool ok = true;
  for (const auto& [name, value] : request_.headers.fields())
    ok = ok && add(value.empty() ? concat(name, ";") : concat(name, ": ", value));
  if (request_.options.accept_compressed)
    curl_easy_setopt(easy_, CURLOPT_ACCEPT_ENCODING, "");
  else if (!request_.headers.get("Accept-Encoding"))
    ok = ok && add("Accept-Encoding: identity");
  // Not libcurl's own guesses.
  if (request_.with_body && !request_.headers.get("Content-Type")) ok = ok && add("Content-Type:");
  if (request_.with_body) ok = ok && add("Expect:");
  if (!ok) return resource_exhausted("out of memory for the header fields of a request");
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, header_list_);
  return {};
}

Status Transfer::set_limits() {
  using std::chrono::milliseconds;
  const auto connect = std::max<std::int64_t>(request_.options.connect_timeout.count(), 1);
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect));
  if (request_.deadline == Instant::max()) return {};
  const Duration left = request_.deadline - system_clock().now();
  if (left <= Duration::zero()) return over_time();
  const auto whole = std::chrono::ceil<milliseconds>(left).count();
  curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(whole));
  return {};
}

Status Transfer::drive(CurlItem& item) {
  const std::stop_callback wake(stop_, [&item] { curl_multi_wakeup(item.multi); });
  const auto step = std::chrono::duration_cast<std::chrono::milliseconds>(stall_.step()).count();
  while (true) {
    int running = 0;
    const CURLMcode performed = curl_multi_perform(item.multi, &running);
    if (stop_.stop_requested()) return cancelled("stopped on request");
    if (!flush()) return failure_;
    if (performed != CURLM_OK)
      return internal_error("libcurl: ", std::string_view(curl_multi_strerror(performed)));
    int left = 0;
    while (const CURLMsg* note = curl_multi_info_read(item.multi, &left))
      if (note->msg == CURLMSG_DONE) return finish(note->data.result);
    const Instant before = system_clock().now();
    curl_multi_poll(item.multi, nullptr, 0, static_cast<int>(step), nullptr);
    count_upload();
    if (request_was_sent() && stall_.waited(system_clock().now() - before))
      return unavailable(request_.url.without_query(), ": the transfer stalled: less than ",
                         request_.options.stall_bytes_per_second, " bytes a second for ",
                         request_.options.stall_timeout.count(), " s");
  }
}

// Before that, the limit for connecting counts.
bool Transfer::request_was_sent() const {
  curl_off_t microseconds = 0;
  curl_easy_getinfo(easy_, CURLINFO_PRETRANSFER_TIME_T, &microseconds);
  return microseconds > 0;
}

void Transfer::count_upload() {
  curl_off_t sent = 0;
  curl_easy_getinfo(easy_, CURLINFO_SIZE_UPLOAD_T, &sent);
  stall_.add_bytes(static_cast<std::uint64_t>(sent) -
                   std::exchange(uploaded_, static_cast<std::uint64_t>(sent)));
}

Status Transfer::finish(CURLcode code) {
  if (body_given_up_) return {};
  if (!failure_.ok()) return failure_;
  if (code != CURLE_OK) return status_of(code);
  if (!headers_done_)
    return unavailable(request_.url.without_query(), ": the answer ended before its headers");
  return {};
}

Status Transfer::over_time() const {
  return deadline_exceeded(request_.url.without_query(), ": not finished within ",
                           request_.options.total_timeout.count(), " ms");
}

Status Transfer::status_of(CURLcode code) const {
  const std::string_view known = curl_message_;
  const std::string_view reason = known.empty() ? curl_easy_strerror(code) : known;
  const std::string what = concat(request_.url.without_query(), ": ", reason);
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      // libcurl's timer counts whole milliseconds, and may go off a little before the end.
      if (system_clock().now() + kTimerSlack >= request_.deadline) return over_time();
      return unavailable(what);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CERTPROBLEM:
      return permission_denied(what, " (SSL_CERT_FILE can name the certificates to trust)");
    case CURLE_SSL_CACERT_BADFILE:
      return permission_denied(what, ": ", request_.ca_path);
    case CURLE_OUT_OF_MEMORY:
      return resource_exhausted(what);
    case CURLE_BAD_CONTENT_ENCODING:
      return data_loss(what);
    case CURLE_URL_MALFORMAT:
      return invalid_argument(what);
    default:
      return unavailable(what);
  }
}

bool Transfer::fail(Status status) {
  if (failure_.ok()) failure_ = std::move(status);
  return false;
}

bool Transfer::take_header(std::string_view line) {
  received_ += line.size();
  stall_.add_bytes(line.size());
  if (stop_.stop_requested()) return fail(cancelled("stopped on request"));
  if (headers_done_) return true;  // trailers
  header_bytes_ += line.size();
  if (header_bytes_ > kMaxHeaderBytes)
    return fail(failed_precondition(request_.url.without_query(), ": the header fields pass ",
                                    kMaxHeaderBytes, " bytes"));
  if (line.starts_with("HTTP/")) {
    response_.headers.clear();
    const std::size_t space = std::min(line.find(' '), line.size() - 1);
    response_.status = 0;
    std::from_chars(line.data() + space + 1, line.data() + line.size(), response_.status);
    return true;
  }
  const std::string_view text = trim(line);
  if (text.empty()) return response_.status < 200 || end_of_headers();
  const std::size_t colon = text.find(':');
  if (colon != text.npos)
    response_.headers.add(std::string(trim(text.substr(0, colon))),
                          std::string(trim(text.substr(colon + 1))));
  return true;
}

bool Transfer::end_of_headers() {
  headers_done_ = true;
  Result<BodyUse> use = BodyUse::kDeliver;
  const Status status = guarded([&] {
    use = decide_(response_);
    return use.status();
  });
  if (!status.ok()) return fail(status);
  drop_body_ = *use == BodyUse::kDrop;
  return true;
}

bool Transfer::take_body(ByteView bytes) {
  stall_.add_bytes(bytes.size());
  if (stop_.stop_requested()) return fail(cancelled("stopped on request"));
  if (drop_body_) {
    received_ += bytes.size();
    dropped_ += bytes.size();
    body_given_up_ = dropped_ > kMaxDropped;
    return !body_given_up_;
  }
  while (!bytes.empty()) {
    const std::size_t fits = std::min(bytes.size(), buffer_.size() - buffered_);
    std::memcpy(buffer_.data() + buffered_, bytes.data(), fits);
    buffered_ += fits;
    bytes = bytes.subspan(fits);
    if (buffered_ == buffer_.size() && !flush()) return false;
  }
  return true;
}

bool Transfer::flush() {
  if (!failure_.ok()) return false;
  if (buffered_ == 0) return true;
  const ByteView bytes = buffer_.first(std::exchange(buffered_, 0));
  received_ += bytes.size();
  if (!on_body_) return true;
  const Status status = guarded([&] { return on_body_(bytes); });
  return status.ok() || fail(status);
}

}  // namespace hubdist::internal
