// SPDX-License-Identifier: Apache-2.0
//
// Errors on the wire: absl::Status with a Reason <-> grpc::Status carrying google.rpc.Status with
// ErrorInfo(reason, domain "muster", metadata).
//
// Rule: code, message, reason and details come out as they went in. Message and details together
// stay under kErrorBytesMax, since gRPC refuses longer trailers altogether: longer ones are cut. A
// status that no server of ours wrote (no ErrorInfo) keeps its code and message; UNAVAILABLE
// becomes SERVER_UNAVAILABLE with a remedy, since it is what a client sees of a server that is not
// there.
// Threads: pure.
// Source: AIP-193, google/rpc/error_info.proto.
#ifndef MUSTER_SERVER_RPC_STATUS_H_
#define MUSTER_SERVER_RPC_STATUS_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace muster::rpc {

inline constexpr char kErrorDomain[] = "muster";
// gRPC's limit for all trailers is 8 KiB; base64 and the message's second copy come on top of this.
inline constexpr size_t kErrorBytesMax = 2048;

grpc::Status ToGrpcStatus(const absl::Status& status);
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace muster::rpc

#endif  // MUSTER_SERVER_RPC_STATUS_H_
