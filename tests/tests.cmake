# tests/NAME_test.c        links tests/world/ in front of reactor: time, streams and names are the test's
# tests/real/NAME_test.c   links the real loop: sockets, children, TLS over loopback
# tests/plays/NAME_play.py the real binary and real clients
# fuzz/fuzz_NAME.c         replays fuzz/corpus/NAME in every run
file(GLOB world_sources CONFIGURE_DEPENDS tests/world/*.c)
add_library(world STATIC ${world_sources})

# The reader of the corpora with known answers.
need(libcjson libcjson-dev)
add_library(corpus STATIC tests/corpus.c)
target_link_libraries(corpus reactor PkgConfig::libcjson PkgConfig::cmocka)

# Encoders, for bodies that are coded on the spot.
need(libbrotlienc libbrotli-dev)
add_library(coder STATIC tests/coder.c)
target_link_libraries(coder reactor PkgConfig::libbrotlienc PkgConfig::cmocka)
# The slow reference of the rules' engine, for its test and its fuzzer.
add_library(engine_ref STATIC tests/engine_ref.c)
target_link_libraries(engine_ref dlp m)

function(bottled_test source folder)
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source})
    target_link_libraries(${name} ${ARGN} PkgConfig::cmocka)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES TIMEOUT 60 LABELS ${folder})
endfunction()

file(GLOB unit_tests CONFIGURE_DEPENDS tests/*_test.c)
foreach(source ${unit_tests})
    bottled_test(${source} unit corpus coder engine_ref world fsm world)
endforeach()
set_tests_properties(vectors_test PROPERTIES TIMEOUT 300) # it compiles all rules
add_library(real STATIC tests/real/real.c)
file(GLOB real_tests CONFIGURE_DEPENDS tests/real/*_test.c)
foreach(source ${real_tests})
    bottled_test(${source} real real fsm)
endforeach()

# A proxy's side of the queue, for plays about those who answer.
add_executable(proposer tests/proposer.c)
target_link_libraries(proposer queue ${allocator})

file(GLOB plays CONFIGURE_DEPENDS tests/plays/*_play.py)
foreach(play ${plays})
    get_filename_component(name ${play} NAME_WE)
    add_test(NAME ${name} COMMAND python3 ${play} $<TARGET_FILE:bottled> WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES TIMEOUT 180 LABELS play)
endforeach()

if(NOT BOTTLED_FUZZ)
    file(GLOB fuzz_targets CONFIGURE_DEPENDS fuzz/fuzz_*.c)
    foreach(source ${fuzz_targets})
        get_filename_component(name ${source} NAME_WE)
        string(REPLACE fuzz_ "" corpus ${name})
        add_executable(replay_${corpus} ${source} fuzz/replay.c)
        target_link_libraries(replay_${corpus} engine_ref world fsm world)
        add_test(NAME replay_${corpus} COMMAND replay_${corpus} ${CMAKE_SOURCE_DIR}/fuzz/corpus/${corpus})
        set_tests_properties(replay_${corpus} PROPERTIES TIMEOUT 60 LABELS fuzz)
    endforeach()
endif()

add_test(NAME arrows COMMAND .ci/arrows WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
add_test(NAME tidy COMMAND .ci/tidy WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
add_test(NAME format COMMAND .ci/format WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
add_test(NAME machines_drawn WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    COMMAND sh -c "$<TARGET_FILE:draw_machines> | diff -u docs/machines.md - || { echo 'stale: ./dev draw'; exit 1; }")
add_test(NAME rules_lint COMMAND python3 tests/rules_try.py lint WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
add_test(NAME readme_true COMMAND python3 tests/readme_true.py $<TARGET_FILE:bottled> WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
add_test(NAME no_openssl_inside COMMAND .ci/symbols $<TARGET_FILE:bottled> WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
