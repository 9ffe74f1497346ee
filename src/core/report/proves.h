// SPDX-License-Identifier: Apache-2.0
//
// Proves: what a report that holds proves, and what it does not, in sentences for its readers: on
// the terminal, in JSON and on the page alike.
#ifndef MUSTER_CORE_REPORT_PROVES_H_
#define MUSTER_CORE_REPORT_PROVES_H_

#include <string_view>

namespace muster::report {

inline constexpr std::string_view kMemberProves[] = {
    "Each upload, withdrawal, erasure, report to a person and match run in it is an entry of the "
    "log "
    "that the log's keeper signed, in this order.",
    "Each was signed by the person or the vault that it names, and that person had joined for this "
    "member before, with the role for it.",
    "The sealed batches are the ones that the uploader signed, and the vault says that it read "
    "exactly those, once.",
};
inline constexpr std::string_view kMemberDoesNotProve[] = {
    "It does not prove that anybody gave consent: the member asserted it, in the words shown.",
    "It does not prove that the member shows everything: for that there is the auditor's report of "
    "the coalition.",
    "It does not prove that the vault did nothing besides: what was not entered, no log can show.",
};

inline constexpr std::string_view kCoalitionProves[] = {
    "Every entry of the log up to the checkpoint is in it, in order: none was left out, added, "
    "changed or moved.",
    "Each was signed by the person or the vault that it names, and that person had joined before, "
    "with the role for it.",
    "Whatever the vault says it read, a member's uploader had signed for before, and it was read "
    "once; the figures add up.",
    "The batches of the sample were drawn so that the log's keeper could not foresee them, and "
    "each "
    "is sealed and signed as its upload says.",
};
inline constexpr std::string_view kCoalitionDoesNotProve[] = {
    "It does not prove that anybody gave consent: the member asserted it, in the words shown.",
    "It does not prove that the sealed rows are people: only the vault has read them.",
    "It does not prove that the vault opened nothing besides: what was not entered, no log can "
    "show.",
    "It does not prove that the auditor drew only once: a dishonest one could sign again and again "
    "until the lot falls well.",
    "It does not prove that dates are right: a date is its signer's clock, the order is the log's.",
    "It does not prove that the log shows everybody the same: compare the checkpoint with other "
    "members.",
};

}  // namespace muster::report

#endif  // MUSTER_CORE_REPORT_PROVES_H_
