// SPDX-License-Identifier: Apache-2.0
//
// UploadReport: what `muster upload` tells: how columns were read, what was rejected and why, what
// the vault made of it.
//
// Threads: values.
#ifndef MUSTER_CLI_UPLOAD_REPORT_H_
#define MUSTER_CLI_UPLOAD_REPORT_H_

#include <optional>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/file_pass.h"
#include "cli/json.h"
#include "muster/v1/statement.pb.h"
#include "muster/v1/upload_service.pb.h"

namespace muster::cli {

// "Action Network export: email <- email, first_name <- first_name; not used: tags", wrapped.
std::string DescribeMapping(const FileFigures& file);

struct UploadReport {
  std::string upload;  // empty for --dry-run
  std::string list;
  bool replace = false;
  // Empty when the files were read by an earlier run; then `statement` has the sums.
  PassFigures figures;
  std::optional<v1::UploadStatement> statement;
  std::optional<v1::IntakeStatement> intake;  // absent with --no-wait
  std::optional<v1::RefusedRows> refused_rows;
  std::optional<int64_t> log_index;
  std::optional<int64_t> intake_log_index;
  std::string receipt_file;
  int64_t canaries = 0;  // of the rows: one's own seeds (canary_mixer.h)
  double seconds = 0;

  Json ToJson() const;
  std::string ToText(const Console& console) const;

  int64_t rows() const { return statement.has_value() ? statement->row_count() : figures.rows(); }
  int64_t rejected() const {
    return statement.has_value() ? statement->rejected_row_count() : figures.rejected();
  }
  int64_t withheld() const {
    return statement.has_value() ? statement->withheld_row_count() : figures.withheld();
  }
};

// Parts of the text that every kind of upload tells alike: what was rejected, where the rejects
// are, which records the vault could not use; what proves it, and how long it took.
std::string RejectsText(const UploadReport& report);
std::string RefusedText(const UploadReport& report);
std::string ProofText(const UploadReport& report);
// "  rows          3 read"
std::string ReportLine(std::string_view label, const std::string& text);

}  // namespace muster::cli

#endif  // MUSTER_CLI_UPLOAD_REPORT_H_
