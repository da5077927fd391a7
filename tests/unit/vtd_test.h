/*
 * CMocka with what it wants to see before it.
 */
#ifndef VTD_TEST_H
#define VTD_TEST_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
/* clang-format on */

#endif
