// SPDX-License-Identifier: Apache-2.0
//
// A vault with a log and members around it, for tests: real keys, real batches, no server.
// Notebook: what a careful person would count.
#ifndef MUSTER_TESTS_CORE_PIPELINE_VAULT_FIXTURE_H_
#define MUSTER_TESTS_CORE_PIPELINE_VAULT_FIXTURE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/contact/contact.h"
#include "core/pipeline/vault.h"
#include "core/seal/sealer.h"
#include "core/tlog/entry.h"
#include "tests/support/consortium.h"
#include "tests/support/process.h"
#include "tests/support/status.h"

namespace muster::test {

class FakeClock : public Clock {
 public:
  absl::Time Now() const override { return now; }
  absl::Time now = absl::FromUnixSeconds(kTestTime);
};

// One record of a list.
struct Line {
  std::string address;
  contact::Status status = contact::Status::kSubscribed;
  std::string consent = {};
};

// An upload on its member's machine: sealed, ready to be sent.
struct SealedUpload {
  UploadId id;
  const TestPerson* uploader = nullptr;
  std::string list;
  v1::UploadStatement::Mode mode = v1::UploadStatement::APPEND;
  v1::IntakeKey key;
  std::vector<std::string> batches;
  int64_t record_count = 0;
  Bytes32 root{};
  v1::VoterFileTerms voterfile;  // not set for a list
};

contact::ContactRecord RecordOf(const Line& line, uint32_t place);
v1::IntakeStatement WordsOf(const v1::SignedStatement& statement);

class TestVault {
 public:
  explicit TestVault(pipeline::IntakeOptions intake = {});

  pipeline::Vault& vault() { return *vault_; }
  // Gives the vault up as it stands and opens it again.
  void Reopen();
  void Close() { vault_.reset(); }
  std::filesystem::path home() const { return folder_ / "vault"; }

  // Admitted by the founder; an uploader and the member's first approver.
  TestPerson& AddMember(const std::string& name);
  // Admitted by that approver.
  TestPerson& AddColleague(const TestPerson& by, const std::vector<v1::Role>& roles);
  uint64_t Append(const v1::SignedStatement& statement);
  // The request for entries [first, end), with a checkpoint over everything before `end`.
  v1::ObserveEntriesRequest Entries(uint64_t first, uint64_t end) const;
  std::vector<tlog::Entry>& entries() { return entries_; }

  SealedUpload Seal(const TestPerson& by, const std::string& list, const std::vector<Line>& lines,
                    size_t batch_records,
                    v1::UploadStatement::Mode mode = v1::UploadStatement::APPEND);
  SealedUpload SealRecords(const TestPerson& by, const std::string& list,
                           const std::vector<contact::ContactRecord>& records, size_t batch_records,
                           v1::UploadStatement::Mode mode, const v1::VoterFileTerms& voterfile);
  seal::SealContext ContextOf(const SealedUpload& upload) const;
  // Sends the batches from where the vault stands and makes them durable.
  absl::Status Send(const SealedUpload& upload);
  v1::Statement StatementOf(const SealedUpload& upload) const;
  uint64_t Commit(const SealedUpload& upload);
  absl::StatusOr<v1::IntakeStatement> Finish(const SealedUpload& upload, uint64_t index);
  // All of it.
  v1::IntakeStatement Upload(const TestPerson& by, const std::string& list,
                             const std::vector<Line>& lines, size_t batch_records = 50,
                             v1::UploadStatement::Mode mode = v1::UploadStatement::APPEND);
  // Sends, commits, finishes.
  v1::IntakeStatement TakeIn(const SealedUpload& upload);

  struct Withdrawal {
    uint64_t index = 0;
    std::string sealed;
  };
  // Of a list, or of addresses when `list` is empty.
  Withdrawal StateWithdrawal(const TestPerson& by, const std::string& list,
                             const std::vector<std::string>& addresses);
  v1::WithdrawnStatement Apply(const Withdrawal& withdrawal);

  v1::MemberFigures Figures(const TestPerson& of) {
    return testing::Must(vault_->Figures(of.member->Name()));
  }

  TestConsortium consortium;
  FakeClock clock;

 private:
  TempDir folder_;
  pipeline::IntakeOptions intake_;
  std::unique_ptr<pipeline::Vault> vault_;
  std::vector<tlog::Entry> entries_;
  std::vector<std::unique_ptr<TestPerson>> people_;
};

class Notebook {
 public:
  // What the vault must say of an upload of these lines; takes note of it.
  v1::IntakeStatement Add(const MemberId& member, const std::string& list,
                          const std::vector<Line>& lines, bool replace);
  // How many sources went.
  int64_t WithdrawList(const MemberId& member, const std::string& list);
  // How many sources went, and how many addresses were not there.
  std::pair<int64_t, int64_t> WithdrawAddresses(const MemberId& member,
                                                const std::vector<std::string>& addresses);
  void RequireFigures(TestVault& vault, const TestPerson& of) const;
  // Every source row that counts is of an address in here, and the other way round.
  void RequireRows(TestVault& vault) const;

 private:
  struct Entry {
    MemberId member;
    std::string list;
    std::set<std::string> addresses;
  };
  std::vector<Entry> uploads_;
};

// Equal in all that the notebook knows.
void RequireSame(const v1::IntakeStatement& got, const v1::IntakeStatement& want);

}  // namespace muster::test

#endif  // MUSTER_TESTS_CORE_PIPELINE_VAULT_FIXTURE_H_
