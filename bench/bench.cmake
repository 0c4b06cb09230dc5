# bench/bench_NAME.c asks a question and prints JSON lines; ./dev bench NAME builds and runs it in the release preset.
file(GLOB bench_sources CONFIGURE_DEPENDS bench/bench_*.c)
foreach(source ${bench_sources})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} EXCLUDE_FROM_ALL ${source})
    target_link_libraries(${name} fsm corpus ${allocator})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
endforeach()

# The two ends of bench/egress: tools, not the product, so they speak to sockets and epoll themselves.
foreach(name load origin)
    add_executable(bench_${name} EXCLUDE_FROM_ALL bench/${name}.c)
    target_link_libraries(bench_${name} boringssl::ssl boringssl::crypto)
    set_target_properties(bench_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
endforeach()
