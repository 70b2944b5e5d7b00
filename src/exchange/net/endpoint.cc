#include "exchange/net/endpoint.h"

#include <charconv>

#include <boost/asio/ip/address.hpp>

namespace hubdist::exchange {

Result<tcp::endpoint> loopback_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos)
    return invalid_argument("'", text, "' is not HOST:PORT, such as 127.0.0.1:0");
  std::string_view host = text.substr(0, colon);
  const std::string_view port_text = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] =
      std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (port_text.empty() || error != std::errc() || end != port_text.data() + port_text.size())
    return invalid_argument("'", text, "' has no port between 0 and 65535");
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  boost::system::error_code wrong;
  const auto address = boost::asio::ip::make_address(std::string(host), wrong);
  if (wrong || !address.is_loopback())
    return invalid_argument("'", text,
                            "' is no loopback address: this version exchanges between processes of "
                            "one machine only. Use 127.0.0.1:PORT");
  return tcp::endpoint(address, port);
}

std::string text_of(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return endpoint.address().is_v6() ? concat("[", host, "]:", endpoint.port())
                                    : concat(host, ":", endpoint.port());
}

}  // namespace hubdist::exchange
