// SPDX-License-Identifier: Apache-2.0
#include "core/tlog/note.h"

#include "tests/support/vectors.h"

namespace muster::tlog {
namespace {

using testing::Flipped;
using testing::Must;

// "PRIVATE+KEY+name+id+base64(algorithm | seed)", as Go writes signing keys.
crypto::SigningKey ParseGoSigningKey(std::string_view skey) {
  const std::string material = *Base64Decode(skey.substr(skey.rfind("+A") + 1));
  return Must(
      crypto::SigningKey::FromSeed(crypto::SecretBytes::CopyOf(AsBytes(material).subspan(1))));
}

std::string TextOf(std::string_view note) {
  return std::string(note.substr(0, note.rfind("\n\n") + 1));
}

TEST_CASE("Notes that others signed are judged as they judge them", "[tlog][vector]") {
  const auto vectors = testing::ReadVectors("c2sp/notes.json");
  for (const auto& test : vectors["notes"]) {
    CAPTURE(test["name"].get<std::string>());
    const std::string note = test["note"].get<std::string>();
    const std::string vkey = test["vkey"].get<std::string>();
    const NoteKey key = Must(NoteKey::Parse(vkey));
    CHECK(key.Format() == vkey);
    CHECK(FormatNote(Must(ParseNote(note))) == note);
    const auto opened = OpenNote(note, {&key, 1});
    CHECK(opened.ok() == test["valid"].get<bool>());
    if (!opened.ok()) continue;
    CHECK(opened->text == TextOf(note));
    REQUIRE(opened->signatures.size() == 1);
    CHECK(opened->signatures[0].name == key.name);
  }
}

TEST_CASE("We sign as others signed, byte for byte", "[tlog][vector]") {
  const auto vectors = testing::ReadVectors("c2sp/notes.json");
  int ran = 0;
  for (const auto& test : vectors["notes"]) {
    if (!test.contains("skey")) continue;
    CAPTURE(test["name"].get<std::string>());
    const crypto::SigningKey key = ParseGoSigningKey(test["skey"].get<std::string>());
    const NoteKey note_key = Must(NoteKey::Parse(test["vkey"].get<std::string>()));
    CHECK(key.verify_key() == note_key.key);
    Note note = Must(ParseNote(test["note"].get<std::string>()));
    const NoteSignature theirs = note.signatures.back();
    if (note_key.algorithm == kAlgorithmEd25519) {
      note.signatures.back() = SignNoteText(note.text, note_key.name, key);
    } else {
      const int64_t time = Must(CosignatureTime(theirs));
      CHECK(time == 1679315147);
      note.signatures.back() = CosignNoteText(note.text, time, note_key.name, key);
    }
    CHECK(FormatNote(note) == test["note"].get<std::string>());
    ++ran;
  }
  CHECK(ran == 4);
}

TEST_CASE("Bad verifier keys are refused", "[tlog][vector]") {
  const auto vectors = testing::ReadVectors("c2sp/notes.json");
  for (const auto& vkey : vectors["bad_vkeys"]) {
    REQUIRE_REASON(NoteKey::Parse(vkey.get<std::string>()), v1::KEY_MALFORMED);
  }
  const std::string good =
      NoteKey{"a/b", kAlgorithmEd25519, crypto::SigningKey::Generate().verify_key()}.Format();
  REQUIRE_OK(NoteKey::Parse(good));
  for (size_t i = 0; i < good.size(); ++i) {
    const auto changed = NoteKey::Parse(Flipped(good, i));
    CHECK_FALSE(changed.ok());
    CHECK_FALSE(NoteKey::Parse(good.substr(0, i)).ok());
  }
  for (const char* name : {"", "a b", "a+b", "a\u00a0b", "a\nb", "\xff", "a\u3000"}) {
    const std::string vkey =
        NoteKey{name, kAlgorithmEd25519, crypto::SigningKey::Generate().verify_key()}.Format();
    REQUIRE_REASON(NoteKey::Parse(vkey), v1::KEY_MALFORMED);
  }
  const NoteKey other{"a", 0x02, crypto::SigningKey::Generate().verify_key()};
  REQUIRE_REASON(NoteKey::Parse(other.Format()), v1::KEY_MALFORMED);
  const NoteKey low{"a", kAlgorithmEd25519, crypto::VerifyKey{}};
  REQUIRE_REASON(NoteKey::Parse(low.Format()), v1::KEY_LOW_ORDER);
  REQUIRE_REASON(NoteKey::Parse(""), v1::KEY_MALFORMED);
}

TEST_CASE("Malformed notes are refused", "[tlog][vector]") {
  const auto vectors = testing::ReadVectors("c2sp/notes.json");
  for (const auto& note : vectors["malformed_notes"]) {
    REQUIRE_REASON(ParseNote(note.get<std::string>()), v1::NOTE_MALFORMED);
  }
}

TEST_CASE("What is no note by one byte is no note", "[tlog]") {
  const std::string head = "text\n\n";
  const std::string line = "\u2014 name AAAAAAE=\n";  // four bytes of id, one of signature
  REQUIRE_OK(ParseNote(head + line));
  REQUIRE_OK(ParseNote("several\n\nparagraphs\n\n" + line));
  CHECK(Must(ParseNote("several\n\nparagraphs\n\n" + line)).text == "several\n\nparagraphs\n");
  const std::vector<std::string> bad = {"",
                                        "\n",
                                        "\n\n",
                                        "text\n" + line,
                                        "text\n\n",
                                        line,
                                        "te\rxt\n\n" + line,
                                        "te\txt\n\n" + line,
                                        std::string("te\0xt\n\n", 7) + line,
                                        "te\xffxt\n\n" + line,
                                        "te\xc0\x80xt\n\n" + line,
                                        "te\xed\xa0\x80xt\n\n" + line,
                                        "te\xf4\x90\x80\x80xt\n\n" + line,
                                        "te\xe2\x80\n\n" + line,
                                        head + "\u2014 name AAAAAA==\n",
                                        head + "\u2014 name AAAAAAE\n",
                                        head + "\u2014 name  AAAAAAE=\n",
                                        head + "\u2014 name AAAAAAE= \n",
                                        head + "\u2014  AAAAAAE=\n",
                                        head + "\u2014 na+me AAAAAAE=\n",
                                        head + "\u2014 na\u2003me AAAAAAE=\n",
                                        head + "- name AAAAAAE=\n",
                                        head + "\u2014name AAAAAAE=\n",
                                        head + "\u2014 name\n",
                                        head + line + "\n",
                                        head + line + "x",
                                        head + line + "\n" + line.substr(0, 5)};
  for (const std::string& note : bad) {
    CAPTURE(note);
    REQUIRE_REASON(ParseNote(note), v1::NOTE_MALFORMED);
  }
}

TEST_CASE("A note has at most a hundred signatures and a megabyte", "[tlog]") {
  const std::string line = "\u2014 name AAAAAAE=\n";
  std::string note = "text\n\n";
  for (size_t i = 0; i < kNoteSignaturesMax; ++i) note += line;
  CHECK(Must(ParseNote(note)).signatures.size() == 100);
  REQUIRE_REASON(ParseNote(note + line), v1::NOTE_MALFORMED);
  const std::string tail = "\n\n" + line;
  REQUIRE_OK(ParseNote(std::string(kNoteBytesMax - tail.size(), 'x') + tail));
  REQUIRE_REASON(ParseNote(std::string(kNoteBytesMax - tail.size() + 1, 'x') + tail),
                 v1::NOTE_MALFORMED);
}

TEST_CASE("Any bit changed in a signed note makes it worth nothing", "[tlog]") {
  const crypto::SigningKey key = crypto::SigningKey::Generate();
  const NoteKey known{"log", kAlgorithmEd25519, key.verify_key()};
  Note note;
  note.text = "some text\n";
  note.signatures.push_back(SignNoteText(note.text, "log", key));
  const std::string good = FormatNote(note);
  REQUIRE_OK(OpenNote(good, {&known, 1}));
  for (size_t i = 0; i < good.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      CAPTURE(i, bit);
      CHECK_FALSE(OpenNote(Flipped(good, i, bit), {&known, 1}).ok());
    }
  }
}

TEST_CASE("Unknown signatures are ignored, a bad one of a known key is not", "[tlog]") {
  const crypto::SigningKey log = crypto::SigningKey::Generate();
  const crypto::SigningKey witness = crypto::SigningKey::Generate();
  const crypto::SigningKey stranger = crypto::SigningKey::Generate();
  const std::vector<NoteKey> known = {{"log", kAlgorithmEd25519, log.verify_key()},
                                      {"witness", kAlgorithmCosignature, witness.verify_key()}};
  Note note;
  note.text = "text\n";
  note.signatures = {SignNoteText(note.text, "log", log),
                     SignNoteText(note.text, "stranger", stranger),
                     CosignNoteText(note.text, 1000, "witness", witness),
                     // a known name with an unknown id, and a known id under an unknown name
                     SignNoteText(note.text, "log", stranger),
                     {"lag", known[0].Id(), "nonsense"},
                     // the witness's key under its log type is another key
                     SignNoteText(note.text, "witness", witness)};
  const Note opened = Must(OpenNote(FormatNote(note), known));
  REQUIRE(opened.signatures.size() == 2);
  CHECK(opened.signatures[0].name == "log");
  CHECK(opened.signatures[1].name == "witness");
  CHECK(Must(CosignatureTime(opened.signatures[1])) == 1000);

  Note bad = note;
  bad.signatures.push_back({"witness", known[1].Id(), std::string(72, 'x')});
  REQUIRE_REASON(OpenNote(FormatNote(bad), known), v1::SIGNATURE_INVALID);
  bad = note;
  bad.signatures[0].bytes.pop_back();
  REQUIRE_REASON(OpenNote(FormatNote(bad), known), v1::SIGNATURE_INVALID);

  REQUIRE_REASON(OpenNote(FormatNote(note), {}), v1::CHECKPOINT_UNSIGNED);
}

TEST_CASE("One key counts once, however often it signs", "[tlog]") {
  const crypto::SigningKey witness = crypto::SigningKey::Generate();
  const NoteKey known{"witness", kAlgorithmCosignature, witness.verify_key()};
  Note note;
  note.text = "text\n";
  for (int64_t time : {7, 8, 9})
    note.signatures.push_back(CosignNoteText(note.text, time, "witness", witness));
  const Note opened = Must(OpenNote(FormatNote(note), {&known, 1}));
  REQUIRE(opened.signatures.size() == 1);
  CHECK(Must(CosignatureTime(opened.signatures[0])) == 7);
}

TEST_CASE("A cosignature says its time under the signature", "[tlog]") {
  const crypto::SigningKey witness = crypto::SigningKey::Generate();
  const NoteKey known{"w", kAlgorithmCosignature, witness.verify_key()};
  Note note;
  note.text = "text\n";
  note.signatures = {CosignNoteText(note.text, 0, "w", witness)};
  REQUIRE_OK(OpenNote(FormatNote(note), {&known, 1}));
  for (size_t i = 0; i < 8; ++i) {
    Note bad = note;
    bad.signatures[0].bytes = Flipped(bad.signatures[0].bytes, i, 7);
    REQUIRE_REASON(OpenNote(FormatNote(bad), {&known, 1}), v1::SIGNATURE_INVALID);
  }
  REQUIRE_REASON(CosignatureTime({"w", 0, std::string(71, '\0')}), v1::SIGNATURE_INVALID);
  REQUIRE_REASON(CosignatureTime({"w", 0, std::string(72, '\xff')}), v1::SIGNATURE_INVALID);
}

}  // namespace
}  // namespace muster::tlog
