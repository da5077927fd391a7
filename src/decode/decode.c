/* The kinds of structures, and the way to the decoder of each. */
#include "decode/internal.h"

#include <string.h>

VTDPI_NOT_STATE_BEGIN

/** A row of decode.def. */
typedef struct {
    const char *name;
    const char *doc;
    void (*act)(decode_t *d);
    unsigned least;
    unsigned most;
    unsigned step;
    unsigned bits;
} kind_t;

VTDPI_NOT_STATE_END

static const kind_t kinds[VTDPI_DECODE_COUNT] = {
#define VTDPI_DECODE_ROW(NAME, function, name, least, most, step, bits, doc)                       \
    {(name), (doc), decode_##function, (least), (most), (step), (bits)},
#include "vtdpi/decode.def"
#undef VTDPI_DECODE_ROW
};

vtdpi_decode_options_t vtdpi_decode_options_default(void)
{
    return (vtdpi_decode_options_t){.unit = vtdpi_iommu_cfg_default(), .eime = true};
}

const char *vtdpi_decode_name(vtdpi_decode_kind_t kind)
{
    VTDPI_ASSERT(kind < VTDPI_DECODE_COUNT);
    return kinds[kind].name;
}

const char *vtdpi_decode_doc(vtdpi_decode_kind_t kind)
{
    VTDPI_ASSERT(kind < VTDPI_DECODE_COUNT);
    return kinds[kind].doc;
}

vtdpi_decode_kind_t vtdpi_decode_find(const char *name)
{
    unsigned kind = 0;
    while (kind < VTDPI_DECODE_COUNT && strcmp(kinds[kind].name, name) != 0) {
        kind++;
    }
    return (vtdpi_decode_kind_t)kind;
}

unsigned vtdpi_decode_least(vtdpi_decode_kind_t kind)
{
    VTDPI_ASSERT(kind < VTDPI_DECODE_COUNT);
    return kinds[kind].least;
}

unsigned vtdpi_decode_most(vtdpi_decode_kind_t kind)
{
    VTDPI_ASSERT(kind < VTDPI_DECODE_COUNT);
    return kinds[kind].most;
}

unsigned vtdpi_decode_width(vtdpi_decode_kind_t kind, unsigned word, unsigned count)
{
    VTDPI_ASSERT(kind < VTDPI_DECODE_COUNT);
    if (kind == VTDPI_DECODE_EXIT_QUAL) {
        return word == 1 ? 64 : 32;
    }
    return word + 1 == count ? kinds[kind].bits : 64;
}

/* Words of the largest structure. */
enum { DECODE_WORDS = 8 };

bool vtdpi_decode_fits(vtdpi_decode_kind_t kind, unsigned count)
{
    VTDPI_ASSERT(kind < VTDPI_DECODE_COUNT);
    const kind_t *row = &kinds[kind];
    return count >= row->least && count <= row->most && (count - row->least) % row->step == 0;
}

static bool words_fit(vtdpi_decode_kind_t kind, const uint64_t *words, unsigned count)
{
    if (!vtdpi_decode_fits(kind, count)) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        if ((words[i] & ~vtdpi_mask(vtdpi_decode_width(kind, i, count))) != 0) {
            return false;
        }
    }
    return true;
}

vtdpi_err_t vtdpi_decode_words(vtdpi_decode_kind_t kind, const uint64_t *words, unsigned count,
                               const vtdpi_decode_options_t *options, vtdpi_decode_t *out)
{
    VTDPI_ASSERT(kind < VTDPI_DECODE_COUNT);
    memset(out, 0, sizeof *out);
    if (!words_fit(kind, words, count) || !vtdpi_iommu_cfg_ok(&options->unit)) {
        return VTDPI_ERR_INPUT;
    }
    uint64_t whole[DECODE_WORDS] = {0}; /* what is left out is 0 */
    memcpy(whole, words, count * sizeof *words);
    decode_t d = {.words = whole, .count = count, .options = options, .out = out};
    kinds[kind].act(&d);
    return VTDPI_OK;
}
