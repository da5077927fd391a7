# cmake --install: headers, both libraries, the command, the data, vtdpi.pc and the CMake package.

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/vtdpi)
set(data_dir ${CMAKE_INSTALL_DATADIR}/vtdpi)

install(DIRECTORY include/vtdpi DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h" PATTERN "*.def")
install(TARGETS vtdpi_shared vtdpi_static EXPORT vtdpiTargets)
if(TARGET vtdpi_cli)
    install(TARGETS vtdpi_cli)
endif()
install(DIRECTORY scenarios/ DESTINATION ${data_dir}/scenarios)
install(DIRECTORY tools/plot/ DESTINATION ${data_dir}/plot FILES_MATCHING PATTERN "*.gp")

install(EXPORT vtdpiTargets NAMESPACE vtdpi:: DESTINATION ${package_dir})
configure_package_config_file(tools/cmake/vtdpiConfig.cmake.in ${PROJECT_BINARY_DIR}/vtdpiConfig.cmake
                              INSTALL_DESTINATION ${package_dir} PATH_VARS CMAKE_INSTALL_DATADIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/vtdpiConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/vtdpiConfig.cmake ${PROJECT_BINARY_DIR}/vtdpiConfigVersion.cmake
        DESTINATION ${package_dir})

# Relative to the place of the file, so that an installed tree can be moved.
file(RELATIVE_PATH pc_prefix /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(tools/cmake/vtdpi.pc.in ${PROJECT_BINARY_DIR}/vtdpi.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/vtdpi.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
