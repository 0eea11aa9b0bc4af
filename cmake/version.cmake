# SPDX-License-Identifier: GPL-3.0-or-later
# Writes what the program says about its sources:
#
#   cmake -DSOURCE=FOLDER -DVERSION=0.2.0 -DOUTPUT=FILE.h -P cmake/version.cmake
#
#   of a commit of git              0.2.0 (git 1a2b3c4)
#   changed since then              0.2.0 (git 1a2b3c4-dirty, sources 5d6e7f...)
#   of an archive that git made     0.2.0 (archive of git 1a2b3c4, sources 5d6e7f...)
#   copied in another way           0.2.0 (sources 5d6e7f...)
#
# Files name the program that made them, and states of unfinished points are continued only by the same one: whatever
# is not a commit names the contents of its sources.  Called by every build; FILE.h changes only if what it says does.
cmake_minimum_required(VERSION 3.18)

# A hook of git, or a rebase that builds, may point at another repository.
foreach(variable GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE)
  unset(ENV{${variable}})
endforeach()

set(ENV{GIT_OPTIONAL_LOCKS} 0) # a build changes nothing in the repository

# The sources may lie unpacked inside another repository, whose commits say nothing about them.
get_filename_component(source "${SOURCE}" REALPATH)
set(commit "")
execute_process(COMMAND git -C ${source} rev-parse --show-toplevel
                OUTPUT_VARIABLE top OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(NOT failed)
  get_filename_component(top "${top}" REALPATH)
  if(top STREQUAL source)
    execute_process(COMMAND git -C ${source} describe --always --dirty
                    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
endif()

if(commit AND NOT commit MATCHES "-dirty$")
  set(what "git ${commit}")
else()
  file(GLOB_RECURSE files RELATIVE ${source} ${source}/src/*.c ${source}/src/*.h ${source}/include/*.h)
  list(APPEND files CMakeLists.txt)
  list(SORT files)
  set(hashes "")
  foreach(file IN LISTS files)
    file(SHA256 ${source}/${file} hash)
    string(APPEND hashes "${file} ${hash}\n")
  endforeach()
  string(SHA256 hash "${hashes}")
  string(SUBSTRING ${hash} 0 12 hash)
  file(STRINGS ${source}/cmake/commit.txt archived LIMIT_COUNT 1) # filled in by `git archive`
  if(commit)
    set(what "git ${commit}, sources ${hash}")
  elseif(archived MATCHES "^[0-9a-f]+$")
    set(what "archive of git ${archived}, sources ${hash}")
  else()
    set(what "sources ${hash}")
  endif()
endif()

set(text "#define DKM_VERSION \"${VERSION} (${what})\"\n")
set(before "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} before)
endif()
if(NOT text STREQUAL before)
  file(WRITE ${OUTPUT} "${text}")
endif()
