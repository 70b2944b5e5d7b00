# Every foreign library, in one place. Debian packages them all (script/packages-debian.txt).
# What hubdist::hubdist links stands again in hubdistConfig.cmake.in: keep the two in step.
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto SSL)
find_package(CURL 7.80 REQUIRED)
find_package(absl REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(simdjson 3.0 REQUIRED)
find_package(Protobuf 3.21 REQUIRED)
include(cmake/blake3.cmake)
include(cmake/lz4.cmake)

# Two small header-only libraries, not part of what is installed: fetched, pinned by commit, where
# the machine lacks them. The others are large and belong to the system.
include(FetchContent)
if(HUBDIST_BUILD_CLI)
  FetchContent_Declare(CLI11 GIT_REPOSITORY https://github.com/CLIUtils/CLI11.git
                       GIT_TAG 6c7b07a878ad834957b98d0f9ce1dbe0cb204fc9  # v2.4.2
                       FIND_PACKAGE_ARGS 2.1)
  FetchContent_MakeAvailable(CLI11)
endif()
if(HUBDIST_BUILD_TESTS)
  set(DOCTEST_WITH_TESTS OFF)
  set(DOCTEST_NO_INSTALL ON)
  FetchContent_Declare(doctest GIT_REPOSITORY https://github.com/doctest/doctest.git
                       GIT_TAG ae7a13539fb71f270b87eb2e874fbac80bc8dda2  # v2.4.11
                       FIND_PACKAGE_ARGS 2.4)
  FetchContent_MakeAvailable(doctest)
  if(doctest_SOURCE_DIR)
    list(APPEND CMAKE_MODULE_PATH ${doctest_SOURCE_DIR}/scripts/cmake)
  endif()
endif()
