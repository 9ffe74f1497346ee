// SPDX-License-Identifier: Apache-2.0
//
// The rules of the house, read off the tree. kRooms is the order of the rooms: moving a room is a
// change of that list. Each rule is also shown a made-up tree that breaks it.
#include <stdlib.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Room {
  std::string_view library;  // muster::<library>
  std::string_view folder;   // under src/
};
// A room includes and links itself and the rooms above it.
constexpr Room kRooms[] = {
    {"base", "core/base"},         {"crypto", "core/crypto"},
    {"contact", "core/contact"},   {"ingest", "core/ingest"},
    {"seal", "core/seal"},         {"token", "core/token"},
    {"match", "core/match"},       {"tlog", "core/tlog"},
    {"governance", "core/governance"},{"report", "core/report"},
    {"store", "core/store"},       {"keyring", "core/keyring"},
    {"pipeline", "core/pipeline"}, {"rpc", "server/rpc"},
    {"front", "server/front"},     {"vault", "server/vault"},
    {"audit", "cli"},              {"cli", "cli"},
    {"fake", "tools/muster_fake"}, {"linkage", "tools/muster_linkage"},
};
// What the CLI does not link it cannot leak.
constexpr std::string_view kNotForCli[] = {"core/store", "core/keyring", "core/pipeline",
                                           "server/front", "server/vault"};
// A library's headers stay in the folders that are there to hide it.
struct Fence {
  std::string_view header;  // how its includes begin
  std::vector<std::string_view> folders;
};
const Fence kFences[] = {
    {"sodium", {"core/crypto"}},
    {"rocksdb/", {"core/store"}},
    {"grpcpp/", {"server", "cli"}},
    {"grpc/", {"server", "cli"}},
    {"toml++/", {"core/ingest"}},
};
constexpr size_t kColumnsMax = 120;

struct Finding {
  std::string rule;
  std::string where;
  std::string what;
};

