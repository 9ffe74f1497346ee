// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_fake/name_tables.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "tools/muster_fake/csv_cells.h"
#include "tools/muster_fake/embedded.h"

namespace muster::fake {
namespace {

// The Census tables are capital ASCII letters; these get their accents and apostrophes back.
constexpr std::pair<std::string_view, std::string_view> kAccented[] = {
    {"JOSE", "José"},           {"ZOE", "Zoë"},           {"RENEE", "Renée"},
    {"ANDRE", "André"},         {"CHLOE", "Chloë"},       {"SOFIA", "Sofía"},
    {"RENE", "René"},           {"JESUS", "Jesús"},       {"ANGEL", "Ángel"},
    {"RAUL", "Raúl"},           {"RAMON", "Ramón"},       {"RUBEN", "Rubén"},
    {"MARTIN", "Martín"},       {"VICTOR", "Víctor"},     {"HECTOR", "Héctor"},
    {"OSCAR", "Óscar"},         {"ADRIAN", "Adrián"},     {"INES", "Inés"},
    {"LUCIA", "Lucía"},         {"MONICA", "Mónica"},     {"VERONICA", "Verónica"},
    {"ANAIS", "Anaïs"},         {"FRANCOIS", "François"}, {"JURGEN", "Jürgen"},
    {"SOREN", "Søren"},         {"BJORN", "Björn"},       {"NOEL", "Noël"},
    {"GARCIA", "García"},       {"MARTINEZ", "Martínez"}, {"RODRIGUEZ", "Rodríguez"},
    {"HERNANDEZ", "Hernández"}, {"LOPEZ", "López"},       {"GONZALEZ", "González"},
    {"PEREZ", "Pérez"},         {"SANCHEZ", "Sánchez"},   {"RAMIREZ", "Ramírez"},
    {"GOMEZ", "Gómez"},         {"DIAZ", "Díaz"},         {"GUTIERREZ", "Gutiérrez"},
    {"JIMENEZ", "Jiménez"},     {"ALVAREZ", "Álvarez"},   {"FERNANDEZ", "Fernández"},
    {"VAZQUEZ", "Vázquez"},     {"MUNOZ", "Muñoz"},       {"NUNEZ", "Núñez"},
    {"PENA", "Peña"},           {"IBANEZ", "Ibáñez"},     {"CASTANEDA", "Castañeda"},
    {"MULLER", "Müller"},       {"SCHRODER", "Schröder"}, {"KRUGER", "Krüger"},
    {"GAGNE", "Gagné"},         {"COTE", "Côté"},         {"BEAUPRE", "Beaupré"},
    {"HEBERT", "Hébert"},       {"NOVAK", "Novák"},
};

constexpr std::string_view kSpanish[] = {
    "GARCIA",    "MARTINEZ", "RODRIGUEZ", "HERNANDEZ", "LOPEZ",   "GONZALEZ", "PEREZ",   "SANCHEZ",
    "RIVERA",    "TORRES",   "RAMIREZ",   "FLORES",    "GOMEZ",   "DIAZ",     "CRUZ",    "ORTIZ",
    "GUTIERREZ", "CHAVEZ",   "RAMOS",     "RUIZ",      "ALVAREZ", "MENDOZA",  "VASQUEZ", "CASTILLO",
    "JIMENEZ",   "MORENO",   "ROMERO",    "HERRERA",   "MEDINA",  "AGUILAR",  "VARGAS",  "CASTRO",
    "FERNANDEZ", "GUZMAN",   "MUNOZ",     "SALAZAR",   "ORTEGA",  "DELGADO",  "ESTRADA", "PENA",
    "RIOS",      "ALVARADO", "SANDOVAL",  "CONTRERAS", "VALDEZ",  "GUERRERO", "VEGA",    "CAMPOS",
    "SANTOS",    "NUNEZ",
};

std::string Cased(std::string_view upper) {
  std::string text(upper);
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] >= 'A' && text[i] <= 'Z') text[i] = static_cast<char>(text[i] - 'A' + 'a');
  }
  return text;
}

