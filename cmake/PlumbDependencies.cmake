# The libraries that all rooms link to; the installed package finds the same ones.
include(${CMAKE_CURRENT_LIST_DIR}/PlumbInferenceDependencies.cmake)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
