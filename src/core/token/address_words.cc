// SPDX-License-Identifier: Apache-2.0
#include "core/token/address_words.h"

#include <array>
#include <iterator>

namespace muster::token {
namespace {

// Publication 28, C1: name, standard abbreviation, and what else is written for it. The last rows
// are no USPS suffixes: streets of other countries that lists hold.
struct TypeRow {
  std::string_view name;
  std::string_view code;
  std::string_view others;
};
constexpr TypeRow kTypes[] = {
    {"ALLEY", "ALY", "ALLEE ALLY"},
    {"ANEX", "ANX", "ANNEX ANNX"},
    {"ARCADE", "ARC", ""},
    {"AVENUE", "AVE", "AV AVEN AVENU AVN AVNUE"},
    {"BAYOU", "BYU", "BAYOO"},
    {"BEACH", "BCH", ""},
    {"BEND", "BND", ""},
    {"BLUFF", "BLF", "BLUF"},
    {"BLUFFS", "BLFS", ""},
    {"BOTTOM", "BTM", "BOT BOTTM"},
    {"BOULEVARD", "BLVD", "BOUL BOULV BLV BVD"},
    {"BRANCH", "BR", "BRNCH"},
    {"BRIDGE", "BRG", "BRDGE"},
    {"BROOK", "BRK", ""},
    {"BROOKS", "BRKS", ""},
    {"BURG", "BG", ""},
    {"BURGS", "BGS", ""},
    {"BYPASS", "BYP", "BYPA BYPAS BYPS"},
    {"CAMP", "CP", "CMP"},
    {"CANYON", "CYN", "CANYN CNYN"},
    {"CAPE", "CPE", ""},
    {"CAUSEWAY", "CSWY", "CAUSWA"},
    {"CENTER", "CTR", "CEN CENT CENTR CENTRE CNTER CNTR"},
    {"CENTERS", "CTRS", ""},
    {"CIRCLE", "CIR", "CIRC CIRCL CRCL CRCLE"},
    {"CIRCLES", "CIRS", ""},
    {"CLIFF", "CLF", ""},
    {"CLIFFS", "CLFS", ""},
    {"CLUB", "CLB", ""},
    {"COMMON", "CMN", ""},
    {"COMMONS", "CMNS", ""},
    {"CORNER", "COR", ""},
    {"CORNERS", "CORS", ""},
    {"COURSE", "CRSE", ""},
    {"COURT", "CT", "CRT"},
    {"COURTS", "CTS", ""},
    {"COVE", "CV", ""},
    {"COVES", "CVS", ""},
    {"CREEK", "CRK", ""},
    {"CRESCENT", "CRES", "CRSENT CRSNT"},
    {"CREST", "CRST", ""},
    {"CROSSING", "XING", "CRSSNG"},
    {"CROSSROAD", "XRD", ""},
    {"CROSSROADS", "XRDS", ""},
    {"CURVE", "CURV", ""},
    {"DALE", "DL", ""},
    {"DAM", "DM", ""},
    {"DIVIDE", "DV", "DIV DVD"},
    {"DRIVE", "DR", "DRIV DRV"},
    {"DRIVES", "DRS", ""},
    {"ESTATE", "EST", ""},
    {"ESTATES", "ESTS", ""},
    {"EXPRESSWAY", "EXPY", "EXP EXPR EXPRESS EXPW"},
    {"EXTENSION", "EXT", "EXTN EXTNSN"},
    {"EXTENSIONS", "EXTS", ""},
    {"FALL", "FALL", ""},
    {"FALLS", "FLS", ""},
    {"FERRY", "FRY", "FRRY"},
    {"FIELD", "FLD", ""},
    {"FIELDS", "FLDS", ""},
    {"FLAT", "FLT", ""},
    {"FLATS", "FLTS", ""},
    {"FORD", "FRD", ""},
    {"FORDS", "FRDS", ""},
    {"FOREST", "FRST", "FORESTS"},
    {"FORGE", "FRG", "FORG"},
    {"FORGES", "FRGS", ""},
    {"FORK", "FRK", ""},
    {"FORKS", "FRKS", ""},
    {"FORT", "FT", "FRT"},
    {"FREEWAY", "FWY", "FREEWY FRWAY FRWY"},
    {"GARDEN", "GDN", "GARDN GRDEN GRDN"},
    {"GARDENS", "GDNS", "GRDNS"},
    {"GATEWAY", "GTWY", "GATEWY GATWAY GTWAY"},
    {"GLEN", "GLN", ""},
    {"GLENS", "GLNS", ""},
    {"GREEN", "GRN", ""},
    {"GREENS", "GRNS", ""},
    {"GROVE", "GRV", "GROV"},
    {"GROVES", "GRVS", ""},
    {"HARBOR", "HBR", "HARB HARBR HRBOR"},
    {"HARBORS", "HBRS", ""},
    {"HAVEN", "HVN", ""},
    {"HEIGHTS", "HTS", "HT"},
    {"HIGHWAY", "HWY", "HIGHWY HIWAY HIWY HWAY"},
    {"HILL", "HL", ""},
    {"HILLS", "HLS", ""},
    {"HOLLOW", "HOLW", "HLLW HOLLOWS HOLWS"},
    {"INLET", "INLT", ""},
    {"ISLAND", "IS", "ISLND"},
    {"ISLANDS", "ISS", "ISLNDS"},
    {"ISLE", "ISLE", "ISLES"},
    {"JUNCTION", "JCT", "JCTION JCTN JUNCTN JUNCTON"},
    {"JUNCTIONS", "JCTS", "JCTNS"},
    {"KEY", "KY", ""},
    {"KEYS", "KYS", ""},
    {"KNOLL", "KNL", "KNOL"},
    {"KNOLLS", "KNLS", ""},
    {"LAKE", "LK", ""},
    {"LAKES", "LKS", ""},
    {"LAND", "LAND", ""},
    {"LANDING", "LNDG", "LNDNG"},
    {"LANE", "LN", "LANES"},
    {"LIGHT", "LGT", ""},
    {"LIGHTS", "LGTS", ""},
    {"LOAF", "LF", ""},
    {"LOCK", "LCK", ""},
    {"LOCKS", "LCKS", ""},
    {"LODGE", "LDG", "LDGE LODG"},
    {"LOOP", "LOOP", "LOOPS LP"},
    {"MALL", "MALL", ""},
    {"MANOR", "MNR", ""},
    {"MANORS", "MNRS", ""},
    {"MEADOW", "MDW", ""},
    {"MEADOWS", "MDWS", "MEDOWS"},
    {"MEWS", "MEWS", ""},
    {"MILL", "ML", ""},
    {"MILLS", "MLS", ""},
    {"MISSION", "MSN", "MISSN MSSN"},
    {"MOTORWAY", "MTWY", ""},
    {"MOUNT", "MT", "MNT"},
    {"MOUNTAIN", "MTN", "MNTAIN MNTN MOUNTIN MTIN"},
    {"MOUNTAINS", "MTNS", "MNTNS"},
    {"NECK", "NCK", ""},
    {"ORCHARD", "ORCH", "ORCHRD"},
    {"OVAL", "OVAL", "OVL"},
    {"OVERPASS", "OPAS", ""},
    {"PARK", "PARK", "PRK PARKS PK"},
    {"PARKWAY", "PKWY", "PARKWY PKWAY PKY PARKWAYS PKWYS"},
    {"PASS", "PASS", ""},
    {"PASSAGE", "PSGE", ""},
    {"PATH", "PATH", "PATHS"},
    {"PIKE", "PIKE", "PIKES"},
    {"PINE", "PNE", ""},
    {"PINES", "PNES", ""},
    {"PLACE", "PL", ""},
    {"PLAIN", "PLN", ""},
    {"PLAINS", "PLNS", ""},
    {"PLAZA", "PLZ", "PLZA"},
    {"POINT", "PT", ""},
    {"POINTS", "PTS", ""},
    {"PORT", "PRT", ""},
    {"PORTS", "PRTS", ""},
    {"PRAIRIE", "PR", "PRR"},
    {"RADIAL", "RADL", "RAD RADIEL"},
    {"RAMP", "RAMP", ""},
    {"RANCH", "RNCH", "RANCHES RNCHS"},
    {"RAPID", "RPD", ""},
    {"RAPIDS", "RPDS", ""},
    {"REST", "RST", ""},
    {"RIDGE", "RDG", "RDGE"},
    {"RIDGES", "RDGS", ""},
    {"RIVER", "RIV", "RVR RIVR"},
    {"ROAD", "RD", ""},
    {"ROADS", "RDS", ""},
    {"ROUTE", "RTE", ""},
    {"ROW", "ROW", ""},
    {"RUE", "RUE", ""},
    {"RUN", "RUN", ""},
    {"SHOAL", "SHL", ""},
    {"SHOALS", "SHLS", ""},
    {"SHORE", "SHR", "SHOAR"},
    {"SHORES", "SHRS", "SHOARS"},
    {"SKYWAY", "SKWY", ""},
    {"SPRING", "SPG", "SPNG SPRNG"},
    {"SPRINGS", "SPGS", "SPNGS SPRNGS"},
    {"SPUR", "SPUR", "SPURS"},
    {"SQUARE", "SQ", "SQR SQRE SQU"},
    {"SQUARES", "SQS", "SQRS"},
    {"STATION", "STA", "STATN STN"},
    {"STRAVENUE", "STRA", "STRAV STRAVEN STRAVN STRVN STRVNUE"},
    {"STREAM", "STRM", "STREME"},
    {"STREET", "ST", "STR STRT"},
    {"STREETS", "STS", ""},
    {"SUMMIT", "SMT", "SUMIT SUMITT"},
    {"TERRACE", "TER", "TERR"},
    {"THROUGHWAY", "TRWY", ""},
    {"TRACE", "TRCE", "TRACES"},
    {"TRACK", "TRAK", "TRACKS TRK TRKS"},
    {"TRAFFICWAY", "TRFY", ""},
    {"TRAIL", "TRL", "TRAILS TRLS"},
    {"TUNNEL", "TUNL", "TUNEL TUNLS TUNNELS TUNNL"},
    {"TURNPIKE", "TPKE", "TRNPK TURNPK TPK"},
    {"UNDERPASS", "UPAS", ""},
    {"UNION", "UN", ""},
    {"UNIONS", "UNS", ""},
    {"VALLEY", "VLY", "VALLY VLLY"},
    {"VALLEYS", "VLYS", ""},
    {"VIADUCT", "VIA", "VDCT VIADCT"},
    {"VIEW", "VW", ""},
    {"VIEWS", "VWS", ""},
    {"VILLAGE", "VLG", "VILL VILLAG VILLG VILLIAGE"},
    {"VILLAGES", "VLGS", ""},
    {"VILLE", "VL", ""},
    {"VISTA", "VIS", "VIST VST VSTA"},
    {"WALK", "WALK", "WALKS"},
    {"WALL", "WALL", ""},
    {"WAY", "WAY", "WY"},
    {"WAYS", "WAYS", ""},
    {"WELL", "WL", ""},
    {"WELLS", "WLS", ""},
    {"CIRCUIT", "CIRCUIT", "CCT"},
    {"CLOSE", "CLOSE", ""},
    {"ESPLANADE", "ESPLANADE", ""},
    {"PARADE", "PARADE", "PDE"},
    {"QUAY", "QUAY", ""},
};

struct Pair {
  std::string_view word;
  std::string_view code;
};
// NO and SO count where a name follows.
constexpr Pair kDirectionals[] = {
    {"N", "N"},   {"NORTH", "N"},      {"NO", "N"},  {"NTH", "N"},
    {"S", "S"},   {"SOUTH", "S"},      {"SO", "S"},  {"STH", "S"},
    {"E", "E"},   {"EAST", "E"},       {"W", "W"},   {"WEST", "W"},
    {"NE", "NE"}, {"NORTHEAST", "NE"}, {"NW", "NW"}, {"NORTHWEST", "NW"},
    {"SE", "SE"}, {"SOUTHEAST", "SE"}, {"SW", "SW"}, {"SOUTHWEST", "SW"},
};

// Publication 28, C2, and what lists write besides.
struct UnitRow {
  std::string_view word;
  std::string_view code;
  UnitKind kind;
  uint8_t rank;
};
constexpr UnitRow kUnits[] = {
    {"#", "#", UnitKind::kAny, 4},
    {"APARTMENT", "APT", UnitKind::kAny, 4},
    {"APT", "APT", UnitKind::kAny, 4},
    {"APPT", "APT", UnitKind::kAny, 4},
    {"APTS", "APT", UnitKind::kAny, 4},
    {"BASEMENT", "BSMT", UnitKind::kAlone, 1},
    {"BSMT", "BSMT", UnitKind::kAlone, 1},
    {"BUILDING", "BLDG", UnitKind::kNumber, 2},
    {"BLDG", "BLDG", UnitKind::kNumber, 2},
    {"BLD", "BLDG", UnitKind::kNumber, 2},
    {"CONDO", "UNIT", UnitKind::kNumber, 4},
    {"DEPARTMENT", "DEPT", UnitKind::kNumber, 2},
    {"DEPT", "DEPT", UnitKind::kNumber, 2},
    {"FLOOR", "FL", UnitKind::kNumber, 3},
    {"FL", "FL", UnitKind::kNumber, 3},
    {"FLR", "FL", UnitKind::kNumber, 3},
    {"FRONT", "FRNT", UnitKind::kAlone, 1},
    {"FRNT", "FRNT", UnitKind::kAlone, 1},
    {"HANGAR", "HNGR", UnitKind::kNumber, 4},
    {"HANGER", "HNGR", UnitKind::kNumber, 4},
    {"HNGR", "HNGR", UnitKind::kNumber, 4},
    {"KEY", "KEY", UnitKind::kNumber, 4},
    {"LOBBY", "LBBY", UnitKind::kAlone, 1},
    {"LBBY", "LBBY", UnitKind::kAlone, 1},
    {"LOT", "LOT", UnitKind::kNumber, 4},
    {"LOWER", "LOWR", UnitKind::kAlone, 1},
    {"LOWR", "LOWR", UnitKind::kAlone, 1},
    {"OFFICE", "OFC", UnitKind::kAlone, 3},
    {"OFC", "OFC", UnitKind::kAlone, 3},
    {"PENTHOUSE", "PH", UnitKind::kAlone, 3},
    {"PH", "PH", UnitKind::kAlone, 3},
    {"PIER", "PIER", UnitKind::kNumber, 2},
    {"PMB", "PMB", UnitKind::kNumber, 4},
    {"REAR", "REAR", UnitKind::kAlone, 1},
    {"ROOM", "RM", UnitKind::kAny, 4},
    {"RM", "RM", UnitKind::kAny, 4},
    {"SIDE", "SIDE", UnitKind::kAlone, 1},
    {"SLIP", "SLIP", UnitKind::kNumber, 4},
    {"SPACE", "SPC", UnitKind::kNumber, 4},
    {"SPC", "SPC", UnitKind::kNumber, 4},
    {"SP", "SPC", UnitKind::kNumber, 4},
    {"STOP", "STOP", UnitKind::kNumber, 4},
    {"SUITE", "STE", UnitKind::kAny, 4},
    {"STE", "STE", UnitKind::kNumber, 4},
    {"TRAILER", "TRLR", UnitKind::kNumber, 4},
    {"TRLR", "TRLR", UnitKind::kNumber, 4},
    {"UNIT", "UNIT", UnitKind::kAny, 4},
    {"UPPER", "UPPR", UnitKind::kAlone, 1},
    {"UPPR", "UPPR", UnitKind::kAlone, 1},
};

// Inside a name. What is a name of its own as often (LA, VIA, KY, PR) is not here.
constexpr Pair kInName[] = {
    {"AVE", "AVENUE"},   {"AV", "AVENUE"},   {"BCH", "BEACH"},    {"BLVD", "BOULEVARD"},
    {"CTR", "CENTER"},   {"CNTR", "CENTER"}, {"CRK", "CREEK"},    {"DOCTOR", "DR"},
    {"FT", "FORT"},      {"GRV", "GROVE"},   {"HBR", "HARBOR"},   {"HLS", "HILLS"},
    {"HTS", "HEIGHTS"},  {"HWY", "HIGHWAY"}, {"LK", "LAKE"},      {"LN", "LANE"},
    {"MDW", "MEADOW"},   {"MT", "MOUNT"},    {"MTN", "MOUNTAIN"}, {"PK", "PARK"},
    {"PT", "POINT"},     {"RD", "ROAD"},     {"RDG", "RIDGE"},    {"SPG", "SPRING"},
    {"SPGS", "SPRINGS"}, {"SQ", "SQUARE"},   {"ST", "SAINT"},     {"VLY", "VALLEY"},
};

struct Number {
  std::string_view word;
  uint8_t value;
};
constexpr Number kOrdinals[] = {
    {"FIRST", 1},        {"SECOND", 2},      {"THIRD", 3},       {"FOURTH", 4},
    {"FIFTH", 5},        {"SIXTH", 6},       {"SEVENTH", 7},     {"EIGHTH", 8},
    {"NINTH", 9},        {"TENTH", 10},      {"ELEVENTH", 11},   {"TWELFTH", 12},
    {"THIRTEENTH", 13},  {"FOURTEENTH", 14}, {"FIFTEENTH", 15},  {"SIXTEENTH", 16},
    {"SEVENTEENTH", 17}, {"EIGHTEENTH", 18}, {"NINETEENTH", 19}, {"TWENTIETH", 20},
    {"THIRTIETH", 30},   {"FORTIETH", 40},   {"FIFTIETH", 50},   {"SIXTIETH", 60},
    {"SEVENTIETH", 70},  {"EIGHTIETH", 80},  {"NINETIETH", 90},
};
constexpr Number kTens[] = {{"TWENTY", 20}, {"THIRTY", 30},  {"FORTY", 40},  {"FIFTY", 50},
                            {"SIXTY", 60},  {"SEVENTY", 70}, {"EIGHTY", 80}, {"NINETY", 90}};

struct RoadRow {
  std::string_view word;
  Road road;
};
constexpr RoadRow kRoads[] = {
    {"RD", Road::kRoad},
    {"ROAD", Road::kRoad},
    {"HWY", Road::kHighway},
    {"HIGHWAY", Road::kHighway},
    {"HIWAY", Road::kHighway},
    {"ROUTE", Road::kRoute},
    {"RTE", Road::kRoute},
    {"RT", Road::kRoute},
    {"EXPRESSWAY", Road::kExpressway},
    {"EXPY", Road::kExpressway},
    {"LOOP", Road::kLoop},
    {"CR", Road::kCountyRoad},
    {"CH", Road::kCountyHighway},
    {"CTH", Road::kCountyHighway},
    {"SR", Road::kStateRoad},
    {"SH", Road::kStateHighway},
    {"TR", Road::kTownshipRoad},
    {"TSR", Road::kTownshipRoad},
    {"US", Road::kUs},
    {"I", Road::kInterstate},
    {"IH", Road::kInterstate},
    {"INTERSTATE", Road::kInterstate},
    {"FM", Road::kFarmToMarket},
    {"RM", Road::kRanchToMarket},
    {"COUNTY", Road::kCounty},
    {"CNTY", Road::kCounty},
    {"CTY", Road::kCounty},
    {"CO", Road::kCounty},
    {"STATE", Road::kState},
    {"ST", Road::kState},
    {"TOWNSHIP", Road::kTownship},
    {"TWP", Road::kTownship},
    {"RANCH", Road::kRanch},
};

struct BoxRow {
  std::string_view word;
  Box box;
};
constexpr BoxRow kBoxes[] = {
    {"PO", Box::kPo},         {"POB", Box::kPoBox},    {"POBOX", Box::kPoBox},
    {"LOCKBOX", Box::kPoBox}, {"CALLER", Box::kPoBox}, {"BOX", Box::kBox},
    {"BX", Box::kBox},        {"DRAWER", Box::kBox},   {"RR", Box::kRural},
    {"RFD", Box::kRural},     {"HC", Box::kContract},  {"HCR", Box::kContract},
    {"PSC", Box::kMilitary},  {"CMR", Box::kMilitary},
};

// A word as two numbers: its first and its last eight bytes. With the length that is all of a word
// of at most sixteen.
struct Key {
  uint64_t head = 0;
  uint64_t tail = 0;
  bool operator==(const Key&) const = default;
};

constexpr Key KeyOf(std::string_view word) {
  Key key;
  const size_t n = word.size();
  for (size_t i = 0; i < (n < 8 ? n : 8); ++i)
    key.head |= static_cast<uint64_t>(static_cast<uint8_t>(word[i])) << (8 * i);
  for (size_t i = 8; i < n; ++i)
    key.tail |= static_cast<uint64_t>(static_cast<uint8_t>(word[i])) << (8 * (i - 8));
  return key;
}

constexpr size_t kSlots = 4096;  // a sixth of them taken
constexpr size_t kWordsMax = 900;

constexpr size_t SlotOf(const Key& key) {
  const uint64_t mixed = (key.head ^ (key.tail * 0x9e3779b97f4a7c15u)) * 0xbf58476d1ce4e5b9u;
  return static_cast<size_t>(mixed >> 52);
}

struct Table {
  std::array<uint16_t, kSlots> slots{};  // 1 + index of words
  std::array<Key, kWordsMax> keys{};
  std::array<AddressWord, kWordsMax> words{};
  size_t count = 0;

