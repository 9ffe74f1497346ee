// SPDX-License-Identifier: Apache-2.0
//
// The input is read as a signed note, as a checkpoint's text and as a verifier key. Each has one
// form, so what was read is written back the same.
#include <cstdint>

#include "core/base/check.h"
#include "core/tlog/checkpoint.h"
#include "core/tlog/note.h"

namespace muster::tlog {
namespace {

const NoteKey& LogKey() {
  static const NoteKey key =
      NoteKey::Parse(
          "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx")
          .value();
  return key;
}

const NoteKey& WitnessKey() {
  static const NoteKey key =
      NoteKey::Parse("witness+24b37851+BNYV1Ztajd9BvyjP2HgpwrqYL6TjOwIjGMOq8Bu42xbN").value();
  return key;
}

void ReadNote(std::string_view text) {
  const auto note = ParseNote(text);
  const NoteKey known[] = {LogKey(), WitnessKey()};
  const auto opened = OpenNote(text, known);
  MUSTER_CHECK(note.ok() || !opened.ok());
  if (!note.ok()) return;
  MUSTER_CHECK(FormatNote(*note) == text);
  MUSTER_CHECK(!note->signatures.empty() && note->signatures.size() <= kNoteSignaturesMax);
  if (opened.ok()) MUSTER_CHECK(opened->signatures.size() <= 2 && opened->text == note->text);
}

void ReadCheckpoint(std::string_view text) {
  const auto checkpoint = ParseCheckpoint(text);
  if (checkpoint.ok()) MUSTER_CHECK(FormatCheckpoint(*checkpoint) == text);
  const auto opened = OpenCheckpoint(text, LogKey());
  if (!opened.ok()) return;
  MUSTER_CHECK(opened->origin == LogKey().name);
  MUSTER_CHECK(OpenExtension(text, LogKey(), *opened, {}).ok());
}

void ReadKey(std::string_view text) {
  const auto key = NoteKey::Parse(text);
  if (key.ok()) MUSTER_CHECK(key->Format() == text);
}

}  // namespace
}  // namespace muster::tlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  muster::tlog::ReadNote(text);
  muster::tlog::ReadCheckpoint(text);
  muster::tlog::ReadKey(text);
  return 0;
}
