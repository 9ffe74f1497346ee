// SPDX-License-Identifier: Apache-2.0
//
// A front desk that can lie: TLS, tokens and the log are real, the rest is a few maps, and any
// answer can be bent before it is sent.
//
// Threads: handlers run one at a time.
#ifndef MUSTER_TESTS_CLI_FAKE_FRONT_DESK_H_
#define MUSTER_TESTS_CLI_FAKE_FRONT_DESK_H_

#include <google/protobuf/message_lite.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/profile.h"
#include "muster/v1/upload_service.pb.h"
#include "tests/core/report/report_fixture.h"

namespace muster::cli {

// Self-signed, for "muster".
struct TlsIdentity {
  std::string key_pem;
  std::string certificate_pem;
  static TlsIdentity Make();
};

class FakeFrontDesk {
 public:
  // Both outlive the desk. `address`: empty for a free port.
  FakeFrontDesk(report::Consortium* consortium, report::Organization* organization,
                const TlsIdentity& tls = TlsIdentity::Make(), const std::string& address = "");
  ~FakeFrontDesk();

  const std::string& address() const { return address_; }
  const std::string& certificate_pem() const { return tls_.certificate_pem; }
  // The organization's person, as a profile on disk with open keys; nothing of the log seen yet
  // unless `seen`.
  Profile WriteProfile(const std::filesystem::path& home, const std::string& name,
                       std::optional<uint64_t> seen) const;

  // Called before a method's own handler; an error is the answer.
  void Before(const std::string& method, std::function<absl::Status()> hook) {
    before_[method] = std::move(hook);
  }
  // Called after it; an error is the answer although everything was done (the answer is lost).
  void Lose(const std::string& method, std::function<absl::Status()> hook) {
    lose_[method] = std::move(hook);
  }
  // Answers a method that the desk itself does not know.
  template <typename Request, typename Response>
  void Serve(const std::string& method,
             std::function<absl::StatusOr<Response>(const Request&)> answer) {
    serve_[method] =
        [answer = std::move(answer)](const std::string& bytes) -> absl::StatusOr<std::string> {
      Request request;
      request.ParseFromString(bytes);
      absl::StatusOr<Response> response = answer(request);
      if (!response.ok()) return response.status();
      return response->SerializeAsString();
    };
  }
  // Changes the answer.
  template <typename Response>
  void Bend(const std::string& method, std::function<void(Response&)> bend) {
    bend_[method] = [bend = std::move(bend)](std::string& bytes) {
      Response response;
      response.ParseFromString(bytes);
      bend(response);
      bytes = response.SerializeAsString();
    };
  }

  // Changes the consortium between two calls: what orders a test and the handlers is the desk's
  // lock.
  template <typename Act>
  void Between(Act act) {
    const std::lock_guard lock(mutex_);
    act();
  }

  std::vector<std::string> calls() const;
  int64_t CallCount(const std::string& method) const;

  // The desk's own memory of the one upload.
  std::optional<v1::CreateUploadRequest> created;
  std::map<int64_t, std::string> batches;  // envelopes by sequence
  std::map<int64_t, int> puts;             // how often each was sent
  std::optional<v1::UploadProvenance> committed;
  std::string committed_statement;
  std::vector<std::string> cosigned;  // checkpoints that came with AddCosignature
  std::function<void(v1::IntakeStatement&)> bend_intake;
  crypto::SigningKey intake_signer;

  absl::StatusOr<std::string> Handle(const std::string& method, const std::string& authorization,
                                     const std::string& request);

 private:
  absl::StatusOr<std::string> Answer(const std::string& method, const std::string& request);
  v1::Upload Describe(int64_t known_size) const;

  report::Consortium& consortium_;
  report::Organization& organization_;
  const TlsIdentity tls_;
  std::string address_;
  mutable std::mutex mutex_;
  std::vector<std::string> calls_;
  std::map<std::string, std::function<absl::Status()>> before_;
  std::map<std::string, std::function<absl::Status()>> lose_;
  std::map<std::string, std::function<void(std::string&)>> bend_;
  std::map<std::string, std::function<absl::StatusOr<std::string>(const std::string&)>> serve_;
  struct Server;
  std::unique_ptr<Server> server_;
};

}  // namespace muster::cli

#endif  // MUSTER_TESTS_CLI_FAKE_FRONT_DESK_H_
