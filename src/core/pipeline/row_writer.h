// SPDX-License-Identifier: Apache-2.0
//
// Row writer: changes to many rows of the big families, in any order, written in a few large steps:
// as sorted tables when there are many, as a batch when few.
//
// Rule: steps are not atomic among each other; whoever uses it can be repeated from the start. A
// key is written at most once a step.
// Threads: one.
#ifndef MUSTER_CORE_PIPELINE_ROW_WRITER_H_
#define MUSTER_CORE_PIPELINE_ROW_WRITER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/store/database.h"

namespace muster::pipeline {

class RowWriter {
 public:
  explicit RowWriter(store::Store* store) : store_(store) {}
  absl::Status Put(store::Family family, std::string key, std::string value);
  absl::Status Delete(store::Family family, std::string key);
  // Writes what is waiting; durable with the next synced write.
  absl::Status Flush();

 private:
  struct Change {
    store::Family family;
    std::string key;
    std::optional<std::string> value;
  };
  absl::Status Add(Change change);
  store::Store* const store_;
  std::vector<Change> changes_;
};

}  // namespace muster::pipeline

#endif  // MUSTER_CORE_PIPELINE_ROW_WRITER_H_
