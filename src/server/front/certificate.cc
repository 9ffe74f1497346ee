// SPDX-License-Identifier: Apache-2.0
#include "server/front/certificate.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string_view>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/crypto/hash.h"

namespace muster::front {
namespace {

constexpr long kLifetimeSeconds = 3650L * 24 * 3600;

template <typename T, void (*Free)(T*)>
struct Freer {
  void operator()(T* object) const { Free(object); }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY, EVP_PKEY_free>>;
using Cert = std::unique_ptr<X509, Freer<X509, X509_free>>;
struct BioFreer {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, BioFreer>;

absl::Status Failed(std::string_view what) {
  return MakeError(v1::INTERNAL_ERROR, "cannot make the certificate: " + std::string(what));
}

bool IsAddress(const std::string& host) {
  unsigned char buffer[sizeof(in6_addr)];
  return ::inet_pton(AF_INET, host.c_str(), buffer) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), buffer) == 1;
}

bool AddExtension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

absl::StatusOr<Bytes32> HashDer(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  if (size <= 0) return Failed("it cannot be encoded");
  const Bytes32 hash = crypto::Sha256({AsText({der, static_cast<size_t>(size)})});
  OPENSSL_free(der);
  return hash;
}

}  // namespace

absl::StatusOr<Certificate> MakeCertificate(const std::string& host) {
  const Key key(EVP_EC_gen("P-256"));
  const Cert certificate(X509_new());
  if (key == nullptr || certificate == nullptr) return Failed("no key");
  const Bytes16 serial = crypto::RandomArray<16>();
  BIGNUM* number = BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr);
  BN_clear_bit(number, 127);  // positive, as RFC 5280 wants it
  const bool numbered =
      BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate.get())) != nullptr;
  BN_free(number);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  std::string san = "DNS:muster,DNS:localhost,IP:127.0.0.1,IP:::1";
  if (!host.empty() && host != "localhost" && host != "muster" && host != "127.0.0.1" &&
      host != "::1") {
    // Commas and the like would be read as more names.
    if (host.find_first_of(",: \n") != std::string::npos && !IsAddress(host))
      return Failed("the host's name is malformed");
    san += (IsAddress(host) ? ",IP:" : ",DNS:") + host;
  }
  const bool made =
      numbered && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
      // A client's clock may be a little behind.
      X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -24 * 3600) != nullptr &&
      X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kLifetimeSeconds) != nullptr &&
      X509_set_pubkey(certificate.get(), key.get()) == 1 &&
      X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                 reinterpret_cast<const unsigned char*>("muster"), -1, -1,
                                 0) == 1 &&
      X509_set_issuer_name(certificate.get(), name) == 1 &&
      AddExtension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
      AddExtension(certificate.get(), NID_key_usage, "critical,digitalSignature,keyCertSign") &&
      AddExtension(certificate.get(), NID_ext_key_usage, "serverAuth") &&
      AddExtension(certificate.get(), NID_subject_key_identifier, "hash") &&
      AddExtension(certificate.get(), NID_subject_alt_name, san) &&
      X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0;
  if (!made) return Failed("OpenSSL refused a part of it");

  Certificate out;
  MUSTER_ASSIGN_OR_RETURN(out.sha256, HashDer(certificate.get()));
  const Bio certificate_text(BIO_new(BIO_s_mem()));
  const Bio key_text(BIO_new(BIO_s_secmem()));
  if (PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) != 1) {
    return Failed("it cannot be written");
  }
  char* data = nullptr;
  long size = BIO_get_mem_data(certificate_text.get(), &data);
  out.certificate_pem.assign(data, static_cast<size_t>(size));
  size = BIO_get_mem_data(key_text.get(), &data);
  out.key_pem = crypto::SecretBytes::CopyOf(AsBytes({data, static_cast<size_t>(size)}));
  return out;
}

absl::StatusOr<Bytes32> CertificateSha256(const std::string& pem) {
  const Bio text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Cert certificate(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) {
    return MakeError(v1::HOME_MALFORMED,
                     "server.crt holds no certificate; restore it from a backup");
  }
  return HashDer(certificate.get());
}

}  // namespace muster::front
