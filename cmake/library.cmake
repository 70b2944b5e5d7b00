# The two targets that users link: hubdist::core (base and core) and hubdist::hubdist (everything).
# hubdist_library(<target> <room>...): a static library of rooms, with their headers. What headers
# show is linked publicly; what only .cc files use is exported for the linker alone.
function(hubdist_library name)
  add_library(${name} STATIC)
  foreach(room IN LISTS ARGN)
    target_sources(${name} PRIVATE $<TARGET_OBJECTS:hubdist_room_${room}>)
    get_target_property(links hubdist_room_${room} HUBDIST_LINKS)
    get_target_property(hidden hubdist_room_${room} HUBDIST_HIDDEN)
    list(REMOVE_ITEM hidden hubdist_blake3)
    target_link_libraries(${name} PUBLIC ${links} PRIVATE ${hidden})
    file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/hubdist/${room}/*.h)
    target_sources(${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include
                   FILES ${headers})
  endforeach()
  target_compile_features(${name} PUBLIC cxx_std_20)
  set_target_properties(${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ${HUBDIST_BUILD_TESTS})
endfunction()

hubdist_library(hubdist_core base core)
add_library(hubdist::core ALIAS hubdist_core)
set_target_properties(hubdist_core PROPERTIES EXPORT_NAME core)
if(TARGET BLAKE3::blake3)
  target_link_libraries(hubdist_core PRIVATE BLAKE3::blake3)
else()
  target_sources(hubdist_core PRIVATE $<TARGET_OBJECTS:hubdist_blake3>)
endif()

hubdist_library(hubdist io backend store xet exchange client server)
add_library(hubdist::hubdist ALIAS hubdist)
target_link_libraries(hubdist PUBLIC hubdist_core)
