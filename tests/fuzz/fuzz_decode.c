/*
 * Any words of any kind under any unit: a decoding has rows and ended texts, its rows lie within
 * the words and have the bits that stand there, and a count that the kind has not is refused.
 */
#include "vtdpi/decode.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER = 4 };

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void notes_check(char notes[][VTDPI_DECODE_TEXT], unsigned count)
{
    require(count <= VTDPI_DECODE_NOTES);
    for (unsigned i = 0; i < count; i++) {
        size_t length = strnlen(notes[i], VTDPI_DECODE_TEXT);
        require(length > 0 && length < VTDPI_DECODE_TEXT);
    }
}

static void rows_check(const vtdpi_decode_t *d, const uint64_t *words, unsigned count, bool parts)
{
    require(d->row_count > 0 && d->row_count <= VTDPI_DECODE_ROWS);
    for (unsigned i = 0; i < d->row_count; i++) {
        const vtdpi_decode_row_t *row = &d->rows[i];
        require(row->word < count && row->width >= 1 && row->low + row->width <= 64);
        require(strnlen(row->meaning, VTDPI_DECODE_TEXT) < VTDPI_DECODE_TEXT);
        require(parts || row->value == vtdpi_bits(words[row->word], row->low, row->width));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static vtdpi_decode_t d;
    uint64_t words[VTDPI_DECODE_WORDS] = {0};
    if (size < HEADER) {
        return 0;
    }
    vtdpi_decode_kind_t kind = (vtdpi_decode_kind_t)(data[0] % VTDPI_DECODE_COUNT);
    unsigned count = data[1] % (VTDPI_DECODE_WORDS + 1U);
    vtdpi_decode_options_t options = vtdpi_decode_options_default();
    options.eime = (data[2] & 1) != 0;
    options.unit.eim = (data[2] & 2) != 0;
    options.unit.pi = (data[2] & 4) != 0;
    options.has_requester = (data[2] & 8) != 0;
    options.requester = data[3];
    options.unit.haw = data[3] % 80U;
    size_t bytes = size - HEADER < sizeof words ? size - HEADER : sizeof words;
    memcpy(words, data + HEADER, bytes);
    for (unsigned i = 0; i < count; i++) {
        words[i] &= vtdpi_mask(vtdpi_decode_width(kind, i, count));
    }
    if (vtdpi_decode_words(kind, words, count, &options, &d) != VTDPI_OK) {
        require(d.row_count == 0 && d.hardware_count == 0 && d.wrong_count == 0);
        return 0;
    }
    rows_check(&d, words, count, kind == VTDPI_DECODE_EXIT_QUAL);
    notes_check(d.hardware, d.hardware_count);
    notes_check(d.wrong, d.wrong_count);
    require(d.hardware_count > 0 || d.wrong_count > 0);
    return 0;
}
