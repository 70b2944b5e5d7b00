# BLAKE3's official C implementation: from a CMake package where the distribution has one
# (libblake3-dev), else from the sources that Debian 12 ships inside librust-blake3-dev.
find_package(BLAKE3 QUIET)
if(TARGET BLAKE3::blake3)
  add_library(hubdist_blake3 INTERFACE)
  target_link_libraries(hubdist_blake3 INTERFACE BLAKE3::blake3)
  return()
endif()

file(GLOB blake3_dirs /usr/share/cargo/registry/blake3-*/c)
find_path(BLAKE3_SOURCE_DIR blake3.c HINTS ${blake3_dirs} NO_DEFAULT_PATH
          DOC "The folder c/ of BLAKE3's sources")
if(NOT BLAKE3_SOURCE_DIR)
  message(FATAL_ERROR "BLAKE3's C sources were not found. Install librust-blake3-dev (Debian 12) or "
                      "libblake3-dev, or set BLAKE3_SOURCE_DIR to the folder c/ of its sources.")
endif()

set(blake3_sources blake3.c blake3_dispatch.c blake3_portable.c)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  enable_language(ASM)
  list(APPEND blake3_sources blake3_sse2_x86-64_unix.S blake3_sse41_x86-64_unix.S
       blake3_avx2_x86-64_unix.S blake3_avx512_x86-64_unix.S)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  list(APPEND blake3_sources blake3_neon.c)
endif()
list(TRANSFORM blake3_sources PREPEND ${BLAKE3_SOURCE_DIR}/)
add_library(hubdist_blake3 OBJECT ${blake3_sources})
target_include_directories(hubdist_blake3 SYSTEM PUBLIC $<BUILD_INTERFACE:${BLAKE3_SOURCE_DIR}>)
# Its inner functions can be called (src/core/blake3_wide.cc), which no shared library lets us.
target_compile_definitions(hubdist_blake3 PUBLIC HUBDIST_BLAKE3_SOURCES)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  target_compile_definitions(hubdist_blake3 PRIVATE BLAKE3_USE_NEON=1)
endif()
