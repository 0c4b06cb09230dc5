# need(module package): a library found by pkg-config, as PkgConfig::module; when it is missing, says what to install.
find_package(PkgConfig REQUIRED)

function(need module package)
    pkg_check_modules(${module} QUIET IMPORTED_TARGET GLOBAL ${module})
    if(NOT ${module}_FOUND)
        message(FATAL_ERROR "missing: ${module}, in Debian's package ${package}.  Run ./dev setup, or: apt-get install ${package}")
    endif()
endfunction()

# need_symbols(module header symbol... "what they stand for"): the library is new enough, or was mended.
include(CheckSymbolExists)
function(need_symbols module header)
    list(POP_BACK ARGN meaning)
    set(CMAKE_REQUIRED_LIBRARIES PkgConfig::${module})
    foreach(symbol ${ARGN})
        check_symbol_exists(${symbol} ${header} HAVE_${symbol})
        if(NOT HAVE_${symbol})
            message(FATAL_ERROR "${module} is too old: it lacks ${symbol} (${meaning}).  apt-get upgrade")
        endif()
    endforeach()
endfunction()

# need_boringssl(): targets boringssl::ssl and boringssl::crypto from the cache that .ci/boringssl/build fills.
function(need_boringssl)
    execute_process(COMMAND ${CMAKE_SOURCE_DIR}/.ci/boringssl/build OUTPUT_VARIABLE folder
                    OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
    if(failed)
        message(FATAL_ERROR "missing: BoringSSL.  .ci/boringssl/build says why above; it needs dpkg-dev, cmake, ninja-build, g++")
    endif()
    foreach(name crypto ssl)
        add_library(boringssl::${name} STATIC IMPORTED GLOBAL)
        set_target_properties(boringssl::${name} PROPERTIES
            IMPORTED_LOCATION ${folder}/lib${name}.a
            IMPORTED_LINK_INTERFACE_LANGUAGES CXX
            INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${folder}/include
            INTERFACE_INCLUDE_DIRECTORIES ${folder}/include)
    endforeach()
    target_link_libraries(boringssl::ssl INTERFACE boringssl::crypto)
    target_link_libraries(boringssl::crypto INTERFACE pthread)
endfunction()
