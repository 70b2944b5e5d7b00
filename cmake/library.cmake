# The two targets that users link: hubdist::core (base and core) and hubdist::hubdist (everything).
function(hubdist_library name)
  add_library(${name} STATIC)
  foreach(room IN LISTS ARGN)
    target_sources(${name} PRIVATE $<TARGET_OBJECTS:hubdist_room_${room}>)
    get_target_property(links hubdist_room_${room} LINK_LIBRARIES)
    foreach(link IN LISTS links)
      if(NOT link MATCHES "^hubdist_|^\\$")
        target_link_libraries(${name} PUBLIC ${link})
      endif()
    endforeach()
  endforeach()
  target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                             $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(${name} PUBLIC cxx_std_20)
endfunction()

hubdist_library(hubdist_core base core)
add_library(hubdist::core ALIAS hubdist_core)
target_sources(hubdist_core PRIVATE $<TARGET_OBJECTS:hubdist_blake3>)

hubdist_library(hubdist io backend store exchange client server)
add_library(hubdist::hubdist ALIAS hubdist)
target_link_libraries(hubdist PUBLIC hubdist_core)
