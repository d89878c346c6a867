# cmake --install: a static library and the headers of each room, and what find_package(plumbline)
# reads; the program is installed by its own room. plumbline::plumbline links every library room.
include(CMakePackageConfigHelpers)

get_property(plumb_libraries GLOBAL PROPERTY PLUMB_LIBRARIES)
add_library(plumbline INTERFACE)
add_library(plumbline::plumbline ALIAS plumbline)
target_link_libraries(plumbline INTERFACE ${plumb_libraries})

install(TARGETS plumbline ${plumb_libraries} EXPORT plumblineTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/plumbline)
install(EXPORT plumblineTargets NAMESPACE plumbline:: DESTINATION ${package_dir})
configure_package_config_file(cmake/plumblineConfig.cmake.in
  ${PROJECT_BINARY_DIR}/plumblineConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/plumblineConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/plumblineConfig.cmake
              ${PROJECT_BINARY_DIR}/plumblineConfigVersion.cmake
              cmake/PlumbDependencies.cmake
        DESTINATION ${package_dir})
