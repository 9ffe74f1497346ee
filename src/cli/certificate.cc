// SPDX-License-Identifier: Apache-2.0
#include "cli/certificate.h"

#include <fcntl.h>
#include <netdb.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/base/status.h"

namespace muster::cli {
namespace {

constexpr int kConnectMilliseconds = 10'000;

template <auto free>
struct Free {
  template <typename T>
  void operator()(T* p) const {
    free(p);
  }
};
using BioPtr = std::unique_ptr<BIO, Free<&BIO_free_all>>;
using X509Ptr = std::unique_ptr<X509, Free<&X509_free>>;

absl::Status Unavailable(const std::string& server, const std::string& why) {
  return MakeError(v1::SERVER_UNAVAILABLE,
                   "cannot reach the server at " + server + ": " + why +
                       "; check that musterd runs there and that the address is right");
}

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// Connects within kConnectMilliseconds; errno on failure.
int ConnectOne(const addrinfo& address) {
  Socket socket(::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                         address.ai_protocol));
  if (socket.get() < 0) return -1;
  if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return -1;
    pollfd ready{socket.get(), POLLOUT, 0};
    const int n = ::poll(&ready, 1, kConnectMilliseconds);
    if (n <= 0) {
      if (n == 0) errno = ETIMEDOUT;
      return -1;
    }
    int error_number = 0;
    socklen_t size = sizeof(error_number);
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error_number, &size);
    if (error_number != 0) {
      errno = error_number;
      return -1;
    }
  }
  const int flags = ::fcntl(socket.get(), F_GETFL);
  ::fcntl(socket.get(), F_SETFL, flags & ~O_NONBLOCK);
  const timeval limit{kConnectMilliseconds / 1000, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  return socket.Release();
}

absl::StatusOr<int> Connect(const std::string& server) {
  MUSTER_ASSIGN_OR_RETURN(const Endpoint endpoint, ParseEndpoint(server));
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(endpoint.host.c_str(), endpoint.port.c_str(), &hints, &found);
      error != 0) {
    return Unavailable(server, ::gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, Free<&::freeaddrinfo>> addresses(found);
  int error_number = 0;
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    const int fd = ConnectOne(*address);
    if (fd >= 0) return fd;
    error_number = errno;
  }
  return Unavailable(server, std::strerror(error_number));
}

std::string Sha256OfDer(const X509* certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  X509_digest(certificate, EVP_sha256(), digest, &size);
  return std::string(reinterpret_cast<const char*>(digest), size);
}

}  // namespace

absl::StatusOr<Certificate> FetchCertificate(const std::string& server) {
  MUSTER_ASSIGN_OR_RETURN(const int fd, Connect(server));
  const Socket socket(fd);
  const std::unique_ptr<SSL_CTX, Free<&SSL_CTX_free>> context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  const std::unique_ptr<SSL, Free<&SSL_free>> ssl(SSL_new(context.get()));
  SSL_set_fd(ssl.get(), socket.get());
  SSL_set_tlsext_host_name(ssl.get(), "muster");
  constexpr unsigned char kHttp2[] = {2, 'h', '2'};  // gRPC servers refuse a handshake without it
  SSL_set_alpn_protos(ssl.get(), kHttp2, sizeof(kHttp2));
  if (SSL_connect(ssl.get()) != 1) return Unavailable(server, "it does not speak TLS");
  const X509Ptr certificate(SSL_get1_peer_certificate(ssl.get()));
  if (certificate == nullptr) return Unavailable(server, "it shows no certificate");
  const BioPtr text(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(text.get(), certificate.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(text.get(), &data);
  SSL_shutdown(ssl.get());
  return Certificate{std::string(data, static_cast<size_t>(size)), Sha256OfDer(certificate.get())};
}

absl::StatusOr<Certificate> FetchPinnedCertificate(const std::string& server,
                                                   std::string_view sha256) {
  MUSTER_ASSIGN_OR_RETURN(Certificate certificate, FetchCertificate(server));
  if (certificate.sha256 == sha256) return certificate;
  return MakeError(
      v1::CERTIFICATE_MISMATCH,
      "the server at " + server +
          " shows another certificate than the one that was pinned: it may be somebody "
          "else's; ask the operator, over another channel, before you go on",
      {{"pinned_sha256", HexEncode(AsBytes(sha256))},
       {"shown_sha256", HexEncode(AsBytes(certificate.sha256))}});
}

absl::StatusOr<std::string> CertificateSha256(const std::string& pem) {
  const BioPtr text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const X509Ptr certificate(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr)
    return MakeError(v1::KEY_MALFORMED, "this is no certificate in PEM form");
  return Sha256OfDer(certificate.get());
}

}  // namespace muster::cli
