#include "scenario/quantity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { QUANTITY_BASE = 10, QUANTITY_STEP_FACTOR = 1000, QUANTITY_KINDS = 3, QUANTITY_UNITS = 6 };

typedef struct {
    const char *name;
    int exponent; /* power of ten over the base unit */
    bool cycles;
} quantity_unit_t;

/* Ascending by exponent; cyc stands last. */
static const quantity_unit_t quantity_units[QUANTITY_KINDS][QUANTITY_UNITS + 1] = {
    [VTDPI_QUANTITY_TIME] =
        {{"ps", 0, false}, {"ns", 3, false}, {"us", 6, false}, {"ms", 9, false}, {"s", 12, false}},
    [VTDPI_QUANTITY_SPAN] = {{"ps", 0, false},
                             {"ns", 3, false},
                             {"us", 6, false},
                             {"ms", 9, false},
                             {"s", 12, false},
                             {"cyc", 0, true}},
    [VTDPI_QUANTITY_FREQUENCY] = {{"Hz", 0, false},
                                  {"kHz", 3, false},
                                  {"MHz", 6, false},
                                  {"GHz", 9, false}},
};

static const quantity_unit_t *unit_find(vtdpi_quantity_kind_t kind, const char *name)
{
    for (const quantity_unit_t *unit = quantity_units[kind]; unit->name != NULL; unit++) {
        if (strcmp(unit->name, name) == 0) {
            return unit;
        }
    }
    return NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes digits into *value; false when they do not fit. */
static bool digits_take(const char **text, uint64_t *value, int *taken)
{
    for (*taken = 0; is_digit(**text); (*text)++, (*taken)++) {
        uint64_t digit = (uint64_t)(**text - '0');
        if (*value > (UINT64_MAX - digit) / QUANTITY_BASE) {
            return false;
        }
        *value = *value * QUANTITY_BASE + digit;
    }
    return true;
}

/* value * 10^exponent, exactly. */
static vtdpi_quantity_result_t scale(uint64_t *value, int exponent)
{
    for (; exponent < 0; exponent++) {
        if (*value % QUANTITY_BASE != 0) {
            return VTDPI_QUANTITY_TOO_FINE;
        }
        *value /= QUANTITY_BASE;
    }
    for (; exponent > 0; exponent--) {
        if (*value > UINT64_MAX / QUANTITY_BASE) {
            return VTDPI_QUANTITY_TOO_LARGE;
        }
        *value *= QUANTITY_BASE;
    }
    return VTDPI_QUANTITY_OK;
}

vtdpi_quantity_result_t vtdpi_quantity_parse(const char *text, vtdpi_quantity_kind_t kind,
                                             vtdpi_quantity_t *out)
{
    int whole = 0;
    int fraction = 0;
    *out = (vtdpi_quantity_t){0};
    if (!digits_take(&text, &out->value, &whole)) {
        return VTDPI_QUANTITY_TOO_LARGE;
    }
    if (whole > 0 && *text == '.' && is_digit(text[1])) {
        text++;
        if (!digits_take(&text, &out->value, &fraction)) {
            return VTDPI_QUANTITY_TOO_FINE;
        }
    }
    if (whole == 0) {
        return VTDPI_QUANTITY_NOT_A_NUMBER;
    }
    text += strspn(text, " ");
    out->unit = text;
    if (*text == '\0') {
        return VTDPI_QUANTITY_NO_UNIT;
    }
    const quantity_unit_t *unit = unit_find(kind, text);
    if (unit == NULL) {
        return VTDPI_QUANTITY_WRONG_UNIT;
    }
    out->cycles = unit->cycles;
    return scale(&out->value, unit->exponent - fraction);
}

void vtdpi_quantity_format(vtdpi_quantity_kind_t kind, vtdpi_quantity_t quantity,
                           char text[VTDPI_QUANTITY_TEXT])
{
    const quantity_unit_t *unit = quantity_units[kind];
    uint64_t value = quantity.value;
    if (quantity.cycles) {
        unit = unit_find(VTDPI_QUANTITY_SPAN, "cyc");
    } else if (value != 0) {
        while (value % QUANTITY_STEP_FACTOR == 0 && unit[1].name != NULL && !unit[1].cycles) {
            value /= QUANTITY_STEP_FACTOR;
            unit++;
        }
    }
    (void)snprintf(text, VTDPI_QUANTITY_TEXT, "%" PRIu64 "%s", value,
                   unit == NULL ? "" : unit->name);
}

const char *vtdpi_quantity_units(vtdpi_quantity_kind_t kind)
{
    static const char *const texts[QUANTITY_KINDS] = {
        [VTDPI_QUANTITY_TIME] = "ps, ns, us, ms or s",
        [VTDPI_QUANTITY_SPAN] = "ps, ns, us, ms, s or cyc",
        [VTDPI_QUANTITY_FREQUENCY] = "Hz, kHz, MHz or GHz",
    };
    return texts[kind];
}

const char *vtdpi_quantity_unit(vtdpi_quantity_kind_t kind, size_t index)
{
    return index < QUANTITY_UNITS ? quantity_units[kind][index].name : NULL;
}
