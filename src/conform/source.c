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
    char block[BLOCK_BYTES];
    char line[VTDPI_CONFORM_LINE_BYTES];
};

conform_source_t *conform_source_file(const char *path)
{
    conform_source_t *source = calloc(1, sizeof *source);
    if (source == NULL) {
        return NULL;
    }
    errno = 0;
    source->file = gzopen(path, "rbe");
    if (source->file == NULL) {
        int why = errno != 0 ? errno : ENOMEM;
        free(source);
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
    if (source != NULL && source->file != NULL) {
        (void)gzclose(source->file);
    }
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

/** Fetches the next block; false at the end, or with an error. */
static bool refill(conform_source_t *source)
{
    if (source->file == NULL) {
        return false;
    }
    int count = gzread(source->file, source->block, BLOCK_BYTES);
    if (count <= 0) {
        (void)failed(source, count);
        return false;
    }
    source->text = source->block;
    source->left = (size_t)count;
    return true;
}

/** Moves what is in hand up to the end of the line into [line]; whether the end was there. */
static bool line_take(conform_source_t *source, bool *fits)
{
    const char *end = memchr(source->text, '\n', source->left);
    size_t size = end != NULL ? (size_t)(end - source->text) : source->left;
    *fits = *fits && size <= VTDPI_CONFORM_LINE_BYTES - source->length;
    if (*fits) {
        memcpy(source->line + source->length, source->text, size);
        source->length += size;
    }
    size += end != NULL ? 1 : 0;
    source->text += size;
    source->left -= size;
    return end != NULL;
}

conform_line_t conform_source_next(conform_source_t *source, const char **line, size_t *length)
{
    bool fits = true;
    bool any = false;
    bool whole = false;
    source->length = 0;
    while (!whole && (source->left > 0 || refill(source))) {
        any = true;
        whole = line_take(source, &fits);
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
