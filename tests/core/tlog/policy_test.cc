// SPDX-License-Identifier: Apache-2.0
#include "core/tlog/policy.h"

#include <array>

#include "tests/support/vectors.h"

namespace muster::tlog {
namespace {

using testing::Must;

struct Signer {
  std::string name;
  crypto::SigningKey key = crypto::SigningKey::Generate();
  NoteKey Log() const { return {name, kAlgorithmEd25519, key.verify_key()}; }
  NoteKey Witness() const { return {name, kAlgorithmCosignature, key.verify_key()}; }
};

// The specification's example with keys drawn here.
struct Example {
  Signer log{"example.com/log"};
  std::array<Signer, 3> x{{{"x1.example"}, {"x2.example"}, {"x3.example"}}};
  std::array<Signer, 3> y{{{"y1.example"}, {"y2.example"}, {"y3.example"}}};

  std::string Text() const {
    std::string text = "# who is believed\n\n log\t" + log.Log().Format() + " https://a.example/\n";
    const auto witness = [&](const std::string& name, const Signer& signer) {
      text += "witness " + name + " " + signer.Witness().Format() + "\n";
    };
    for (int i = 0; i < 3; ++i) witness("X" + std::to_string(i + 1), x[static_cast<size_t>(i)]);
    text += "group X-witnesses 2 X1 X2 X3\n";
    for (int i = 0; i < 3; ++i) witness("Y" + std::to_string(i + 1), y[static_cast<size_t>(i)]);
    return text +
           "group Y-witnesses any Y1 Y2 Y3\n  # both\ngroup X-and-Y all X-witnesses "
           "Y-witnesses  \nquorum X-and-Y\n";
  }
  Note Signed() const {
    Note note;
    note.text = FormatCheckpoint({log.name, 0, crypto::MerkleEmptyRoot()});
    note.signatures.push_back(SignNoteText(note.text, log.name, log.key));
    return note;
  }
  static void Cosign(Note& note, const Signer& by, int64_t time = 1000) {
    note.signatures.push_back(CosignNoteText(note.text, time, by.name, by.key));
  }
};

TEST_CASE("The specification's example is read, and written so that it is read again", "[tlog]") {
  const Example example;
  const Policy policy = Must(ParsePolicy(example.Text()));
  REQUIRE(policy.logs.size() == 1);
  CHECK(policy.logs[0].url == "https://a.example/");
  CHECK(policy.witnesses.size() == 6);
  REQUIRE(policy.groups.size() == 3);
  CHECK(policy.groups[0].threshold == 2);
  CHECK(policy.groups[1].threshold == 1);
  CHECK(policy.groups[2].threshold == 2);
  CHECK(policy.quorum == "X-and-Y");
  const std::string written = FormatPolicy(policy);
  CHECK(FormatPolicy(Must(ParsePolicy(written))) == written);
}

TEST_CASE("Two of X and one of Y are a quorum, and nothing less is", "[tlog][oracle]") {
  const Example example;
  const Policy policy = Must(ParsePolicy(example.Text()));
  for (int subset = 0; subset < 64; ++subset) {
    Note note = example.Signed();
    int of_x = 0;
    int of_y = 0;
    for (size_t i = 0; i < 3; ++i) {
      if ((subset >> i) & 1) {
        Example::Cosign(note, example.x[i]);
        ++of_x;
      }
      if ((subset >> (i + 3)) & 1) {
        Example::Cosign(note, example.y[i]);
        ++of_y;
      }
    }
    const auto opened = OpenCosigned(FormatNote(note), policy);
    CHECK(opened.ok() == (of_x >= 2 && of_y >= 1));
    if (opened.ok()) {
      CHECK(opened->cosignatures.size() == static_cast<size_t>(of_x + of_y));
    } else {
      CHECK(ReasonOf(opened.status()) == v1::QUORUM_MISSING);
    }
  }
}

TEST_CASE("A witness counts once, for what it signed, and only when its signature is good",
          "[tlog][fault]") {
  const Example example;
  const Policy policy = Must(ParsePolicy(example.Text()));
  Note note = example.Signed();
  Example::Cosign(note, example.x[0]);
  Example::Cosign(note, example.x[0], 2000);
  Example::Cosign(note, example.y[0]);
  REQUIRE_REASON(OpenCosigned(FormatNote(note), policy), v1::QUORUM_MISSING);
  // A stranger does not help, and a name does not make a key.
  Example::Cosign(note, Signer{"x2.example"});
  REQUIRE_REASON(OpenCosigned(FormatNote(note), policy), v1::QUORUM_MISSING);
  Example::Cosign(note, example.x[1]);
  REQUIRE_OK(OpenCosigned(FormatNote(note), policy));

  Note bad = note;
  bad.signatures.back().bytes.back() ^= 1;
  REQUIRE_REASON(OpenCosigned(FormatNote(bad), policy), v1::SIGNATURE_INVALID);
  // A time changed is a signature broken: nobody makes an old cosignature young.
  bad = note;
  bad.signatures.back().bytes[7] ^= 1;
  REQUIRE_REASON(OpenCosigned(FormatNote(bad), policy), v1::SIGNATURE_INVALID);

  Note unsigned_by_log = note;
  unsigned_by_log.signatures.erase(unsigned_by_log.signatures.begin());
  REQUIRE_REASON(OpenCosigned(FormatNote(unsigned_by_log), policy), v1::CHECKPOINT_UNSIGNED);
}

TEST_CASE("Cosignatures that are too old are no quorum", "[tlog][fault]") {
  const Example example;
  const Policy policy = Must(ParsePolicy(example.Text()));
  Note note = example.Signed();
  Example::Cosign(note, example.x[0], 1000);
  Example::Cosign(note, example.x[1], 1500);
  Example::Cosign(note, example.y[0], 1500);
  REQUIRE_OK(OpenCosigned(FormatNote(note), policy, 1000));
  REQUIRE_REASON(OpenCosigned(FormatNote(note), policy, 1001), v1::LOG_BEHIND);
  Example::Cosign(note, example.x[2], 1001);
  REQUIRE_OK(OpenCosigned(FormatNote(note), policy, 1001));
}

TEST_CASE("A log speaks for its own origin only", "[tlog][fault]") {
  const Signer other{"example.com/other"};
  const Example example;
  Policy policy = ThresholdPolicy(example.log.Log(), {}, 0);
  policy.logs.push_back({other.Log(), ""});
  Note note;
  note.text = FormatCheckpoint({example.log.name, 0, crypto::MerkleEmptyRoot()});
  note.signatures.push_back(SignNoteText(note.text, other.name, other.key));
  REQUIRE_REASON(OpenCosigned(FormatNote(note), policy), v1::CHECKPOINT_UNSIGNED);
  REQUIRE_OK(OpenCosigned(FormatNote(example.Signed()), policy));
}

TEST_CASE("A threshold of witnesses by their own names", "[tlog]") {
  const Example example;
  const Policy policy =
      ThresholdPolicy(example.log.Log(), {example.x[0].Witness(), example.x[1].Witness()}, 2);
  Note note = example.Signed();
  Example::Cosign(note, example.x[0]);
  REQUIRE_REASON(OpenCosigned(FormatNote(note), policy), v1::QUORUM_MISSING);
  Example::Cosign(note, example.x[1]);
  REQUIRE_OK(OpenCosigned(FormatNote(note), Must(ParsePolicy(FormatPolicy(policy)))));
}

TEST_CASE("The published cosignature satisfies a policy that asks for it", "[tlog][vector]") {
  const auto vectors = testing::ReadVectors("c2sp/notes.json");
  std::string log_vkey = vectors["witness"]["log_vkey"].get<std::string>();
  int ran = 0;
  for (const auto& test : vectors["notes"]) {
    const std::string vkey = test["vkey"].get<std::string>();
    if (Must(NoteKey::Parse(vkey)).algorithm != kAlgorithmCosignature) continue;
    const Policy policy =
        Must(ParsePolicy("log " + log_vkey + "\nwitness w " + vkey + "\nquorum w\n"));
    CHECK(OpenCosigned(test["note"].get<std::string>(), policy).ok() == test["valid"].get<bool>());
    ++ran;
  }
  CHECK(ran == 2);
}

TEST_CASE("Policies not in the one form are refused", "[tlog]") {
  const Example example;
  const std::string log = "log " + example.log.Log().Format() + "\n";
  const std::string a = "witness A " + example.x[0].Witness().Format() + "\n";
  const std::string b = "witness B " + example.x[1].Witness().Format() + "\n";
  const std::string good = log + a + b + "group G 2 A B\nquorum G\n";
  REQUIRE_OK(ParsePolicy(good));
  REQUIRE_OK(ParsePolicy("quorum none\n"));
  REQUIRE_OK(ParsePolicy(a + "quorum A\n"));
  const std::vector<std::string> bad = {
      "",
      log,
      "quorum none",
      "quorum none\nquorum none\n",
      "quorum\n",
      "quorum A B\n",
      "quorum A\n" + a,
      a + "group G any A\ngroup H any A\nquorum H\n",
      a + "group G 2 A A\nquorum G\n",
      a + b + "group G 3 A B\nquorum G\n",
      a + b + "group G 0 A B\nquorum G\n",
      a + b + "group G 02 A B\nquorum G\n",
      a + b + "group G -1 A B\nquorum G\n",
      a + b + "group G some A B\nquorum G\n",
      "group G any\nquorum G\n",
      "group G any G\nquorum G\n",
      "group G any none\nquorum G\n",
      a + "group A any A\nquorum A\n",
      a + "witness A " + example.x[1].Witness().Format() + "\nquorum A\n",
      a + "witness B " + example.x[0].Witness().Format() + "\nquorum A\n",
      "witness none " + example.x[0].Witness().Format() + "\nquorum none\n",
      log + log + "quorum none\n",
      "log " + example.x[0].Witness().Format() + "\nquorum none\n",
      "witness A " + example.log.Log().Format() + "\nquorum A\n",
      // One key under two names, as log and as witness.
      "log " + NoteKey{"n", kAlgorithmEd25519, example.x[0].key.verify_key()}.Format() + "\n" + a +
          "quorum A\n",
      "witness A\nquorum A\n",
      "log\nquorum none\n",
      "log " + example.log.Log().Format() + " url more\nquorum none\n",
      "trust everybody\nquorum none\n",
      "quorum none\r\n",
      std::string("quorum none\n#\0\n", 14),
      "quorum none\n#\x7f\n",
      std::string(kPolicyBytesMax, '#') + "\nquorum none\n",
  };
  for (const std::string& text : bad) {
    CAPTURE(text.substr(0, 200));
    REQUIRE_REASON(ParsePolicy(text), v1::BUNDLE_MALFORMED);
  }
  // Names are octets: the Kelvin sign is no K.
  REQUIRE_REASON(ParsePolicy("witness K " + example.x[0].Witness().Format() + "\nquorum \u212a\n"),
                 v1::BUNDLE_MALFORMED);
  // At least 32 of each kind.
  std::string many;
  for (int i = 0; i < 40; ++i) {
    const std::string n = std::to_string(i);
    many += "log " + Signer{"log" + n}.Log().Format() + "\n";
    many += "witness W" + n + " " + Signer{"w" + n}.Witness().Format() + "\n";
    many += "group G" + n + " any W" + n + (i > 0 ? " G" + std::to_string(i - 1) : "") + "\n";
  }
  REQUIRE_OK(ParsePolicy(many + "quorum G39\n"));
}

}  // namespace
}  // namespace muster::tlog
