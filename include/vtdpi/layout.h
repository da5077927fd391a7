/*
 * Field access derived from the tables in layout/.
 *
 * A row is VTDPI_FIELD(STRUCTURE, FIELD, word, low, width, "long English name; section title").
 * Structures are arrays of 64-bit words, low word first. VTDPI_GET(IRTE, SVT, words) reads,
 * VTDPI_PUT(IRTE, SVT, words, value) writes. There are no C bit-fields anywhere.
 */
#ifndef VTDPI_LAYOUT_H
#define VTDPI_LAYOUT_H

#include "vtdpi/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VTDPI_FIELD(S, F, word, low, width, doc)                                                   \
    enum {                                                                                         \
        VTDPI_##S##_##F##_WORD = (word),                                                           \
        VTDPI_##S##_##F##_LOW = (low),                                                             \
        VTDPI_##S##_##F##_WIDTH = (width)                                                          \
    };
#include "vtdpi/layout/all.def"
#undef VTDPI_FIELD

/** Reads field F of structure S from the 64-bit words [w]. */
#define VTDPI_GET(S, F, w)                                                                         \
    vtdpi_bits((w)[VTDPI_##S##_##F##_WORD], VTDPI_##S##_##F##_LOW, VTDPI_##S##_##F##_WIDTH)

/** Writes [value] to field F of structure S in the 64-bit words [w]. */
#define VTDPI_PUT(S, F, w, value)                                                                  \
    ((w)[VTDPI_##S##_##F##_WORD] =                                                                 \
         vtdpi_with_bits((w)[VTDPI_##S##_##F##_WORD], VTDPI_##S##_##F##_LOW,                       \
                         VTDPI_##S##_##F##_WIDTH, (uint64_t)(value)))

#ifdef __cplusplus
}
#endif

#endif
