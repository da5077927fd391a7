# The one set of compiler settings. vtdpi_house_target(TARGET) applies it; vtdpi_link_options is what linking needs of it.

set(vtdpi_warnings
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wswitch-enum -Wundef -Wvla
    -Wcast-qual -Wformat=2 -Wnull-dereference)
set(vtdpi_c_warnings -Wstrict-prototypes -Wmissing-prototypes)
set(vtdpi_cxx_warnings -Wno-missing-field-initializers) # {0} is how C zeroes a structure, and headers are C
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    list(APPEND vtdpi_warnings -Wduplicated-cond -Wlogical-op -Wcast-align=strict)
endif()
if(VTDPI_WERROR)
    list(APPEND vtdpi_warnings -Werror)
endif()
if(VTDPI_NO_ASSERT) # what only an assertion uses is unused then
    list(APPEND vtdpi_warnings -Wno-unused-variable -Wno-unused-but-set-variable -Wno-unused-parameter
         -Wno-unused-function)
endif()

# Same bytes from every compiler: no fused multiply-add. Internal calls may be inlined although the code is
# position-independent: one set of objects serves the static and the shared library.
set(vtdpi_compile_options -ffp-contract=off -fno-semantic-interposition)
set(vtdpi_link_options)
if(VTDPI_SANITIZE)
    # Without vptr, which would make C programs need the C++ part of the runtime.
    list(APPEND vtdpi_compile_options -fsanitize=${VTDPI_SANITIZE} -fno-sanitize=vptr -fno-sanitize-recover=all
         -fno-omit-frame-pointer)
    list(APPEND vtdpi_link_options -fsanitize=${VTDPI_SANITIZE})
endif()
if(VTDPI_COVERAGE)
    list(APPEND vtdpi_compile_options --coverage -fprofile-update=atomic)
    list(APPEND vtdpi_link_options --coverage)
endif()
if(VTDPI_FUZZ)
    list(APPEND vtdpi_compile_options -fsanitize=fuzzer-no-link)
endif()

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
find_program(CCACHE ccache)
if(CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

function(vtdpi_house_target target)
    set_target_properties(
        ${target}
        PROPERTIES C_STANDARD 11
                   C_STANDARD_REQUIRED ON
                   C_EXTENSIONS OFF
                   CXX_STANDARD 17
                   CXX_STANDARD_REQUIRED ON
                   CXX_EXTENSIONS OFF
                   POSITION_INDEPENDENT_CODE ON
                   C_VISIBILITY_PRESET hidden
                   CXX_VISIBILITY_PRESET hidden
                   VISIBILITY_INLINES_HIDDEN ON)
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/include)
    target_compile_options(
        ${target} PRIVATE ${vtdpi_warnings} "$<$<COMPILE_LANGUAGE:C>:${vtdpi_c_warnings}>"
                          "$<$<COMPILE_LANGUAGE:CXX>:${vtdpi_cxx_warnings}>" ${vtdpi_compile_options})
    if(VTDPI_NO_ASSERT)
        target_compile_definitions(${target} PRIVATE VTDPI_NO_ASSERT)
    endif()
endfunction()
