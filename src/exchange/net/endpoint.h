// "host:port" as an address of this machine's loopback.
#pragma once

#include <string>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>

#include <hubdist/base/status.h>

namespace hubdist::exchange {

using boost::asio::ip::tcp;

// InvalidArgument, naming the text, when it cannot be read or is no loopback address: this version
// exchanges between processes of one machine only.
Result<tcp::endpoint> loopback_endpoint(std::string_view text);
// "127.0.0.1:4711", "[::1]:4711".
std::string text_of(const tcp::endpoint& endpoint);

}  // namespace hubdist::exchange