std::string CasedSurname(std::string_view upper) {
  if (upper.size() > 4 && upper.starts_with("MC")) return "Mc" + Cased(upper.substr(2));
  constexpr std::string_view kIrish[] = {"OBRIEN",  "OCONNOR", "OCONNELL",  "ONEAL", "ONEIL",
                                         "ONEILL",  "OREILLY", "ODONNELL",  "OHARA", "OLEARY",
                                         "OMALLEY", "OROURKE", "OSULLIVAN", "OKEEFE"};
  if (std::find(std::begin(kIrish), std::end(kIrish), upper) != std::end(kIrish))
    return "O'" + Cased(upper.substr(1));
  return Cased(upper);
}

// "0.008" of a percent as thousandths; the rarest names are printed as 0.000 and get half a
// thousandth.
uint32_t Weight(std::string_view percent) {
  uint32_t thousandths = 0;
  for (char c : percent) {
    if (c >= '0' && c <= '9') thousandths = thousandths * 10 + static_cast<uint32_t>(c - '0');
  }
  return std::max(thousandths * 2, 1u);
}

}  // namespace

const NameTables& NameTables::Get() {
  static const NameTables* const tables = new NameTables;
  return *tables;
}

NameTables::NameTables() {
  female_ = Load(FemaleFirstNamesCsv(), false);
  male_ = Load(MaleFirstNamesCsv(), false);
  last_ = Load(SurnamesCsv(), true);
  for (uint32_t i = 0; i < last_.names.size(); ++i) {
    if (last_.names[i].spanish) spanish_.push_back(i);
  }

  std::unordered_map<std::string_view, std::vector<std::string_view>> nicknames;
  ForEachRow(NicknamesCsv(), [&](const std::vector<std::string_view>& cells) {
    if (cells.size() == 3) nicknames[cells[0]].push_back(cells[2]);
  });
  for (Table* table : {&female_, &male_}) {
    for (Name& name : table->names) {
      std::string lower = Cased(name.plain);
      lower[0] = static_cast<char>(lower[0] - 'A' + 'a');
      const auto found = nicknames.find(lower);
      if (found == nicknames.end()) continue;
      name.nickname_begin = static_cast<uint32_t>(nicknames_.size());
      name.nickname_count = static_cast<uint32_t>(found->second.size());
      for (std::string_view nickname : found->second) {
        std::string cased(nickname);
        cased[0] = static_cast<char>(cased[0] - 'a' + 'A');
        nicknames_.push_back(Keep(std::move(cased)));
      }
    }
  }
}

NameTables::Table NameTables::Load(std::string_view csv, bool surnames) {
  std::unordered_map<std::string_view, std::string_view> accented(std::begin(kAccented),
                                                                  std::end(kAccented));
  Table table;
  std::vector<uint32_t> weights;
  ForEachRow(csv, [&](const std::vector<std::string_view>& cells) {
    if (cells.size() != 4) return;
    Name name;
    name.plain = Keep(surnames ? CasedSurname(cells[0]) : Cased(cells[0]));
    const auto found = accented.find(cells[0]);
    if (found != accented.end()) name.accented = found->second;
    name.spanish = surnames && std::find(std::begin(kSpanish), std::end(kSpanish), cells[0]) !=
                                   std::end(kSpanish);
    table.names.push_back(name);
    weights.push_back(Weight(cells[1]));
  });
  table.alias = AliasTable(weights);
  return table;
}

std::string_view NameTables::Keep(std::string text) { return texts_.emplace_back(std::move(text)); }

std::string_view NameTables::SampleNickname(const Name& name, Rng& rng) const {
  if (name.nickname_count == 0) return name.plain;
  return nicknames_[name.nickname_begin + rng.Below(name.nickname_count)];
}

}  // namespace muster::fake
