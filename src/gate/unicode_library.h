// ICU, loaded when a text is first compared in all its forms: two libraries with 11,000 relocations, which every start
// would wait for. Its functions have the names of its headers: unicode().u_charType(...). Any thread.
#pragma once

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>
#include <unicode/uversion.h>

#include "base/shared_library.h"

namespace gantry {

// ICU's headers give its functions the version as a part of their names, which are therefore expanded before they are
// text.
#define GANTRY_TEXT_OF(name) #name
#define GANTRY_FUNCTION(name) decltype(&::name) name = find(GANTRY_TEXT_OF(name))

struct UnicodeLibrary : SharedLibrary {
  UnicodeLibrary() : SharedLibrary("libicuuc.so." U_ICU_VERSION_SHORT, "libicu" U_ICU_VERSION_SHORT) {}

  GANTRY_FUNCTION(u_charType);
  GANTRY_FUNCTION(u_hasBinaryProperty);
  GANTRY_FUNCTION(u_isISOControl);
  GANTRY_FUNCTION(u_isUWhiteSpace);
  GANTRY_FUNCTION(u_isalpha);
  GANTRY_FUNCTION(u_isdigit);
  GANTRY_FUNCTION(u_isupper);
  GANTRY_FUNCTION(u_strFoldCase);
  GANTRY_FUNCTION(u_strFromUTF8WithSub);
  GANTRY_FUNCTION(u_strToUTF8WithSub);
  GANTRY_FUNCTION(unorm2_getDecomposition);
  GANTRY_FUNCTION(unorm2_getNFCInstance);
  GANTRY_FUNCTION(unorm2_getNFKCCasefoldInstance);
  GANTRY_FUNCTION(unorm2_getNFKCInstance);
  GANTRY_FUNCTION(unorm2_normalize);
  GANTRY_FUNCTION(uscript_breaksBetweenLetters);
  GANTRY_FUNCTION(uscript_getScript);
};

struct LookAlikeLibrary : SharedLibrary {
  LookAlikeLibrary() : SharedLibrary("libicui18n.so." U_ICU_VERSION_SHORT, "libicu" U_ICU_VERSION_SHORT) {}

  GANTRY_FUNCTION(uspoof_close);
  GANTRY_FUNCTION(uspoof_getSkeletonUTF8);
  GANTRY_FUNCTION(uspoof_open);
};

#undef GANTRY_FUNCTION
#undef GANTRY_TEXT_OF

inline const UnicodeLibrary& unicode() {
  static const UnicodeLibrary library;
  return library;
}

inline const LookAlikeLibrary& look_alikes() {
  static const LookAlikeLibrary library;
  return library;
}

// The bit of a character's general category, such as U_GC_L_MASK has.
inline std::uint32_t category_mask(UChar32 character) {
  return U_MASK(unicode().u_charType(character));
}

}  // namespace gantry
