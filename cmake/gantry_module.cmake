# Puts sources into groups that are compiled as one unit each (where the preset says so): headers cost more than our
# code, so this is several times cheaper. A file's group depends on its name, not on its place in a list: a new file
# disturbs one group, not all that follow.
set(GANTRY_UNITY_FILES 14 CACHE STRING "Files compiled together, about: 7 take a quarter longer for all, and half as long for one")
function(gantry_group_sources TARGET)
  list(LENGTH ARGN count)
  set(groups 1)
  while(groups GREATER 0 AND count GREATER 0)
    math(EXPR size "${count} / ${groups}")
    if(size LESS_EQUAL GANTRY_UNITY_FILES)
      break()
    endif()
    math(EXPR groups "${groups} * 2")
  endwhile()
  foreach(source ${ARGN})
    get_filename_component(name ${source} NAME)
    string(MD5 hash ${name})
    string(SUBSTRING ${hash} 0 6 digits)
    math(EXPR group "0x${digits} % ${groups}")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP "${TARGET}_${group}")
  endforeach()
  set_target_properties(${TARGET} PROPERTIES UNITY_BUILD_MODE GROUP)
endfunction()

# gantry_module(NAME [DEPENDS MODULE...] [LIBRARIES TARGET...])
#
# One static library per folder of src/, from all its .cpp files but *_test.cpp, which become the program NAME_test.
# Headers are included as "module/header.h". Each module's headers are reachable only through an include folder of its
# own that holds one link to it, so including a header of a module that is not in DEPENDS does not compile.
function(gantry_module NAME)
  cmake_parse_arguments(MODULE "ONE_THREAD" "" "DEPENDS;LIBRARIES" ${ARGN})
  set(folder ${CMAKE_SOURCE_DIR}/src/${NAME})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${folder}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  if(NOT sources)
    set(sources ${CMAKE_BINARY_DIR}/empty.cpp)
    file(WRITE ${CMAKE_BINARY_DIR}/empty.cpp "")
  endif()

  # The same folder for every preset, so that compiler caches hit across build folders.
  set(include_root ${CMAKE_SOURCE_DIR}/build/include/${NAME})
  file(MAKE_DIRECTORY ${include_root})
  file(CREATE_LINK ${folder} ${include_root}/${NAME} SYMBOLIC)

  add_library(gantry_${NAME} STATIC ${sources})
  gantry_group_sources(gantry_${NAME} ${sources})
  target_include_directories(gantry_${NAME} PUBLIC ${include_root})
  list(TRANSFORM MODULE_DEPENDS PREPEND gantry_)
  target_link_libraries(gantry_${NAME} PUBLIC ${MODULE_DEPENDS} Threads::Threads ${MODULE_LIBRARIES})

  # Tests of a module that has one thread show nothing to the thread sanitizer, which is slow.
  if(GANTRY_TESTS AND tests AND NOT (MODULE_ONE_THREAD AND GANTRY_SANITIZE STREQUAL "thread"))
    add_executable(${NAME}_test ${tests})
    gantry_group_sources(${NAME}_test ${tests})
    target_link_libraries(${NAME}_test PRIVATE gantry_${NAME} GTest::gmock GTest::gtest_main)
    target_compile_definitions(${NAME}_test PRIVATE GANTRY_SOURCE_DIR="${CMAKE_SOURCE_DIR}" GANTRY_SHARED_DIR="${CMAKE_SOURCE_DIR}/../shared")
    gantry_unit_test(${NAME} ${NAME}_test)
  endif()
endfunction()

# gantry_unit_test(NAME PROGRAM) makes the GoogleTest program the test unit.NAME, which the sanitizer builds run, too.
function(gantry_unit_test NAME PROGRAM)
  if(GANTRY_SANITIZE)
    # Frames are several times as large there, and the depth limits are the same.
    add_test(NAME unit.${NAME} COMMAND sh -c "ulimit -s 65536 && exec \"$0\" --gtest_brief=1" $<TARGET_FILE:${PROGRAM}>)
  else()
    add_test(NAME unit.${NAME} COMMAND ${PROGRAM} --gtest_brief=1)
  endif()
  set_tests_properties(unit.${NAME} PROPERTIES LABELS unit TIMEOUT 600
    ENVIRONMENT TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/cmake/thread_sanitizer.suppressions)
endfunction()

# gantry_program(NAME SOURCE MODULE...) builds a program from one source on top of modules.
function(gantry_program NAME SOURCE)
  if(NOT EXISTS ${CMAKE_SOURCE_DIR}/${SOURCE})
    return()
  endif()
  add_executable(${NAME} ${SOURCE})
  list(TRANSFORM ARGN PREPEND gantry_)
  target_link_libraries(${NAME} PRIVATE gantry_allocator ${ARGN})
endfunction()
