# hubdist_room(<name> KNOWS <room>... SOURCES <file>... LINKS <target>... HIDDEN <target>...)
# One folder of include/hubdist/ and src/ as an object library. KNOWS names the rooms that it may
# include: the house's layer table, which tests/layers_test.py holds against the sources.
# LINKS are foreign libraries that its headers show, HIDDEN those that only its .cc files use.
function(hubdist_room name)
  cmake_parse_arguments(PARSE_ARGV 1 room "" "" "KNOWS;SOURCES;LINKS;HIDDEN")
  if(NOT room_SOURCES)
    file(TOUCH ${CMAKE_CURRENT_BINARY_DIR}/empty.cc)
    set(room_SOURCES ${CMAKE_CURRENT_BINARY_DIR}/empty.cc)
  endif()
  add_library(hubdist_room_${name} OBJECT ${room_SOURCES})
  target_include_directories(hubdist_room_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include
                             PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(hubdist_room_${name} PUBLIC ${room_LINKS}
                        PRIVATE hubdist_options ${room_HIDDEN})
  set(all ${room_KNOWS})
  foreach(known IN LISTS room_KNOWS)
    target_link_libraries(hubdist_room_${name} PUBLIC hubdist_room_${known})
    get_target_property(further hubdist_room_${known} HUBDIST_KNOWS)
    list(APPEND all ${further})
  endforeach()
  list(REMOVE_DUPLICATES all)
  set_target_properties(hubdist_room_${name} PROPERTIES HUBDIST_KNOWS "${all}"
                        HUBDIST_LINKS "${room_LINKS}" HUBDIST_HIDDEN "${room_HIDDEN}")
endfunction()

# hubdist_link_rooms(<target> <room>...): the rooms and all that they know.
function(hubdist_link_rooms target)
  set(all ${ARGN})
  foreach(room IN LISTS ARGN)
    get_target_property(further hubdist_room_${room} HUBDIST_KNOWS)
    list(APPEND all ${further})
  endforeach()
  list(REMOVE_DUPLICATES all)
  foreach(room IN LISTS all)
    target_link_libraries(${target} PRIVATE hubdist_room_${room})
  endforeach()
  target_link_libraries(${target} PRIVATE hubdist_options hubdist_blake3)
endfunction()

# hubdist_test(<room> <file>...): one doctest program for a room, each case a test of its own.
function(hubdist_test room)
  add_executable(${room}_test ${ARGN} ${PROJECT_SOURCE_DIR}/tests/support/main.cc)
  target_include_directories(${room}_test PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${room}_test PRIVATE doctest::doctest)
  hubdist_link_rooms(${room}_test ${room})
  doctest_discover_tests(${room}_test TEST_PREFIX "${room}/" PROPERTIES TIMEOUT 300)
endfunction()
