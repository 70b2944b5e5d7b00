# What `cmake --install` puts where: component `dev` (libraries, headers, the CMake package) and
# component `program` (the hubdist command).
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/hubdist)

install(TARGETS hubdist_core hubdist EXPORT hubdistTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev
        FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)
install(EXPORT hubdistTargets NAMESPACE hubdist:: DESTINATION ${package_dir} COMPONENT dev)

set(HUBDIST_NEEDS_BLAKE3_PACKAGE OFF)
if(TARGET BLAKE3::blake3)
  set(HUBDIST_NEEDS_BLAKE3_PACKAGE ON)
endif()
configure_package_config_file(cmake/hubdistConfig.cmake.in ${PROJECT_BINARY_DIR}/hubdistConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/hubdistConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/hubdistConfig.cmake
              ${PROJECT_BINARY_DIR}/hubdistConfigVersion.cmake cmake/lz4.cmake
        DESTINATION ${package_dir} COMPONENT dev)
