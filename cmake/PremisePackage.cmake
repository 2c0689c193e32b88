# Debian packages of what cmake/PremiseInstall.cmake installs: script/package.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME premise)
set(CPACK_PACKAGE_VENDOR Premise)
set(CPACK_PACKAGE_CONTACT "Premise maintainers <maintainers@premise.invalid>")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL runtime development)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(premise_package libpremise${PROJECT_VERSION_MAJOR})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME ${premise_package})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)        # what it needs is read from the library
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)          # what is linked to it depends on its package
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "Runs AI models inside the program: the shared library")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libpremise-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "${premise_package} (= ${PROJECT_VERSION})")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "Runs AI models inside the program: headers, archive, CMake and pkg-config files")

# A package says where its licence is.
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION share/doc/${premise_package} RENAME copyright COMPONENT runtime)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION share/doc/libpremise-dev RENAME copyright COMPONENT development)
include(CPack)
