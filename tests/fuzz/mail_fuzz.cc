// SPDX-License-Identifier: Apache-2.0
//
// The input is read as a mail's head, as a person's keys and as a sealed report. Recipients are
// addresses, each once; what a sealed report opens to nobody here has made.
#include <google/protobuf/stubs/logging.h>

#include <cstdint>
#include <set>

#include "cli/mail_head.h"
#include "cli/report_person.h"
#include "core/base/check.h"
#include "core/contact/identifier.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster;
  using namespace muster::cli;
  static const bool quiet = (google::protobuf::SetLogHandler(nullptr), true);
  static const crypto::BoxSecretKey key = crypto::BoxSecretKey::Generate();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto head = ReadMailHead(text); quiet && head.ok()) {
    std::set<std::string> seen;
    for (const std::string& recipient : head->recipients) {
      MUSTER_CHECK(seen.insert(recipient).second);
      MUSTER_CHECK(contact::ParseEmail(recipient).ok());
    }
    for (const std::string* said : {&head->message_id, &head->from, &head->date})
      MUSTER_CHECK(contact::IsUtf8(*said));
  }
  (void)ParsePersonKey(text).ok();
  (void)ParsePersonSecret(text).ok();
  MUSTER_CHECK(!OpenPersonReportFile(text, key).ok());
  return 0;
}
