// SPDX-License-Identifier: Apache-2.0
#include "cli/withdraw.h"

#include <algorithm>

#include "cli/table.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/contact/identifier.h"
#include "core/crypto/hash.h"
#include "core/ingest/contact_reader.h"
#include "muster/v1/upload_service.pb.h"

namespace muster::cli {
namespace {

// Sealed together they stay well under what the server takes in one call.
constexpr size_t kAddressesPerCall = 25'000;
constexpr size_t kAddressFileBytesMax = size_t{256} << 20;
constexpr absl::Duration kWithdrawTime = absl::Minutes(10);
constexpr std::string_view kWithdrawContext = "muster/withdraw/v1";

class RefuseAll : public ingest::RejectSink {
 public:
  absl::Status Begin(std::span<const std::string>) override { return absl::OkStatus(); }
  absl::Status Add(const ingest::Reject& reject) override {
    if (reject.kept) return absl::OkStatus();
    return MakeError(reject.reason,
                     "line " + std::to_string(reject.line) + ": " + std::string(reject.message));
  }
};

std::string_view TrimLine(std::string_view line) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!line.empty() && blank(line.front())) line.remove_prefix(1);
  while (!line.empty() && blank(line.back())) line.remove_suffix(1);
  return line;
}

template <typename Use>
absl::Status ForEachLine(std::string_view text, const Use& use) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  for (int64_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = TrimLine(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    MUSTER_RETURN_IF_ERROR(use(number, line));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ReadExport(const std::filesystem::path& file) {
  RefuseAll refuse;
  ingest::ReaderOptions options;
  options.rejects = &refuse;
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<ingest::ContactReader> reader,
                          ingest::ContactReader::Open(file, options));
  std::vector<std::string> addresses;
  contact::ContactRecord record;
  while (true) {
    MUSTER_ASSIGN_OR_RETURN(const bool more, reader->Next(record));
    if (!more) break;
    addresses.push_back(record[contact::Field::kEmail]);
  }
  record.Clear();
  return addresses;
}

struct Withdrawn {
  std::vector<std::string> names;
  int64_t sources = 0;
  int64_t unknown = 0;
  int64_t log_index = 0;
};

absl::Status WithdrawOnce(Session& session, const std::string& list, const std::string& sealed,
                          Withdrawn& sum) {
  v1::Statement statement = session.NewStatement();
  v1::WithdrawalStatement& said = *statement.mutable_withdrawal();
  said.set_withdrawal(WithdrawalId{crypto::RandomArray<8>()}.Name());
  said.set_member(session.profile().member->Name());
  said.set_list(list);
  if (!sealed.empty()) said.set_sealed_hash(ToString(crypto::Blake2b256(sealed)));
  v1::WithdrawRequest request;
  *request.mutable_statement() = session.Sign(statement);
  request.set_sealed_addresses(sealed);
  request.set_known_size(session.known_size());
  v1::WithdrawResponse response;
  MUSTER_RETURN_IF_ERROR(session.Call("UploadService/Withdraw", request, response, kWithdrawTime));
  MUSTER_RETURN_IF_ERROR(session.Accept(response.checkpoint()));
  MUSTER_RETURN_IF_ERROR(
      Annotate(session.OpenEntry(response.withdrawal()).status(), "the server's receipt"));
  if (response.withdrawal().body() != request.statement().SerializeAsString()) {
    return MakeError(v1::PROOF_INVALID,
                     "the server's receipt is for another statement than the one that was sent; "
                     "tell the operator");
  }
  const auto done = session.OpenVaultEntry(response.withdrawn());
  if (!done.ok()) return Annotate(done.status(), "the vault's statement");
  const v1::WithdrawnStatement& withdrawn = done->statement.withdrawn();
  if (!done->statement.has_withdrawn() || withdrawn.withdrawal() != said.withdrawal() ||
      withdrawn.member() != said.member()) {
    return MakeError(v1::STATEMENT_REFUSED,
                     "the vault speaks of another withdrawal; tell the operator");
  }
  sum.names.push_back(said.withdrawal());
  sum.sources += withdrawn.source_count();
  sum.unknown += withdrawn.unknown_count();
  sum.log_index = response.withdrawal().index();
  return absl::OkStatus();
}

absl::Status WithdrawAddresses(Session& session, const std::vector<std::string>& addresses,
                               Withdrawn& sum) {
  const Profile& profile = session.profile();
  const std::string context = std::string(kWithdrawContext) + ToString(profile.consortium);
  for (size_t begin = 0; begin < addresses.size(); begin += kAddressesPerCall) {
    v1::SealedAddresses plain;
    const size_t end = std::min(begin + kAddressesPerCall, addresses.size());
    for (size_t i = begin; i < end; ++i) plain.add_addresses(addresses[i]);
    const crypto::WipedString bytes(plain.SerializeAsString());
    MUSTER_ASSIGN_OR_RETURN(const std::string sealed,
                            crypto::BoxSeal(profile.vault_box_key, context, AsBytes(bytes.str())));
    MUSTER_RETURN_IF_ERROR(WithdrawOnce(session, "", sealed, sum));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ReadAddresses(const std::filesystem::path& file) {
  MUSTER_ASSIGN_OR_RETURN(std::string raw, ReadFile(file, kAddressFileBytesMax));
  const crypto::WipedString text(std::move(raw));
  bool is_plain = true;
  bool first = true;
  (void)ForEachLine(text.str(), [&](int64_t, std::string_view line) {
    // A head has no "@"; an address with commas around it stands in an export.
    if (first)
      is_plain = line.find('@') != std::string_view::npos &&
                 line.find_first_of(",;\t|") == std::string_view::npos;
    first = false;
    return absl::OkStatus();
  });
  if (first)
    return MakeError(v1::FILE_EMPTY, file.string() + " names no address; put one on each line");
  std::vector<std::string> addresses;
  if (!is_plain) {
    MUSTER_ASSIGN_OR_RETURN(addresses, ReadExport(file));
  } else {
    MUSTER_RETURN_IF_ERROR(
        ForEachLine(text.str(), [&](int64_t number, std::string_view line) -> absl::Status {
          const auto email = contact::ParseEmail(line);
          if (!email.ok())
            return Annotate(email.status(), file.string() + ", line " + std::to_string(number));
          addresses.push_back(email->Text());
          return absl::OkStatus();
        }));
  }
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

absl::StatusOr<int> RunWithdraw(const Invocation& invocation, const WithdrawOptions& options) {
  Console& console = *invocation.console;
  std::vector<std::string> addresses;
  if (!options.emails_file.empty()) {
    MUSTER_ASSIGN_OR_RETURN(addresses, ReadAddresses(options.emails_file));
  }
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  MUSTER_RETURN_IF_ERROR(
      session->RequireRole({v1::ROLE_UPLOADER, v1::ROLE_APPROVER, v1::ROLE_STEWARD}, "withdraw"));
  MUSTER_RETURN_IF_ERROR(session->RequireMember().status());
  const std::string what = options.emails_file.empty()
                               ? "all that " + Visible(session->profile().member_name) +
                                     " brought to the list \"" + Visible(options.list) + "\""
                               : WithCommas(static_cast<int64_t>(addresses.size())) +
                                     " addresses from every list of " +
                                     Visible(session->profile().member_name);
  MUSTER_RETURN_IF_ERROR(console.Confirm("This takes " + what + " out of the pool, for good."));

  Withdrawn sum;
  if (options.emails_file.empty()) {
    MUSTER_RETURN_IF_ERROR(WithdrawOnce(*session, options.list, "", sum));
  } else {
    MUSTER_RETURN_IF_ERROR(WithdrawAddresses(*session, addresses, sum));
  }
  std::string text = console.Bold("Withdrawn: " + WithCommas(sum.sources) + " sources are gone") +
                     "; entry " + std::to_string(sum.log_index) +
                     " of the log, confirmed by the vault";
  if (sum.unknown > 0)
    text += "\n  " + WithCommas(sum.unknown) +
            " of the addresses were not among those that this member brought";
  console.Print(text);
  Json json = Json::Object();
  json.Set("withdrawal", sum.names.empty() ? Json() : Json(sum.names.back()))
      .Set("withdrawals", Json::Array(sum.names));
  json.Set("list", options.list.empty() ? Json() : Json(options.list));
  json.Set("sources", sum.sources).Set("unknown", sum.unknown).Set("log_index", sum.log_index);
  console.Result(json);
  return kExitDone;
}

}  // namespace muster::cli
