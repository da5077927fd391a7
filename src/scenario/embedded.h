/*
 * Data files that are compiled in, so that the library works where nothing is installed.
 *
 * The build makes the tables (tools/cmake/embed.cmake) from scenarios/profiles/ and tools/plot/,
 * sorted by name. The last row of each is all zero.
 */
#ifndef VTDPI_SRC_EMBEDDED_H
#define VTDPI_SRC_EMBEDDED_H

#include <stddef.h>

/** One file. */
typedef struct {
    const char *name; /**< file name without folder and suffix */
    const unsigned char
        *bytes;    /**< its bytes, followed by a zero byte that length does not count */
    size_t length; /**< how many bytes */
} vtdpi_embedded_t;

/** Timing profiles: scenarios/profiles/NAME.yaml. */
extern const vtdpi_embedded_t vtdpi_embedded_profiles[];

/** gnuplot scripts: tools/plot/NAME.gp. */
extern const vtdpi_embedded_t vtdpi_embedded_plots[];

#endif
