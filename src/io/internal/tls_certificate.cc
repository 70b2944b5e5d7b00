#include "io/internal/tls_certificate.h"

#include <ctime>
#include <string_view>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <hubdist/base/clock.h>
#include <hubdist/base/log.h>

namespace hubdist::internal {

namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

constexpr std::uint64_t kMaxPem = 1 * kMiB;  // a certificate with its chain, or a key
constexpr std::uint32_t kReadByAll = 0004;
// Forward secrecy and authenticated encryption only. TLS 1.3 has no others.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

// The one protocol that is spoken here, for clients that offer several.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
  static constexpr unsigned char kHttp[] = "\x08http/1.1";
  unsigned char* found = nullptr;
  const int result =
      SSL_select_next_proto(&found, size, kHttp, sizeof(kHttp) - 1, offered, offered_size);
  *chosen = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

Status wrong_file(std::string_view what, const Path& path, std::string_view wanted) {
  ERR_clear_error();
  return invalid_argument("the ", what, " ", path.native(), " cannot be used: ", wanted);
}

Status use_certificate(ssl::context& context, const Path& path) {
  HUBDIST_ASSIGN(const std::string pem, read_file(posix_file_system(), path, kMaxPem));
  error_code error;
  context.use_certificate_chain(boost::asio::buffer(pem), error);
  if (!error) return {};
  return wrong_file("TLS certificate", path,
                    "it must hold the certificate and then its chain, in PEM");
}

Status use_key(ssl::context& context, const Path& path, const Path& certificate) {
  HUBDIST_ASSIGN(std::string pem, read_file(posix_file_system(), path, kMaxPem));
  error_code error;
  context.use_private_key(boost::asio::buffer(pem), ssl::context::pem, error);
  const bool encrypted = pem.find("ENCRYPTED") != std::string::npos;
  OPENSSL_cleanse(pem.data(), pem.size());
  // OpenSSL looks whether a key belongs to the certificate that it has when it takes it.
  const unsigned long reason = ERR_GET_REASON(static_cast<unsigned long>(error.value()));
  if (error && (reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH))
    return wrong_file("TLS key", path,
                      concat("it is not the key of the certificate ", certificate.native()));
  if (error && encrypted)
    return wrong_file("TLS key", path,
                      "it is locked by a password; write one without (openssl pkey -in ... -out "
                      "...), readable by the server's user alone");
  if (error) return wrong_file("TLS key", path, "it must hold a private key, in PEM");
  return {};
}

Status check_key_mode(const FileInfo& info, const Path& path) {
  if ((info.mode & kReadByAll) == 0) return {};
  return failed_precondition("the TLS key ", path.native(),
                             " can be read by every user of this machine: chmod 600 it");
}

void warn_of_dates(ssl::context& context, const Path& path) {
  const X509* certificate = SSL_CTX_get0_certificate(context.native_handle());
  if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
    log(LogLevel::kWarning, "the TLS certificate ", path.native(),
        " has expired: clients will refuse it");
  else if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
    log(LogLevel::kWarning, "the TLS certificate ", path.native(),
        " is not valid yet: clients will refuse it");
}

Result<TlsCertificate::Context> make_context(const HttpTlsOptions& options) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* raw = context->native_handle();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);  // connections idle for long
  SSL_CTX_set_cipher_list(raw, kCiphers);
  SSL_CTX_set_alpn_select_cb(raw, &choose_protocol, nullptr);
  // Without it OpenSSL asks the terminal for the password of a locked key.
  SSL_CTX_set_default_passwd_cb(raw, [](char*, int, int, void*) { return 0; });
  HUBDIST_TRY(use_certificate(*context, options.certificate));
  HUBDIST_TRY(use_key(*context, options.key, options.certificate));
  warn_of_dates(*context, options.certificate);
  return context;
}

}  // namespace

Result<std::unique_ptr<TlsCertificate>> TlsCertificate::load(HttpTlsOptions options) {
  std::unique_ptr<TlsCertificate> made(new TlsCertificate(std::move(options)));
  HUBDIST_TRY(made->read());
  return made;
}

Status TlsCertificate::read() {
  FileSystem& fs = posix_file_system();
  HUBDIST_ASSIGN(const FileInfo certificate, fs.info(options_.certificate));
  HUBDIST_ASSIGN(const FileInfo key, fs.info(options_.key));
  {
    const std::lock_guard lock(mutex_);
    looked_ = system_clock().now();
    if (context_ && certificate.same_content(certificate_info_) && key.same_content(key_info_))
      return {};
  }
  HUBDIST_TRY(check_key_mode(key, options_.key));
  HUBDIST_ASSIGN(Context made, make_context(options_));
  const std::lock_guard lock(mutex_);
  context_ = std::move(made);
  certificate_info_ = certificate;
  key_info_ = key;
  return {};
}

TlsCertificate::Context TlsCertificate::context() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

bool TlsCertificate::is_due() const {
  const std::lock_guard lock(mutex_);
  const Instant now = system_clock().now();
  if (now - looked_ < options_.refresh) return false;
  looked_ = now;  // one of many connections is enough
  return true;
}

void TlsCertificate::refresh() {
  if (const Status status = read(); !status.ok())
    log(LogLevel::kWarning, "the old TLS certificate stays in use: ", message(status));
}

}  // namespace hubdist::internal
