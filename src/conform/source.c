#include "conform/source.h"

#include "vtdpi/conform.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { BLOCK_BYTES = 1 << 16, ERROR_BYTES = 128 };

struct conform_source {
    gzFile file;      /**< NULL: a text */
    const char *text; /**< what is left of the text, or of [block] */
    size_t left;      /**< its size */
    size_t length;    /**< of what is in [line] */
    char error[ERROR_BYTES];
    char *block; /**< [BLOCK_BYTES] of a file */
    char *line;  /**< [VTDPI_CONFORM_LINE_BYTES] of a file */
};

conform_source_t *conform_source_file(const char *path)
{
    conform_source_t *source = calloc(1, sizeof *source);
    if (source == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    source->block = malloc(BLOCK_BYTES);
    source->line = malloc(VTDPI_CONFORM_LINE_BYTES);
    errno = 0; /* gzopen leaves it alone where memory is short */
    source->file = source->block != NULL && source->line != NULL ? gzopen(path, "rbe") : NULL;
    if (source->file == NULL) {
        int why = errno != 0 ? errno : ENOMEM;
        conform_source_close(source);
        errno = why;
        return NULL;
    }
    return source;
}

conform_source_t *conform_source_text(const char *text, size_t length)
{
    conform_source_t *source = calloc(1, sizeof *source);
    if (source != NULL) {
        source->text = text;
        source->left = length;
    }
    return source;
}

void conform_source_close(conform_source_t *source)
{
    if (source == NULL) {
        return;
    }
    if (source->file != NULL) {
        (void)gzclose(source->file);
    }
    free(source->block);
    free(source->line);
    free(source);
}

const char *conform_source_error(const conform_source_t *source)
{
    return source->error;
}

/** Says why reading stopped; false if it did for no bad reason. */
static bool failed(conform_source_t *source, int count)
{
    int code = Z_OK;
    errno = count < 0 ? errno : 0;
    const char *text = gzerror(source->file, &code);
    if (count >= 0 && (code == Z_OK || code == Z_STREAM_END)) {
        return false;
    }
    const char *why = code == Z_ERRNO       ? strerror(errno)
                      : code == Z_BUF_ERROR ? "the compressed file ends too early"
                                            : text;
    (void)snprintf(source->error, sizeof source->error, "%s", why);
    return true;
}

/** Fetches the next block of a file; false at the end, or with an error. */
static bool refill(conform_source_t *source)
{
    int count = gzread(source->file, source->block, BLOCK_BYTES);
    if (count <= 0) {
        (void)failed(source, count);
        return false;
    }
    source->text = source->block;
    source->left = (size_t)count;
    return true;
}

/** Takes what is in hand of the line, its end too if it is there, which [whole] tells. */
static size_t line_take(conform_source_t *source, bool *whole)
{
    const char *end = memchr(source->text, '\n', source->left);
    size_t size = end != NULL ? (size_t)(end - source->text) : source->left;
    *whole = end != NULL;
    source->text += size + (*whole ? 1 : 0);
    source->left -= size + (*whole ? 1 : 0);
    return size;
}

/** A line of a text stays where it is. */
static conform_line_t text_next(conform_source_t *source, const char **line, size_t *length)
{
    bool whole = false;
    if (source->left == 0) {
        return CONFORM_LINE_END;
    }
    *line = source->text;
    *length = line_take(source, &whole);
    return *length <= VTDPI_CONFORM_LINE_BYTES ? CONFORM_LINE : CONFORM_LINE_TOO_LONG;
}

/** A line of a file is put together from its blocks. */
static conform_line_t file_next(conform_source_t *source, const char **line, size_t *length)
{
    bool fits = true;
    bool any = false;
    bool whole = false;
    source->length = 0;
    while (!whole && (source->left > 0 || refill(source))) {
        const char *from = source->text;
        size_t size = line_take(source, &whole);
        any = true;
        fits = fits && size <= VTDPI_CONFORM_LINE_BYTES - source->length;
        if (fits) {
            memcpy(source->line + source->length, from, size);
            source->length += size;
        }
    }
    *line = source->line;
    *length = source->length;
    if (source->error[0] != '\0') {
        return CONFORM_LINE_FAILED;
    }
    if (!any) {
        return CONFORM_LINE_END;
    }
    return fits ? CONFORM_LINE : CONFORM_LINE_TOO_LONG;
}

conform_line_t conform_source_next(conform_source_t *source, const char **line, size_t *length)
{
    return source->file != NULL ? file_next(source, line, length) : text_next(source, line, length);
}
