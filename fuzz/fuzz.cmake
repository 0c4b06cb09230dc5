# Each fuzz/fuzz_NAME.c is one libFuzzer target over fuzz/corpus/NAME; ./dev fuzz SECONDS shares the time between them.
file(GLOB fuzz_targets CONFIGURE_DEPENDS fuzz/fuzz_*.c)
foreach(source ${fuzz_targets})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source})
    target_link_libraries(${name} engine_ref world fsm world)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/targets)
endforeach()
