// SPDX-License-Identifier: Apache-2.0
#include "core/ingest/voter_layout.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/ingest/builtin_layouts.h"

namespace muster::ingest {

const FieldRule* FileLayout::RuleFor(contact::Field field) const {
  for (const FieldRule& rule : fields) {
    if (rule.field == field) return &rule;
  }
  return nullptr;
}

const std::vector<VoterLayout>& BuiltInLayouts() {
  static const std::vector<VoterLayout>& layouts = *[] {
    auto* made = new std::vector<VoterLayout>();
    for (const BuiltInText& text : BuiltInTexts()) {
      absl::StatusOr<VoterLayout> layout = ParseVoterLayout(text.toml, text.file_name);
      MUSTER_CHECK(layout.ok());
      made->push_back(*std::move(layout));
    }
    std::sort(made->begin(), made->end(),
              [](const VoterLayout& a, const VoterLayout& b) { return a.name < b.name; });
    return made;
  }();
  return layouts;
}

absl::StatusOr<VoterLayout> LoadVoterLayout(std::string_view name_or_file) {
  const bool is_file =
      name_or_file.find('/') != std::string_view::npos ||
      (name_or_file.size() > 5 && name_or_file.substr(name_or_file.size() - 5) == ".toml");
  if (is_file) {
    MUSTER_ASSIGN_OR_RETURN(const std::string text,
                            ReadFile(std::filesystem::path(name_or_file), kLayoutBytesMax));
    MUSTER_ASSIGN_OR_RETURN(VoterLayout layout, ParseVoterLayout(text, name_or_file));
    for (const VoterLayout& known : BuiltInLayouts()) {
      if (known.name != layout.name || known.toml == layout.toml) continue;
      return MakeError(v1::LAYOUT_MALFORMED,
                       std::string(name_or_file) + ": name \"" + layout.name +
                           "\" is that of a layout that comes with the program; choose your own",
                       {{"key", "name"}});
    }
    return layout;
  }
  std::string names;
  for (const VoterLayout& layout : BuiltInLayouts()) {
    if (layout.name == name_or_file) return layout;
    names += (names.empty() ? "" : ", ") + layout.name;
  }
  return MakeError(v1::LAYOUT_UNKNOWN, "no layout is called \"" + std::string(name_or_file) +
                                           "\"; there are: " + names +
                                           "; or give the path of a TOML file");
}

}  // namespace muster::ingest
