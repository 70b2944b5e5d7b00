# The target hubdist::lz4. LZ4 installs no CMake package everywhere (Debian 12: liblz4-dev has none).
# hubdistConfig.cmake uses this file as well.
if(NOT TARGET hubdist::lz4)
  find_package(lz4 QUIET CONFIG)
  if(TARGET LZ4::lz4)
    add_library(hubdist::lz4 INTERFACE IMPORTED)
    set_target_properties(hubdist::lz4 PROPERTIES INTERFACE_LINK_LIBRARIES LZ4::lz4)
  else()
    find_path(LZ4_INCLUDE_DIR lz4frame.h)
    find_library(LZ4_LIBRARY lz4)
    if(NOT LZ4_INCLUDE_DIR OR NOT LZ4_LIBRARY)
      message(FATAL_ERROR "LZ4 was not found. Install liblz4-dev, or set LZ4_INCLUDE_DIR and "
                          "LZ4_LIBRARY.")
    endif()
    add_library(hubdist::lz4 UNKNOWN IMPORTED)
    set_target_properties(hubdist::lz4 PROPERTIES IMPORTED_LOCATION "${LZ4_LIBRARY}"
                          INTERFACE_INCLUDE_DIRECTORIES "${LZ4_INCLUDE_DIR}")
  endif()
endif()
