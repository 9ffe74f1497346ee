// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_fake/voter_writer.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "tools/muster_fake/output.h"

namespace muster::fake {
namespace {

constexpr uint64_t kVotersPerChunk = 8192;

// The files of one kind, open together.
class OutputFiles {
 public:
  absl::Status Open(const std::filesystem::path& out, const std::vector<std::string>& names,
                    const std::string& header) {
    for (const std::string& name : names) {
      files_.push_back(std::make_unique<OutputFile>());
      MUSTER_RETURN_IF_ERROR(files_.back()->Open(out / name));
      MUSTER_RETURN_IF_ERROR(files_.back()->Append(header));
    }
    return absl::OkStatus();
  }
  absl::Status Append(const std::vector<std::string>& texts) {
    for (size_t i = 0; i < files_.size(); ++i) {
      MUSTER_RETURN_IF_ERROR(files_[i]->Append(texts[i]));
    }
    return absl::OkStatus();
  }
  absl::Status Close() {
    for (const auto& file : files_) MUSTER_RETURN_IF_ERROR(file->Close());
    return absl::OkStatus();
  }
  size_t size() const { return files_.size(); }

 private:
  std::vector<std::unique_ptr<OutputFile>> files_;
};

}  // namespace

absl::StatusOr<uint64_t> WriteVoters(const Population& population, const VoterFormat& format,
                                     const std::filesystem::path& out, unsigned threads) {
  OutputFiles voters, history;
  MUSTER_RETURN_IF_ERROR(voters.Open(out, format.voter_files(), format.voter_header()));
  MUSTER_RETURN_IF_ERROR(history.Open(out, format.history_files(), format.history_header()));

  const uint64_t count = population.plan().voters;
  const Scatter order(count, KeyOf(population.seed(), Stream::kVoter, 0, 2));
  const auto produce = [&](uint64_t n, VoterRows& rows) {
    rows.voters.resize(voters.size());
    rows.history.resize(history.size());
    for (auto* texts : {&rows.voters, &rows.history}) {
      for (std::string& text : *texts) text.clear();
    }
    rows.votes = 0;
    for (uint64_t i = n * kVotersPerChunk; i < std::min((n + 1) * kVotersPerChunk, count); ++i) {
      MakeVoter(population, order(i), rows.voter);
      format.append(population, rows);
    }
  };
  uint64_t votes = 0;
  const auto consume = [&](VoterRows& rows) -> absl::Status {
    votes += rows.votes;
    MUSTER_RETURN_IF_ERROR(voters.Append(rows.voters));
    return history.Append(rows.history);
  };
  MUSTER_RETURN_IF_ERROR(RunOrdered<VoterRows>(
      threads, (count + kVotersPerChunk - 1) / kVotersPerChunk, produce, consume));
  MUSTER_RETURN_IF_ERROR(voters.Close());
  MUSTER_RETURN_IF_ERROR(history.Close());
  return votes;
}

}  // namespace muster::fake
