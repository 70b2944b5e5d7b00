#include "tests/support/certificate.h"

#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

namespace hubdist::testing {
namespace {

template <auto F>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    F(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;

void add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Certificate self_signed(EVP_PKEY* key, const CertificateOptions& options) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), options.begins);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), options.ends);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("a test"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  add_extension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate.get(), NID_subject_alt_name, options.names);
  X509_sign(certificate.get(), key, EVP_sha256());
  return certificate;
}

template <typename F>
void write_pem(const Path& path, F write) {
  FILE* file = ::fopen(path.c_str(), "w");
  if (!file) throw std::runtime_error("cannot write " + path.string());
  write(file);
  ::fclose(file);
}

}  // namespace

void write_certificate(const Path& certificate, const Path& key,
                       const CertificateOptions& options) {
  const Key made(EVP_EC_gen("P-256"));
  const Certificate signed_by_itself = self_signed(made.get(), options);
  write_pem(certificate, [&](FILE* file) { PEM_write_X509(file, signed_by_itself.get()); });
  write_pem(key, [&](FILE* file) {
    ::fchmod(::fileno(file), 0600);
    PEM_write_PrivateKey(file, made.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

}  // namespace hubdist::testing