bool StartsWith(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

bool IsUnder(std::string_view path, std::string_view folder) {
  return StartsWith(path, folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

// Of several libraries in one folder, the one that may include most.
std::optional<size_t> RoomOf(std::string_view path) {
  for (size_t i = std::size(kRooms); i-- > 0;) {
    if (IsUnder(path, kRooms[i].folder)) return i;
  }
  return std::nullopt;
}

std::optional<size_t> RoomOfLibrary(std::string_view library) {
  for (size_t i = 0; i < std::size(kRooms); ++i) {
    if (kRooms[i].library == library) return i;
  }
  return std::nullopt;
}

bool IsForbiddenToCli(std::string_view path) {
  return std::any_of(std::begin(kNotForCli), std::end(kNotForCli),
                     [path](std::string_view folder) { return IsUnder(path, folder); });
}

// Code points: an umlaut takes one column.
size_t Columns(std::string_view line) {
  return static_cast<size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

bool IsWordCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

bool HasWord(std::string_view line, std::string_view word) {
  for (size_t at = line.find(word); at != std::string_view::npos; at = line.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || !IsWordCharacter(line[at - 1])) &&
        (end == line.size() || !IsWordCharacter(line[end]))) {
      return true;
    }
  }
  return false;
}

std::vector<std::string> Lines(const fs::path& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Words and parentheses of a CMakeLists.txt, comments left out.
std::vector<std::string> CMakeTokens(const fs::path& path) {
  std::vector<std::string> tokens;
  for (std::string line : Lines(path)) {
    line = line.substr(0, line.find('#'));
    std::string spaced;
    for (const char c : line) {
      if (c == '(' || c == ')') {
        spaced += {' ', c, ' '};
      } else {
        spaced += c;
      }
    }
    std::istringstream words(spaced);
    for (std::string word; words >> word;) tokens.push_back(word);
  }
  return tokens;
}

class Inspector {
 public:
  explicit Inspector(fs::path root) : root_(std::move(root)) {}

  std::vector<Finding> Run() {
    for (const char* top : {"src", "tests", "bench", "proto", "cmake", "scripts", "docs"}) {
      if (!fs::exists(root_ / top)) continue;
      for (auto it = fs::recursive_directory_iterator(root_ / top); it != fs::end(it); ++it) {
        const std::string path = it->path().lexically_relative(root_).generic_string();
        if (it->is_directory()) {
          if (path == "tests/testdata" || path == "tests/fuzz/corpus")
            it.disable_recursion_pending();
          CheckFolder(path);
        } else {
          CheckFile(path);
        }
      }
    }
    for (const std::string& source : sources_) {
      if (listed_.count(source) == 0) Add("listed", source, "no CMakeLists.txt names it");
    }
    return std::move(findings_);
  }

 private:
  void Add(std::string rule, std::string where, std::string what) {
    findings_.push_back({std::move(rule), std::move(where), std::move(what)});
  }

  void CheckFolder(const std::string& path) {
    static const std::set<std::string> kDrawers = {"util", "utils", "common", "helpers", "misc"};
    if (kDrawers.count(fs::path(path).filename().string()) == 1) {
      Add("drawer", path, "a helper lives with its concept");
    }
  }

  void CheckFile(const std::string& path) {
    const fs::path name = fs::path(path).filename();
    const std::string extension = name.extension().string();
    const bool header = extension == ".h";
    const bool code = header || extension == ".cc" || extension == ".proto";
    const bool cmake = name == "CMakeLists.txt" || extension == ".cmake";
    const std::vector<std::string> lines = Lines(root_ / path);

    for (size_t i = 0; i < lines.size(); ++i) {
      const std::string where = path + ":" + std::to_string(i + 1);
      CheckWords(where, lines[i]);
      if (code && Columns(lines[i]) > kColumnsMax) {
        Add("columns", where, std::to_string(Columns(lines[i])) + " columns");
      }
      if (header || extension == ".cc") CheckInclude(path, where, lines[i]);
    }
    if (code || cmake || StartsWith(path, "scripts/")) CheckLicense(path, lines, code);
    if (header) CheckHeader(path, lines);
    if (extension == ".cc") sources_.insert(path);
    if (name == "CMakeLists.txt") CheckCMake(path);
  }

  void CheckWords(const std::string& where, const std::string& line) {
    // Written apart, so that this file passes its own test.
    for (const std::string word : {"TO"
                                   "DO",
                                   "FIX"
                                   "ME",
                                   "X"
                                   "XX",
                                   "HA"
                                   "CK"}) {
      if (HasWord(line, word)) Add("unfinished", where, word);
    }
  }

  void CheckLicense(const std::string& path, const std::vector<std::string>& lines, bool code) {
    const std::string expected =
        std::string(code ? "//" : "#") + " SPDX-License-Identifier: Apache-2.0";
    // A script's first line belongs to the kernel.
    const size_t at = !lines.empty() && StartsWith(lines[0], "#!") ? 1 : 0;
    if (lines.size() <= at || lines[at] != expected) Add("license", path, "misses: " + expected);
  }

  void CheckHeader(const std::string& path, const std::vector<std::string>& lines) {
    const std::string from_src = StartsWith(path, "src/") ? path.substr(4) : path;
    std::string guard = "MUSTER_";
    for (const char c : from_src) {
      guard +=
          IsWordCharacter(c) ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : '_';
    }
    guard += '_';
    const auto ifndef = std::find(lines.begin(), lines.end(), "#ifndef " + guard);
    if (ifndef == lines.end() || std::next(ifndef) == lines.end() ||
        *std::next(ifndef) != "#define " + guard || lines.back() != "#endif  // " + guard) {
      Add("guard", path, "its guard is " + guard);
    }
    const auto before = std::find_if(lines.begin(), lines.end(),
                                     [](const std::string& l) { return StartsWith(l, "#"); });
    const bool contract = std::any_of(lines.begin(), before, [](const std::string& line) {
      return line.size() > 3 && StartsWith(line, "// ") && !StartsWith(line, "// SPDX");
    });
    if (!contract) Add("contract", path, "no comment says what it is and promises");
  }

  void CheckInclude(const std::string& path, const std::string& where, const std::string& line) {
    if (!StartsWith(path, "src/") || !StartsWith(line, "#include ") || line.size() < 11) return;
    const std::string from = path.substr(4);
    const std::string included = line.substr(10, line.find_first_of("\">", 10) - 10);
    const auto here = RoomOf(from);
    if (!here) {
      Add("room", where, "the folder is no room of the list");
      return;
    }
    for (const Fence& fence : kFences) {
      if (StartsWith(included, fence.header) &&
          std::none_of(fence.folders.begin(), fence.folders.end(),
                       [&from](std::string_view folder) { return IsUnder(from, folder); })) {
        Add("fence", where, included);
      }
    }
    constexpr std::string_view kService = ".grpc.pb.h";
    if (included.size() > kService.size() &&
        included.substr(included.size() - kService.size()) == kService &&
        !IsUnder(from, "server") && !IsUnder(from, "cli")) {
      Add("fence", where, included);
    }
    if (kRooms[*here].library == "cli" && IsForbiddenToCli(included)) Add("cli", where, included);
    if (const auto there = RoomOf(included)) {
      if (*there > *here) Add("order", where, included + " is of a room below");
    } else if (line[9] == '"' && fs::exists(root_ / fs::path(path).parent_path() / included)) {
      Add("room", where, included + " is included without its room");
    }
  }

  void CheckCMake(const std::string& path) {
    const fs::path folder = fs::path(path).parent_path();
    const std::vector<std::string> tokens = CMakeTokens(root_ / path);
    std::string library;  // the muster_library() that is being read
    for (size_t i = 0; i < tokens.size(); ++i) {
      const std::string& token = tokens[i];
      if (token == "muster_library" && i + 2 < tokens.size()) library = tokens[i + 2];
      if (token == ")") library.clear();
      if (token.size() > 3 && token.substr(token.size() - 3) == ".cc") {
        listed_.insert((folder / token).lexically_normal().generic_string());
      }
      if (!library.empty() && StartsWith(token, "muster::")) CheckDependency(path, library, token);
    }
  }

  void CheckDependency(const std::string& path, const std::string& library,
                       const std::string& dependency) {
    const auto here = RoomOfLibrary(library);
    const auto there = RoomOfLibrary(std::string_view(dependency).substr(8));
    if (!here) {
      Add("room", path, "muster::" + library + " is no room of the list");
      return;
    }
    if (dependency == "muster::rpc_proto" && StartsWith(kRooms[*here].folder, "core/")) {
      Add("fence", path, dependency);
    }
    if (!there) return;
    if (*there > *here) Add("order", path, dependency + " is of a room below");
    if (library == "cli" && IsForbiddenToCli(kRooms[*there].folder)) Add("cli", path, dependency);
  }

  const fs::path root_;
  std::vector<Finding> findings_;
  std::set<std::string> sources_;  // .cc files there are
  std::set<std::string> listed_;   // .cc files that some CMakeLists.txt names
};

std::string Report(const std::vector<Finding>& findings) {
  std::string out;
  for (const Finding& f : findings) out += "  " + f.rule + ": " + f.where + ": " + f.what + "\n";
  return out;
}

TEST_CASE("Tidy: the tree keeps the rules of the house", "[tidy]") {
  const std::vector<Finding> findings = Inspector(MUSTER_SOURCE).Run();
  INFO("\n" << Report(findings));
  REQUIRE(findings.empty());
}

// A made-up tree with nothing wrong in it, in a folder of its own.
class Tree {
 public:
  Tree() {
    std::string name = (fs::temp_directory_path() / "muster_tidy_XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    root_ = name;
    for (const Room& room : kRooms) AddRoom(room);
    Write("src/core/README.md", "Rooms.\n");
    Write("tests/CMakeLists.txt",
          std::string(kHash) + "muster_test(seal_test SOURCES seal_test.cc)\n");
    Write("tests/seal_test.cc", std::string(kSlashes) + "#include \"core/seal/noun.h\"\n");
    Write("tests/testdata/util/list.csv", "not code\n");
    Write("proto/muster/v1/thing.proto", std::string(kSlashes) + "syntax = \"proto3\";\n");
    Write("scripts/build", "#!/usr/bin/env bash\n" + std::string(kHash));
  }
  ~Tree() { fs::remove_all(root_); }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  void Write(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  void Append(const std::string& path, const std::string& text) {
    std::ofstream(root_ / path, std::ios::app) << text;
  }
  void Replace(const std::string& path, const std::string& old_text, const std::string& text) {
    std::ifstream in(root_ / path);
    std::string all{std::istreambuf_iterator<char>(in), {}};
    const size_t at = all.find(old_text);
    REQUIRE(at != std::string::npos);
    Write(path, all.replace(at, old_text.size(), text));
  }
  void Remove(const std::string& path) { REQUIRE(fs::remove(root_ / path)); }
  std::vector<Finding> Inspect() const { return Inspector(root_).Run(); }

  static constexpr const char* kSlashes = "// SPDX-License-Identifier: Apache-2.0\n";
  static constexpr const char* kHash = "# SPDX-License-Identifier: Apache-2.0\n";

 private:
  void AddRoom(const Room& room) {
    const std::string folder(room.folder);
    std::string guard = "MUSTER_" + folder + "/NOUN_H_";
    for (char& c : guard) {
      c = c == '/' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    Write("src/" + folder + "/noun.h", std::string(kSlashes) + "//\n// Noun: a thing.\n#ifndef " +
                                           guard + "\n#define " + guard + "\n#endif  // " + guard +
                                           "\n");
    Write("src/" + folder + "/noun.cc",
          std::string(kSlashes) + "#include \"" + folder + "/noun.h\"\n");
    Write("src/" + folder + "/CMakeLists.txt", std::string(kHash) + "muster_library(" +
                                                   std::string(room.library) +
                                                   "\n  SOURCES noun.cc)\n");
  }

  fs::path root_;
};

TEST_CASE("Tidy: a clean tree has no findings", "[tidy]") {
  const Tree tree;
  const std::vector<Finding> findings = tree.Inspect();
  INFO("\n" << Report(findings));
  REQUIRE(findings.empty());
}

TEST_CASE("Tidy: what is allowed is not found", "[tidy]") {
  Tree tree;
  tree.Append("src/core/seal/noun.cc",
              "#include <vector>\n#include \"core/contact/noun.h\"\n#include \"core/base/noun.h\"\n"
              "#include \"muster/v1/upload.pb.h\"\n#include \"absl/status/status.h\"\n");
  tree.Append("src/core/crypto/noun.cc", "#include <sodium.h>\n#include <sodium/core.h>\n");
  tree.Append("src/core/store/noun.cc", "#include <rocksdb/db.h>\n");
  tree.Append("src/server/front/noun.cc",
              "#include <grpcpp/grpcpp.h>\n#include \"muster/v1/upload.grpc.pb.h\"\n"
              "#include \"core/pipeline/noun.h\"\n");
  tree.Append("src/cli/noun.cc", "#include <grpcpp/grpcpp.h>\n#include \"server/rpc/noun.h\"\n");
  tree.Replace("src/cli/CMakeLists.txt", "noun.cc)", "noun.cc DEPS muster::seal muster::rpc)");
  tree.Append("src/core/seal/noun.cc", "// " + std::string(117, 'x') + "\n");
  std::string umlauts = "// ";
  for (int i = 0; i < 117; ++i) umlauts += "\xc3\xbc";
  tree.Append("src/core/seal/noun.cc", umlauts + "\n");
  tree.Append("src/core/seal/noun.cc",
              "char name[] = \"/tmp/XXXXXX\"; int kTO"
              "DOs;\n");
  const std::vector<Finding> findings = tree.Inspect();
  INFO("\n" << Report(findings));
  REQUIRE(findings.empty());
}

struct Violation {
  std::string name;
  std::string rule;
  std::string where;
  std::function<void(Tree&)> plant;
};

std::vector<Violation> Violations() {
  const auto append = [](std::string path, std::string text) {
    return [path, text](Tree& tree) { tree.Append(path, text); };
  };
  const auto replace = [](std::string path, std::string old_text, std::string text) {
    return [=](Tree& tree) { tree.Replace(path, old_text, text); };
  };
  const std::string long_line = "// " + std::string(118, 'x') + "\n";
  return {
      {"a room includes the next one below", "order", "src/core/crypto/noun.h:7",
       append("src/core/crypto/noun.h",
              "#include \"core/contact/noun.h\"\n#endif  // "
              "MUSTER_CORE_CRYPTO_NOUN_H_\n")},
      {"the first room includes the last", "order", "src/core/base/noun.cc:3",
       append("src/core/base/noun.cc", "#include \"core/pipeline/noun.h\"\n")},
      {"a room includes a server", "order", "src/core/pipeline/noun.cc:3",
       append("src/core/pipeline/noun.cc", "#include \"server/rpc/noun.h\"\n")},
      {"the front desk includes the vault", "order", "src/server/front/noun.cc:3",
       append("src/server/front/noun.cc", "#include \"server/vault/noun.h\"\n")},
      {"a server includes the CLI", "order", "src/server/vault/noun.cc:3",
       append("src/server/vault/noun.cc", "#include \"cli/noun.h\"\n")},
      {"a room names a room below in DEPS", "order", "src/core/seal/CMakeLists.txt",
       replace("src/core/seal/CMakeLists.txt", "noun.cc)",
               "noun.cc\n  DEPS muster::base muster::token)")},
      {"a room names a room below in PRIVATE_DEPS", "order", "src/core/tlog/CMakeLists.txt",
       replace("src/core/tlog/CMakeLists.txt", "noun.cc)",
               "noun.cc\n  PRIVATE_DEPS muster::store)")},
      {"sodium.h outside crypto", "fence", "src/core/seal/noun.cc:3",
       append("src/core/seal/noun.cc", "#include <sodium.h>\n")},
      {"a part of sodium outside crypto", "fence", "src/core/token/noun.cc:3",
       append("src/core/token/noun.cc", "#include <sodium/crypto_box.h>\n")},
      {"RocksDB outside store", "fence", "src/core/pipeline/noun.cc:3",
       append("src/core/pipeline/noun.cc", "#include <rocksdb/db.h>\n")},
      {"gRPC in a room", "fence", "src/core/tlog/noun.cc:3",
       append("src/core/tlog/noun.cc", "#include <grpcpp/grpcpp.h>\n")},
      {"a gRPC service in a room", "fence", "src/core/report/noun.cc:3",
       append("src/core/report/noun.cc", "#include \"muster/v1/report.grpc.pb.h\"\n")},
      {"a room links the gRPC services", "fence", "src/core/report/CMakeLists.txt",
       replace("src/core/report/CMakeLists.txt", "noun.cc)", "noun.cc DEPS muster::rpc_proto)")},
      {"the CLI includes the store", "cli", "src/cli/noun.cc:3",
       append("src/cli/noun.cc", "#include \"core/store/noun.h\"\n")},
      {"the CLI includes the keyring", "cli", "src/cli/noun.cc:3",
       append("src/cli/noun.cc", "#include \"core/keyring/noun.h\"\n")},
      {"the CLI includes the pipeline", "cli", "src/cli/noun.cc:3",
       append("src/cli/noun.cc", "#include \"core/pipeline/noun.h\"\n")},
      {"the CLI includes a server", "cli", "src/cli/noun.cc:3",
       append("src/cli/noun.cc", "#include \"server/front/noun.h\"\n")},
      {"the CLI links the store", "cli", "src/cli/CMakeLists.txt",
       replace("src/cli/CMakeLists.txt", "noun.cc)", "noun.cc PRIVATE_DEPS muster::store)")},
      {"a header is included without its room", "room", "src/core/seal/noun.cc:3",
       append("src/core/seal/noun.cc", "#include \"noun.h\"\n")},
      {"a folder that is no room", "room", "src/core/model/noun.cc:2",
       [](Tree& tree) {
         tree.Write("src/core/model/noun.cc",
                    std::string(Tree::kSlashes) + "#include \"core/base/noun.h\"\n");
         tree.Write("src/core/model/CMakeLists.txt",
                    std::string(Tree::kHash) + "add_library(model noun.cc)\n");
       }},
      {"a library that is no room", "room", "src/core/token/CMakeLists.txt",
       replace("src/core/token/CMakeLists.txt", "muster_library(token\n  SOURCES noun.cc)",
               "muster_library(tokens\n  SOURCES noun.cc DEPS muster::base)")},
      {"a source in no CMakeLists.txt", "listed", "src/core/seal/verb.cc",
       [](Tree& tree) { tree.Write("src/core/seal/verb.cc", Tree::kSlashes); }},
      {"a test in no CMakeLists.txt", "listed", "tests/token_test.cc",
       [](Tree& tree) { tree.Write("tests/token_test.cc", Tree::kSlashes); }},
      {"a source named in a comment alone", "listed", "src/core/seal/noun.cc",
       replace("src/core/seal/CMakeLists.txt", "  SOURCES noun.cc)", "  # SOURCES noun.cc\n)")},
      {"a line too long", "columns", "src/core/seal/noun.cc:3",
       append("src/core/seal/noun.cc", long_line)},
      {"a line of a proto too long", "columns", "proto/muster/v1/thing.proto:3",
       append("proto/muster/v1/thing.proto", long_line)},
      {"a source without its license", "license", "src/core/seal/noun.cc",
       replace("src/core/seal/noun.cc", Tree::kSlashes, "")},
      {"another license", "license", "src/core/seal/noun.cc",
       replace("src/core/seal/noun.cc", "Apache-2.0", "MIT")},
      {"a CMakeLists.txt without its license", "license", "tests/CMakeLists.txt",
       replace("tests/CMakeLists.txt", Tree::kHash, "")},
      {"a script without its license", "license", "scripts/build",
       replace("scripts/build", Tree::kHash, "")},
      {"a proto without its license", "license", "proto/muster/v1/thing.proto",
       replace("proto/muster/v1/thing.proto", Tree::kSlashes, "")},
      {"a guard of another name", "guard", "src/core/seal/noun.h",
       replace("src/core/seal/noun.h", "#ifndef MUSTER_CORE_SEAL_NOUN_H_",
               "#ifndef MUSTER_SEAL_NOUN_H_")},
      {"a guard defined under another name", "guard", "src/core/seal/noun.h",
       replace("src/core/seal/noun.h", "#define MUSTER_CORE_SEAL_NOUN_H_",
               "#define MUSTER_CORE_SEAL_NOUN_H")},
      {"a guard that ends without its name", "guard", "src/core/seal/noun.h",
       replace("src/core/seal/noun.h", "#endif  // MUSTER_CORE_SEAL_NOUN_H_", "#endif")},
      {"a header without a contract", "contract", "src/core/seal/noun.h",
       replace("src/core/seal/noun.h", "//\n// Noun: a thing.\n", "")},
      {"unfinished work", "unfinished", "src/core/seal/noun.cc:3",
       append("src/core/seal/noun.cc",
              "// TO"
              "DO: later\n")},
      {"broken work", "unfinished", "src/core/seal/noun.cc:3",
       append("src/core/seal/noun.cc",
              "int x;  // FIX"
              "ME\n")},
      {"a mark for oneself", "unfinished", "src/core/seal/noun.cc:3",
       append("src/core/seal/noun.cc",
              "/* X"
              "XX */\n")},
      {"a shortcut", "unfinished", "scripts/build:3",
       append("scripts/build",
              "# HA"
              "CK\n")},
      {"unfinished documents", "unfinished", "docs/page.md:1",
       [](Tree& tree) {
         tree.Write("docs/page.md",
                    "TO"
                    "DO\n");
       }},
      {"a drawer among the rooms", "drawer", "src/core/util",
       [](Tree& tree) { tree.Write("src/core/util/README.md", "Odds and ends.\n"); }},
      {"a drawer among the tests", "drawer", "tests/common",
       [](Tree& tree) { tree.Write("tests/common/README.md", "Odds and ends.\n"); }},
  };
}

TEST_CASE("Tidy: every rule finds what breaks it, and nothing else does", "[tidy]") {
  for (const Violation& violation : Violations()) {
    Tree tree;
    violation.plant(tree);
    const std::vector<Finding> findings = tree.Inspect();
    INFO(violation.name << "\n" << Report(findings));
    REQUIRE(std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
      return finding.rule == violation.rule && finding.where == violation.where;
    }));
    // The CLI may not include what is above it in the list either, hence no second finding there.
    REQUIRE(findings.size() == 1);
  }
}

}  // namespace
