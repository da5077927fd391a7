/*
 * A large buffer in front of a file. Errors stick: they are looked at once, when the buffer is
 * closed.
 */
#ifndef VTDPI_SRC_OUT_H
#define VTDPI_SRC_OUT_H

#include "vtdpi/base.h"

#include <stdio.h>

/** Bytes of the buffer, and of the blocks in which it goes to the file: whole pages at their own
 * places cost the host less. A caller may reserve half of the buffer in one go. */
enum { VTDPI_OUT_BYTES = 1 << 20, VTDPI_OUT_BLOCK = 1 << 14 };

typedef struct {
    FILE *file;  /**< where the bytes go */
    char *bytes; /**< VTDPI_OUT_BYTES of them */
    size_t used; /**< filled */
    bool failed; /**< an earlier write did not succeed */
} vtdpi_out_t;

/** Starts writing to [file]. *Errors:* VTDPI_ERR_INTERNAL (out of memory). */
vtdpi_err_t vtdpi_out_open(vtdpi_out_t *out, FILE *file);

/** Writes what is left to the file and frees the buffer. *Errors:* VTDPI_ERR_INTERNAL when any
 * write failed. */
vtdpi_err_t vtdpi_out_close(vtdpi_out_t *out);

/** Writes the whole blocks of the buffer to the file; what is left moves to its front. */
void vtdpi_out_flush(vtdpi_out_t *out);

/** Appends printf-formatted text; only for short texts that are not on the path of the simulation.
 */
__attribute__((format(printf, 2, 3))) void vtdpi_out_printf(vtdpi_out_t *out, const char *format,
                                                            ...);

/** Appends [text]. */
void vtdpi_out_text(vtdpi_out_t *out, const char *text);

/** Appends [text] as a JSON string with its quotes. */
void vtdpi_out_json(vtdpi_out_t *out, const char *text);

/** Room for [count] bytes, to be written in place; vtdpi_out_advance tells how far. *Pre:* count at
 * most half the buffer. */
static inline char *vtdpi_out_reserve(vtdpi_out_t *out, size_t count)
{
    if (VTDPI_OUT_BYTES - out->used < count) {
        vtdpi_out_flush(out);
    }
    return out->bytes + out->used;
}

/** Takes over what was written up to [end] into the room that vtdpi_out_reserve gave. */
static inline void vtdpi_out_advance(vtdpi_out_t *out, const char *end)
{
    out->used = (size_t)(end - out->bytes);
}

#endif
