# Writes the commit of the source folder into a header, and touches the header only when it changed:
#   cmake -DSOURCE=DIR -DHEADER=FILE -P write_commit.cmake
# "1a2b3c4", "1a2b3c4+changes" when tracked files differ from it, "no commit" outside a repository.
cmake_policy(VERSION 3.25)
execute_process(COMMAND git -C ${SOURCE} rev-parse --short HEAD
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT commit)
  set(commit "no commit")
else()
  execute_process(COMMAND git -C ${SOURCE} diff --quiet HEAD -- RESULT_VARIABLE changed ERROR_QUIET)
  if(changed)
    string(APPEND commit "+changes")
  endif()
endif()
file(CONFIGURE OUTPUT ${HEADER} CONTENT "#define PLUMB_COMMIT \"@commit@\"\n" @ONLY)
