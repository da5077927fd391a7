#include "log/out.h"

#include "log/put.h"

#include <stdarg.h>
#include <stdlib.h>

const char vtdpi_put_pairs[201] = {"000102030405060708091011121314151617181920212223242526272829303"
                                   "1323334353637383940414243444546474849"
                                   "505152535455565758596061626364656667686970717273747576777879808"
                                   "1828384858687888990919293949596979899"};

vtdpi_err_t vtdpi_out_open(vtdpi_out_t *out, FILE *file)
{
    *out = (vtdpi_out_t){.file = file, .bytes = malloc(VTDPI_OUT_BYTES)};
    return out->bytes != NULL ? VTDPI_OK : VTDPI_ERR_INTERNAL;
}

static void out_write(vtdpi_out_t *out, size_t count)
{
    if (!out->failed && fwrite(out->bytes, 1, count, out->file) != count) {
        out->failed = true;
    }
    out->used -= count;
    memmove(out->bytes, out->bytes + count, out->used);
}

void vtdpi_out_flush(vtdpi_out_t *out)
{
    out_write(out, out->used - out->used % VTDPI_OUT_BLOCK);
}

vtdpi_err_t vtdpi_out_close(vtdpi_out_t *out)
{
    out_write(out, out->used);
    if (fflush(out->file) != 0 || ferror(out->file) != 0) {
        out->failed = true;
    }
    free(out->bytes);
    out->bytes = NULL;
    return out->failed ? VTDPI_ERR_INTERNAL : VTDPI_OK;
}

void vtdpi_out_printf(vtdpi_out_t *out, const char *format, ...)
{
    enum { LINE = 1024 };

    char *room = vtdpi_out_reserve(out, LINE);
    va_list arguments;
    va_start(arguments, format);
    int count = vsnprintf(room, LINE, format, arguments);
    va_end(arguments);
    if (count < 0 || count >= LINE) {
        out->failed = true;
        return;
    }
    out->used += (size_t)count;
}

void vtdpi_out_text(vtdpi_out_t *out, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        size_t part = left < VTDPI_OUT_BYTES / 2 ? left : VTDPI_OUT_BYTES / 2;
        vtdpi_out_advance(out, vtdpi_put_bytes(vtdpi_out_reserve(out, part), text, part));
        text += part;
        left -= part;
    }
}

void vtdpi_out_json(vtdpi_out_t *out, const char *text)
{
    vtdpi_out_text(out, "\"");
    for (const char *c = text; *c != '\0'; c++) {
        unsigned char byte = (unsigned char)*c;
        char *p = vtdpi_out_reserve(out, 8);
        if (byte < 0x20U) {
            (void)snprintf(p, 8, "\\u%04x", (unsigned)byte);
            p += 6;
        } else {
            if (byte == '"' || byte == '\\') {
                *p++ = '\\';
            }
            *p++ = (char)byte;
        }
        vtdpi_out_advance(out, p);
    }
    vtdpi_out_text(out, "\"");
}