  constexpr AddressWord& At(std::string_view text) {
    const Key key = KeyOf(text);
    size_t slot = SlotOf(key);
    while (slots[slot] != 0) {
      if (keys[slots[slot] - 1u] == key) return words[slots[slot] - 1u];
      slot = (slot + 1) % kSlots;
    }
    keys[count] = key;
    words[count].text = text;
    slots[slot] = static_cast<uint16_t>(++count);
    return words[count - 1];
  }
};

constexpr Table MakeTable() {
  Table table;
  const auto type = [&table](std::string_view word, const TypeRow& row) {
    AddressWord& entry = table.At(word);
    entry.type = row.code;
    entry.type_name = row.name;
  };
  for (const TypeRow& row : kTypes) {
    type(row.name, row);
    type(row.code, row);
    std::string_view rest = row.others;
    while (!rest.empty()) {
      const size_t end = rest.find(' ') == rest.npos ? rest.size() : rest.find(' ');
      type(rest.substr(0, end), row);
      rest.remove_prefix(end < rest.size() ? end + 1 : end);
    }
  }
  for (const Pair& row : kDirectionals) table.At(row.word).directional = row.code;
  for (const UnitRow& row : kUnits) {
    AddressWord& entry = table.At(row.word);
    entry.unit = row.code;
    entry.unit_kind = row.kind;
    entry.unit_rank = row.rank;
  }
  for (const Pair& row : kInName) table.At(row.word).in_name = row.code;
  for (const Number& row : kOrdinals) table.At(row.word).ordinal = row.value;
  for (const Number& row : kTens) table.At(row.word).tens = row.value;
  for (const RoadRow& row : kRoads) table.At(row.word).road = row.road;
  for (const BoxRow& row : kBoxes) table.At(row.word).box = row.box;
  return table;
}
constexpr Table kTable = MakeTable();

constexpr bool WordsFit() {
  for (size_t i = 0; i < kTable.count; ++i) {
    if (kTable.words[i].text.size() > kAddressWordBytesMax) return false;
  }
  return true;
}
static_assert(WordsFit());

}  // namespace

const AddressWord* FindAddressWord(std::string_view word) {
  if (word.empty() || word.size() > kAddressWordBytesMax) return nullptr;
  const Key key = KeyOf(word);
  for (size_t slot = SlotOf(key); kTable.slots[slot] != 0; slot = (slot + 1) % kSlots) {
    const size_t index = kTable.slots[slot] - 1u;
    if (kTable.keys[index] == key) return &kTable.words[index];
  }
  return nullptr;
}

}  // namespace muster::token
