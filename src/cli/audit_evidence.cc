// SPDX-License-Identifier: Apache-2.0
#include "cli/audit_evidence.h"

#include "cli/console.h"
#include "cli/table.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/report/canary_proof.h"
#include "core/report/erasure_receipt.h"

namespace muster::cli {
namespace {

EvidenceFinding OfCanary(const report::CanaryFinding& finding) {
  EvidenceFinding out;
  out.title = "A canary of " + Visible(finding.member_name) + ": " + Visible(finding.address);
  out.text = "  given in the list \"" + Visible(finding.list) + "\", " + Visible(finding.upload) +
             ", batch " + std::to_string(finding.sequence) + ", sealed by " +
             Visible(finding.uploader_name) + " " + TimeForPeople(finding.seal_time) +
             "\n  the upload is entry " + std::to_string(finding.upload_index) + " of the log, " +
             TimeForPeople(finding.upload_time) + "\n  " + Visible(finding.reporter_name) +
             " says: a mail to it came from " +
             (finding.mail.from().empty() ? "somebody" : Visible(finding.mail.from())) + "; of " +
             WithCommas(finding.log_size) + " entries of the log " +
             WithCommas(finding.read_entry_count) + " were read, and " +
             (finding.send_indices.empty()
                  ? std::string("none accounts")
                  : WithCommas(static_cast<int64_t>(finding.send_indices.size())) + " account") +
             " for a send\n  This proves that the address was committed to in that batch. The mail "
             "and what was read are the reporter's word.";
  Json json = Json::Object();
  json.Set("kind", "canary")
      .Set("member", finding.member)
      .Set("member_name", finding.member_name)
      .Set("reporter", finding.reporter_name)
      .Set("address", finding.address);
  json.Set("upload", finding.upload)
      .Set("list", finding.list)
      .Set("batch", finding.sequence)
      .Set("record", finding.index)
      .Set("seal_time", FormatRfc3339(finding.seal_time))
      .Set("log_index", static_cast<int64_t>(finding.upload_index));
  json.Set("accounted", !finding.send_indices.empty())
      .Set("entries_read", finding.read_entry_count)
      .Set("log_size", finding.log_size);
  out.json = std::move(json);
  out.checkpoint = finding.checkpoint;
  out.same_tree = finding.same_tree;
  return out;
}

EvidenceFinding OfErasure(const report::ErasureFinding& finding) {
  EvidenceFinding out;
  out.title = "Erased: " + Visible(finding.address);
  out.text = "  asked for by " + Visible(finding.signer_name) + " of " +
             Visible(finding.member_name) + " " + TimeForPeople(finding.ask_time) + ", entry " +
             std::to_string(finding.erase_index) + " of the log\n  done, says the vault, " +
             TimeForPeople(finding.erase_time) + ", entry " + std::to_string(finding.erased_index) +
             "\n  This proves what was asked and what the vault answered. It does not prove that "
             "no old backup has the address.";
  Json json = Json::Object();
  json.Set("kind", "erasure")
      .Set("member_name", finding.member_name)
      .Set("signer", finding.signer_name)
      .Set("address", finding.address);
  json.Set("ask_time", FormatRfc3339(finding.ask_time))
      .Set("erase_time", FormatRfc3339(finding.erase_time))
      .Set("log_index", static_cast<int64_t>(finding.erase_index))
      .Set("erased_log_index", static_cast<int64_t>(finding.erased_index));
  json.Set("log_size", finding.checkpoint.size);
  out.json = std::move(json);
  out.checkpoint = finding.checkpoint;
  out.same_tree = finding.same_tree;
  return out;
}

}  // namespace

bool IsEvidence(std::string_view file) {
  return file.starts_with(report::kCanaryProofMagic) ||
         file.starts_with(report::kErasureReceiptMagic);
}

absl::StatusOr<EvidenceFinding> VerifyEvidence(std::string_view file,
                                               const report::AuditRoot& root) {
  if (file.starts_with(report::kErasureReceiptMagic)) {
    MUSTER_ASSIGN_OR_RETURN(const report::ErasureFinding finding,
                            report::VerifyErasureReceipt(file, root));
    return OfErasure(finding);
  }
  MUSTER_ASSIGN_OR_RETURN(const report::CanaryFinding finding,
                          report::VerifyCanaryProof(file, root));
  return OfCanary(finding);
}

}  // namespace muster::cli
