/*
 * The assertion hook: a programming error, of the library or of its caller, ends the process with a
 * line that says where.
 *
 * Weak, so that a program may have its own (a test that expects a failure, an embedding that logs).
 */
#include "vtdpi/base.h"

#include <stdio.h>
#include <stdlib.h>

__attribute__((weak)) void vtdpi_assert_failed(const char *file, int line, const char *expr)
{
    fprintf(stderr, "vtdpi: %s:%d: assertion failed: %s\n", file, line, expr);
    abort();
}
