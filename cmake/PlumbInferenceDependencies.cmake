# The libraries that the rooms of the component `inference` link to; the installed package finds the
# same ones.
find_package(Threads REQUIRED)
find_package(absl REQUIRED)
find_package(Protobuf REQUIRED)
