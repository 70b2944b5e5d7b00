# The target verify_headers: every header, public or private, compiles alone.
add_custom_target(verify_headers COMMENT "Every header compiles alone")
add_dependencies(verify_headers all_verify_interface_header_sets)

foreach(room base core io backend store xet exchange client server)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/src
       ${PROJECT_SOURCE_DIR}/src/${room}/*.h)
  if(NOT headers)
    continue()
  endif()
  set(sources)
  foreach(header IN LISTS headers)
    set(source ${CMAKE_CURRENT_BINARY_DIR}/private_headers/${header}.cc)
    file(CONFIGURE OUTPUT ${source} CONTENT "#include <${header}>\n")
    list(APPEND sources ${source})
  endforeach()
  add_library(hubdist_private_headers_${room} OBJECT EXCLUDE_FROM_ALL ${sources})
  target_include_directories(hubdist_private_headers_${room} PRIVATE
    $<TARGET_PROPERTY:hubdist_room_${room},INCLUDE_DIRECTORIES>)
  add_dependencies(hubdist_private_headers_${room} hubdist_room_${room})
  add_dependencies(verify_headers hubdist_private_headers_${room})
endforeach()
