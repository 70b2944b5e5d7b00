// Certificates for tests, made on the spot.
#pragma once

#include <memory>
#include <string>

#include <hubdist/io/file.h>

namespace hubdist::testing {

struct CertificateOptions {
  std::string names = "DNS:localhost,IP:127.0.0.1";  // OpenSSL's words for whom it is
  long begins = -3600;                               // seconds from now
  long ends = 3600;
};

// Writes a certificate that vouches for itself, and its key (mode 0600), as PEM.
void write_certificate(const Path& certificate, const Path& key,
                       const CertificateOptions& options = {});

}  // namespace hubdist::testing
