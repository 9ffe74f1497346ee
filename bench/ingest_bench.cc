// SPDX-License-Identifier: Apache-2.0
//
// Reading an export of twelve columns into encoded records on one thread, as `muster upload` does
// before it seals, and the parts that this time goes to. The argument of ReadExport is how many
// rows in a hundred hold what the quick ways do not take: quotes, letters beyond ASCII, addresses
// of international domains, telephone numbers with extensions.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/base/check.h"
#include "core/contact/contact.h"
#include "core/contact/identifier.h"
#include "core/ingest/contact_reader.h"
#include "core/ingest/csv_reader.h"

namespace muster {
namespace {

constexpr int kRows = 200'000;

std::string PlainRow(int n) {
  const std::string id = std::to_string(n);
  return "c0ffee00-" + id + ",Maria" + id.substr(id.size() / 2) + ",Lopez,Maria.Lopez" + id +
         "@Example.com,(312) 555-0" + std::to_string(100 + n % 900) + "," +
         std::to_string(n % 9999) + " Elm St,Springfield,IL,6" + std::to_string(1000 + n % 9000) +
         ",volunteer,subscribed,2021-05-06 07:08:09 UTC\n";
}

std::string HardRow(int n) {
  const std::string id = std::to_string(n);
  return "c0ffee00-" + id + ",Zo\xc3\xab,\"O\"\"Neil, Jr\",zoe" + id +
         "@b\xc3\xbc"
         "cher.example,312-555-0" +
         std::to_string(100 + n % 900) + " x12,\"" + std::to_string(n % 9999) +
         " Elm St, Apt 4\",Springfield,IL,2139,\"#vote, ?door knocker, "
         "Phone_Bank\",unsubscribed,\"May 6, 2021 7:08 PM\"\n";
}

// A file that goes with the program.
class ExportFile {
 public:
  explicit ExportFile(int hard_percent) {
    std::string name =
        (std::filesystem::temp_directory_path() / "muster_ingest_bench.XXXXXX").string();
    MUSTER_CHECK(::mkdtemp(name.data()) != nullptr);
    folder_ = name;
    path_ = folder_ / "export.csv";
    std::ofstream out(path_, std::ios::binary);
    out << "uuid,first_name,last_name,email,Phone "
           "Number,can2_user_address,can2_user_city,can2_state_abbreviated,zip_code,"
           "can2_user_tags,can2_subscription_status,can2_subscription_date\n";
    for (int n = 0; n < kRows; ++n) out << (n % 100 < hard_percent ? HardRow(n) : PlainRow(n));
  }
  ~ExportFile() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path folder_;
  std::filesystem::path path_;
};

void Count(benchmark::State& state, uint64_t rows, uint64_t bytes) {
  state.counters["rows/s"] =
      benchmark::Counter(static_cast<double>(rows), benchmark::Counter::kIsRate);
  state.counters["bytes/row"] =
      benchmark::Counter(rows == 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(rows));
}

void BM_ReadExport(benchmark::State& state) {
  const ExportFile file(static_cast<int>(state.range(0)));
  contact::ContactRecord record;
  std::string encoded;
  uint64_t rows = 0;
  uint64_t bytes = 0;
  for (auto _ : state) {
    auto reader = ingest::ContactReader::Open(file.path(), {});
    MUSTER_CHECK(reader.ok());
    while (true) {
      const auto more = (*reader)->Next(record);
      MUSTER_CHECK(more.ok());
      if (!*more) break;
      encoded.clear();
      MUSTER_CHECK(contact::EncodeRecord(record, encoded).ok());
      benchmark::DoNotOptimize(encoded.data());
    }
    MUSTER_CHECK((*reader)->rejected() == 0);
    rows += (*reader)->rows();
    bytes += (*reader)->bytes_read();
  }
  Count(state, rows, bytes);
}
BENCHMARK(BM_ReadExport)->Arg(0)->Arg(5)->Arg(100)->Unit(benchmark::kMillisecond);

void BM_ReadCsvOnly(benchmark::State& state) {
  const ExportFile file(5);
  uint64_t rows = 0;
  uint64_t bytes = 0;
  for (auto _ : state) {
    auto source = ingest::TextSource::Open(file.path());
    MUSTER_CHECK(source.ok());
    ingest::CsvReader csv(*std::move(source));
    while (true) {
      const auto outcome = csv.Next();
      MUSTER_CHECK(outcome.ok());
      if (*outcome == ingest::CsvReader::Outcome::kEnd) break;
      benchmark::DoNotOptimize(csv.cells().data());
      ++rows;
    }
    bytes += csv.source().bytes_read();
  }
  Count(state, rows, bytes);
}
BENCHMARK(BM_ReadCsvOnly)->Unit(benchmark::kMillisecond);

void BM_ParseEmail(benchmark::State& state, const char* text) {
  std::string out;
  for (auto _ : state) {
    MUSTER_CHECK(contact::ParseEmailInto(text, out).ok());
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK_CAPTURE(BM_ParseEmail, ascii, "Maria.Lopez12345@Example.com");
BENCHMARK_CAPTURE(BM_ParseEmail, international,
                  "zo\xc3\xab@b\xc3\xbc"
                  "cher.example");

void BM_ParsePhone(benchmark::State& state, const char* text) {
  for (auto _ : state) {
    auto phone = contact::ParsePhone(text);
    MUSTER_CHECK(phone.ok());
    benchmark::DoNotOptimize(phone);
  }
}
BENCHMARK_CAPTURE(BM_ParsePhone, plain, "(312) 555-0123");
BENCHMARK_CAPTURE(BM_ParsePhone, abroad, "+44 20 7946 0958");

void BM_EncodeRecord(benchmark::State& state) {
  contact::ContactRecord record;
  for (size_t i = 1; i < 13; ++i) record.fields[i] = "value of a field";
  std::string encoded;
  for (auto _ : state) {
    encoded.clear();
    MUSTER_CHECK(contact::EncodeRecord(record, encoded).ok());
    benchmark::DoNotOptimize(encoded.data());
  }
}
BENCHMARK(BM_EncodeRecord);

}  // namespace
}  // namespace muster
