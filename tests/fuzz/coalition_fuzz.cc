// SPDX-License-Identifier: Apache-2.0
//
// The input is read as a coalition report; and as a list of changes {u16 offset, u8 xor} to the
// frames of a good one, which the auditor then signs anew: so the checks behind the file's
// signature are reached. What changed must never pass, but for the auditor's own word on when the
// report was made and of which period it is.
#include <google/protobuf/stubs/logging.h>

#include <cstdint>
#include <sstream>

#include "core/base/check.h"
#include "core/crypto/hash.h"
#include "core/report/coalition.h"
#include "core/report/verify_coalition.h"
#include "tests/core/report/report_fixture.h"

namespace muster::report {
namespace {

struct Pool {
  Consortium consortium;
  Organization parks{"Parks Alliance"};
  Someone auditor{"Auditor"};
  std::vector<FrameReader::Frame> frames;
  AuditRoot root;
  Pool() {
    google::protobuf::SetLogHandler(nullptr);
    consortium.Join(parks);
    consortium.JoinAuditor(auditor);
    v1::UploadProvenance upload = consortium.Upload(parks, 3, 2);
    consortium.Intake(upload);
    root = consortium.Root();
    const std::string file = consortium.EncodeCoalition(auditor);
    MUSTER_CHECK(Holds(file));
    std::istringstream stream(file);
    FrameReader reader(stream);
    for (int i = 0; i < 3; ++i) frames.push_back(*reader.Next());
  }
  bool Holds(const std::string& file) const {
    std::istringstream stream(file);
    return VerifyCoalition(stream, root, {1}).ok();
  }
};

void ReadChanges(const Pool& pool, std::string_view changes) {
  std::vector<FrameReader::Frame> frames = pool.frames;
  size_t size = 0;
  for (const FrameReader::Frame& frame : frames) size += frame.payload.size();
  for (; changes.size() >= 3; changes.remove_prefix(3)) {
    size_t offset = (static_cast<uint8_t>(changes[0]) |
                     static_cast<size_t>(static_cast<uint8_t>(changes[1])) << 8) %
                    size;
    for (FrameReader::Frame& frame : frames) {
      if (offset < frame.payload.size()) {
        frame.payload[offset] = static_cast<char>(frame.payload[offset] ^ changes[2]);
        break;
      }
      offset -= frame.payload.size();
    }
  }
  v1::CoalitionHeader header, good;
  if (!header.ParseFromString(frames[0].payload)) return;
  MUSTER_CHECK(good.ParseFromString(pool.frames[0].payload));
  header.set_create_time(good.create_time());
  header.clear_period();
  frames[0].payload = header.SerializeAsString();
  bool same = true;
  std::string file(kCoalitionMagic);
  const auto put = [&file](char kind, std::string_view payload) {
    PutU32(file, static_cast<uint32_t>(payload.size()));
    file.push_back(kind);
    file.append(payload);
  };
  for (size_t i = 0; i < frames.size(); ++i) {
    same = same && frames[i].payload == pool.frames[i].payload;
    put(frames[i].kind, frames[i].payload);
  }
  put('Z', pool.auditor.sign.Sign(kCoalitionPurpose, AsText(crypto::Blake2b256(file))));
  MUSTER_CHECK(pool.Holds(file) == same);
}

}  // namespace
}  // namespace muster::report

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster::report;
  static const Pool pool;
  const std::string text(reinterpret_cast<const char*>(data), size);
  MUSTER_CHECK(!pool.Holds(text));
  ReadChanges(pool, text);
  return 0;
}
