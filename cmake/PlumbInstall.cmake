# cmake --install: a static library and the headers of each room, the applications, and what
# find_package(plumbline) reads; the program is installed by its own room. Two components:
#
#   inference   plumbline::inference, the rooms that read and run models
#   all         plumbline::plumbline, every library room (what find_package() without one means)
include(CMakePackageConfigHelpers)

set(PLUMB_INFERENCE_ROOMS core graph kernels measure ops runtime onnx engine)
list(TRANSFORM PLUMB_INFERENCE_ROOMS PREPEND plumb_ OUTPUT_VARIABLE inference_libraries)
get_property(all_libraries GLOBAL PROPERTY PLUMB_LIBRARIES)
set(other_libraries ${all_libraries})
list(REMOVE_ITEM other_libraries ${inference_libraries})
set(inference_libraries ${all_libraries})  # those of them that PLUMB_ROOMS builds
list(REMOVE_ITEM inference_libraries ${other_libraries})

add_library(plumbline_inference INTERFACE)
set_target_properties(plumbline_inference PROPERTIES EXPORT_NAME inference)
target_link_libraries(plumbline_inference INTERFACE ${inference_libraries})
add_library(plumbline INTERFACE)
add_library(plumbline::plumbline ALIAS plumbline)
target_link_libraries(plumbline INTERFACE ${all_libraries})

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/plumbline)
install(TARGETS plumbline_inference ${inference_libraries} EXPORT plumblineInferenceTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS plumbline ${other_libraries} EXPORT plumblineTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
foreach(targets plumblineInferenceTargets plumblineTargets)
  install(EXPORT ${targets} NAMESPACE plumbline:: DESTINATION ${package_dir})
endforeach()
configure_package_config_file(cmake/plumblineConfig.cmake.in
  ${PROJECT_BINARY_DIR}/plumblineConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/plumblineConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/plumblineConfig.cmake
              ${PROJECT_BINARY_DIR}/plumblineConfigVersion.cmake
              cmake/PlumbInferenceDependencies.cmake
              cmake/PlumbDependencies.cmake
        DESTINATION ${package_dir})

# Applications with their models and data, without what draws the data and trains the models.
install(DIRECTORY apps/ DESTINATION ${CMAKE_INSTALL_DATADIR}/plumbline/apps
  PATTERN "generate" EXCLUDE PATTERN "train" EXCLUDE PATTERN "*.py" EXCLUDE PATTERN "*.sh" EXCLUDE)
