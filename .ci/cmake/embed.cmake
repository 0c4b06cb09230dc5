# cmake -P embed.cmake OUT FILE...: writes dlp/rules/*.yaml as the C file behind dlp/scan/shipped.h.
math(EXPR last "${CMAKE_ARGC} - 1")
set(out "${CMAKE_ARGV3}")
set(arrays "")
set(rows "")
set(count 0)
foreach(i RANGE 4 ${last})
    set(path "${CMAKE_ARGV${i}}")
    get_filename_component(name "${path}" NAME)
    file(READ "${path}" bytes HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
    string(APPEND arrays "static const uint8_t text_${count}[] = {\n${bytes}};\n")
    string(APPEND rows "    {\"dlp/rules/${name}\", {text_${count}, sizeof text_${count}}, true},\n")
    math(EXPR count "${count} + 1")
endforeach()
file(WRITE "${out}" "#include \"dlp/scan/shipped.h\"

${arrays}
static const struct rule_text texts[] = {
${rows}};

const struct rule_text *rules_shipped(size_t *count_out)
{
    *count_out = sizeof texts / sizeof *texts;
    return texts;
}
")
