# What `cmake --install` puts where: the library (component runtime) and what builds against it (development): headers, link
# names, the archive, the CMake package, pkg-config files. All of it may be moved: nothing in it knows the prefix.
include(CMakePackageConfigHelpers)

set(premise_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/premise)
install(TARGETS premise EXPORT premise-targets
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
set(premise_pc_files premise)
if(TARGET premise_static)
  list(APPEND premise_pc_files premise-static)
  install(TARGETS premise_static EXPORT premise-targets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/premise DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)

install(EXPORT premise-targets NAMESPACE premise:: DESTINATION ${premise_cmake_dir} COMPONENT development)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/premise-config.cmake.in ${PROJECT_BINARY_DIR}/premise-config.cmake
  INSTALL_DESTINATION ${premise_cmake_dir} NO_SET_AND_CHECK_MACRO)
# Inside a major version there are only additions.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/premise-config-version.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${PROJECT_BINARY_DIR}/premise-config.cmake ${PROJECT_BINARY_DIR}/premise-config-version.cmake
  DESTINATION ${premise_cmake_dir} COMPONENT development)

# The prefix as it is seen from the folder of the pkg-config files.
file(RELATIVE_PATH premise_prefix_from_pc /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" premise_prefix_from_pc "${premise_prefix_from_pc}")
foreach(name IN LISTS premise_pc_files)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/${name}.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
endforeach()

if(PREMISE_TOP_LEVEL AND CMAKE_SYSTEM_NAME STREQUAL Linux)
  include(PremisePackage)
endif()
