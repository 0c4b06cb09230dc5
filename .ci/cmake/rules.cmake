# The rules that we ship stand in the program twice: as text (dlp/scan/shipped.h), and as Hyperscan compiled them
# (dlp/scan/compiled.c).  Compiling takes 8 s, and 40 s in a process with sanitizers: so a tool of the build does it, and
# this file is included in front of the options of the presets, which are not for tools.
file(GLOB rules CONFIGURE_DEPENDS dlp/rules/*.yaml)
add_custom_command(OUTPUT shipped.c DEPENDS ${rules} .ci/cmake/embed.cmake VERBATIM
    COMMAND ${CMAKE_COMMAND} -P ${CMAKE_SOURCE_DIR}/.ci/cmake/embed.cmake shipped.c ${rules})

file(GLOB plain CONFIGURE_DEPENDS reactor/base/*.c dlp/scan/*.c backends/manifest/*.c backends/provision/*.c)
list(FILTER plain EXCLUDE REGEX "/(compiled|compile_rules)\\.c$")
add_library(plain STATIC EXCLUDE_FROM_ALL ${plain} shipped.c)
set_target_properties(plain PROPERTIES EXPORT_COMPILE_COMMANDS OFF) # clang-tidy sees each file once
target_link_libraries(plain PkgConfig::libhs PkgConfig::libpcre2-8 PkgConfig::yaml-0.1 boringssl::crypto)
add_executable(compile_rules EXCLUDE_FROM_ALL backends/manifest/compile_rules.c)
target_link_libraries(compile_rules plain)

# The tool leaves a file alone that is still right, and what hangs on it is not built again.
add_custom_command(OUTPUT rules.bin DEPENDS compile_rules COMMAND compile_rules rules.bin VERBATIM)
set_source_files_properties(dlp/scan/compiled.c PROPERTIES OBJECT_DEPENDS ${CMAKE_BINARY_DIR}/rules.bin
    COMPILE_DEFINITIONS "RULES_BIN=\"${CMAKE_BINARY_DIR}/rules.bin\"")
