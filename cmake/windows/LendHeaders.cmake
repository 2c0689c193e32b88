# lend_headers(TARGET FOLDER): an interface target whose include path holds FOLDER of the building system's headers and
# nothing else. TARGET is left out when there is no such folder.
include_guard()
function(lend_headers target folder)
  foreach(from /usr/include /usr/local/include)
    if(NOT TARGET ${target} AND IS_DIRECTORY ${from}/${folder})
      set(lent ${CMAKE_BINARY_DIR}/lent-headers)
      file(MAKE_DIRECTORY ${lent})
      file(CREATE_LINK ${from}/${folder} ${lent}/${folder} SYMBOLIC)
      add_library(${target} INTERFACE IMPORTED GLOBAL)
      set_target_properties(${target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${lent})
    endif()
  endforeach()
endfunction()
