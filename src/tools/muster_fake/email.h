// SPDX-License-Identifier: Apache-2.0
//
// Email addresses of made-up people, the ways in which the same one is written, and the form in
// which they are compared.
//
// Domains lie under example.com/.org/.net, .example and .test, which nobody can own, and
// gmail.com/googlemail.com, for their rule about dots and "+"; local parts there end in nine or
// more digits. The trailing digits of a local part (or, for a family's own domain, of the domain)
// are the owner's number, so that two people never have one address by chance. Rule of comparison
// (truth/README.txt says it to users): trimmed, lowercase, the domain in A-labels; for gmail.com
// and googlemail.com the local part without dots and without "+..." and the domain gmail.com.
// Source: RFC 2606, RFC 6761.
// Threads: pure.
#ifndef MUSTER_TOOLS_MUSTER_FAKE_EMAIL_H_
#define MUSTER_TOOLS_MUSTER_FAKE_EMAIL_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "tools/muster_fake/name_tables.h"

namespace muster::fake {

// Appends the address of the owner numbered `code` (below ten to the `digits`).
void WriteEmail(const Name& first, const Name& last, uint64_t code, int digits, Rng& rng,
                std::string& out);

// Another way to write the same address: case, and dots and "+tag" where the provider ignores them.
void Respell(std::string& email, Rng& rng);
// Another address that its owner mistyped: a letter of the local part dropped, doubled or swapped.
void Mistype(std::string& email, Rng& rng);

// Replaces `out` with the form of `cell` that is compared.
void MatchForm(std::string_view cell, std::string& out);

}  // namespace muster::fake

#endif  // MUSTER_TOOLS_MUSTER_FAKE_EMAIL_H_
