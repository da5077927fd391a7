# Files as C arrays, made at build time with CMake alone. Two uses of one file:
#   include(embed), then vtdpi_embed(SYMBOL OUTPUT_VARIABLE FILE...) adds the rule that makes SYMBOL.c;
#   cmake -D symbol=… -D output=… -D files=a,b -P embed.cmake is what that rule runs.
# src/scenario/embedded.h declares what comes out. The last row of each table is all zero.

function(vtdpi_embed symbol output_variable)
    set(output ${PROJECT_BINARY_DIR}/embedded/${symbol}.c)
    string(REPLACE ";" "," files "${ARGN}")
    set(script ${PROJECT_SOURCE_DIR}/tools/cmake/embed.cmake)
    add_custom_command(
        OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} -D symbol=${symbol} -D output=${output} -D files=${files} -P ${script}
        DEPENDS ${ARGN} ${script}
        COMMENT "Embedding ${symbol}"
        VERBATIM)
    set(${output_variable} ${output} PARENT_SCOPE)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE)
    string(REPLACE "," ";" files "${files}")
    list(SORT files)
    set(arrays "")
    set(rows "")
    foreach(path IN LISTS files)
        get_filename_component(name ${path} NAME_WE)
        get_filename_component(file ${path} NAME)
        string(MAKE_C_IDENTIFIER bytes_${name} array)
        file(READ ${path} hex HEX)
        string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1, " bytes "${hex}")
        string(APPEND arrays "/* ${file} */\nstatic const unsigned char ${array}[] = {${bytes}0};\n\n")
        string(APPEND rows "    {\"${name}\", ${array}, sizeof ${array} - 1},\n")
    endforeach()
    file(WRITE ${output} "#include \"scenario/embedded.h\"\n\n${arrays}const vtdpi_embedded_t ${symbol}[] = {\n${rows}"
                         "    {NULL, NULL, 0},\n};\n")
endif()
