/*
 * Lines of a file of vectors, plain or compressed by gzip, or of a text in memory.
 */
#ifndef VTDPI_SRC_CONFORM_SOURCE_H
#define VTDPI_SRC_CONFORM_SOURCE_H

#include "vtdpi/base.h"

/** A source of lines. */
typedef struct conform_source conform_source_t;

/** What reading a line gave. */
typedef enum {
    CONFORM_LINE,          /**< a line */
    CONFORM_LINE_TOO_LONG, /**< a line above VTDPI_CONFORM_LINE_BYTES: left out */
    CONFORM_LINE_END,      /**< there is none left */
    CONFORM_LINE_FAILED,   /**< the file cannot be read further: conform_source_error says why */
} conform_line_t;

/** Opens file [path]; magic bytes tell whether it is compressed. NULL with errno if that fails. */
conform_source_t *conform_source_file(const char *path);

/** Lines of [length] bytes of [text], which must stay. NULL with errno if memory is exhausted. */
conform_source_t *conform_source_text(const char *text, size_t length);

/** The next line, without its end, valid until the next call. */
conform_line_t conform_source_next(conform_source_t *source, const char **line, size_t *length);

/** Why the last CONFORM_LINE_FAILED, as a text. */
const char *conform_source_error(const conform_source_t *source);

/** Ends reading; NULL is allowed. */
void conform_source_close(conform_source_t *source);

#endif
