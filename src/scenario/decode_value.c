#include "scenario/decode.h"
#include "scenario/nearest.h"
#include "scenario/quantity.h"
#include "scenario/raw.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_MAX = 60, DECIMAL = 10, HEXADECIMAL = 16, CLOCK_STEP_HZ = 1000 };

void vtdpi_node_describe(const vtdpi_node_t *node, char text[VTDPI_KEY_TEXT])
{
    if (node->kind == VTDPI_NODE_MAP) {
        (void)snprintf(text, VTDPI_KEY_TEXT, "a map");
    } else if (node->kind == VTDPI_NODE_LIST) {
        (void)snprintf(text, VTDPI_KEY_TEXT, "a list of %" PRIu32, node->count);
    } else if (vtdpi_node_is_null(node)) {
        (void)snprintf(text, VTDPI_KEY_TEXT, "nothing");
    } else {
        const char *more = strlen(node->text) > SHOWN_MAX ? "…" : "";
        (void)snprintf(text, VTDPI_KEY_TEXT, "\"%.*s%s\"", (int)SHOWN_MAX, node->text, more);
    }
}

bool vtdpi_decode_wrong(const vtdpi_reading_t *reading, const key_row_t *row,
                        const vtdpi_node_t *node, const char *suggestion)
{
    char path[VTDPI_KEY_TEXT];
    char expected[VTDPI_KEY_TEXT];
    char found[VTDPI_KEY_TEXT];
    vtdpi_key_path(row, path);
    vtdpi_key_expected(row, expected);
    vtdpi_node_describe(node, found);
    vtdpi_diags_add(reading->diags, node->place, suggestion, "%s: found %s (expected %s)", path,
                    found, expected);
    return false;
}

/* An error that is about the number itself: says what is wrong with it. */
static bool wrong_because(const vtdpi_reading_t *reading, const key_row_t *row,
                          const vtdpi_node_t *node, const char *reason)
{
    char path[VTDPI_KEY_TEXT];
    char expected[VTDPI_KEY_TEXT];
    char found[VTDPI_KEY_TEXT];
    vtdpi_key_path(row, path);
    vtdpi_key_expected(row, expected);
    vtdpi_node_describe(node, found);
    vtdpi_diags_add(reading->diags, node->place, NULL, "%s: %s %s (expected %s)", path, found,
                    reason, expected);
    return false;
}

static bool is_text(const vtdpi_node_t *node)
{
    return node->kind == VTDPI_NODE_SCALAR && !vtdpi_node_is_null(node);
}

static int digit_of(char c)
{
    static const char digits[] = "0123456789abcdef";
    char lower = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
    const char *at = lower == '\0' ? NULL : strchr(digits, lower);
    return at == NULL ? -1 : (int)(at - digits);
}

bool vtdpi_decode_integer(const vtdpi_node_t *node, uint64_t *value)
{
    if (!is_text(node) || !node->plain) {
        return false;
    }
    bool hex = node->text[0] == '0' && node->text[1] == 'x';
    const char *digits = node->text + (hex ? 2 : 0);
    uint64_t base = hex ? HEXADECIMAL : DECIMAL;
    bool octal = !hex && digits[0] == '0' && digits[1] != '\0';
    *value = 0;
    for (const char *c = digits; *c != '\0'; c++) {
        int digit = digit_of(*c);
        if (digit < 0 || (uint64_t)digit >= base ||
            *value > (UINT64_MAX - (uint64_t)digit) / base) {
            return false;
        }
        *value = *value * base + (uint64_t)digit;
    }
    return digits[0] != '\0' && !octal;
}

static void store(const key_row_t *row, void *field, uint64_t value)
{
    uint8_t byte = (uint8_t)value;
    uint32_t word = (uint32_t)value;
    if (row->size == sizeof byte) {
        memcpy(field, &byte, sizeof byte);
    } else if (row->size == sizeof word) {
        memcpy(field, &word, sizeof word);
    } else {
        memcpy(field, &value, sizeof value);
    }
}

static bool decode_uint(const vtdpi_reading_t *reading, const key_row_t *row,
                        const vtdpi_node_t *node, void *field)
{
    uint64_t value = 0;
    if (!vtdpi_decode_integer(node, &value)) {
        return vtdpi_decode_wrong(reading, row, node, NULL);
    }
    if (value < row->min || value > row->max) {
        return wrong_because(reading, row, node, "is out of range");
    }
    store(row, field, value);
    return true;
}

static bool decode_cpu(const vtdpi_reading_t *reading, const key_row_t *row,
                       const vtdpi_node_t *node, void *field)
{
    if (is_text(node) && strcmp(node->text, "next") == 0) {
        store(row, field, UINT32_MAX);
        return true;
    }
    return decode_uint(reading, row, node, field);
}

static bool decode_bool(const vtdpi_reading_t *reading, const key_row_t *row,
                        const vtdpi_node_t *node, void *field)
{
    static const char *const yes[] = {"yes", "on", "True", "TRUE"};
    static const char *const no[] = {"no", "off", "False", "FALSE"};
    if (!is_text(node) || !node->plain) {
        return vtdpi_decode_wrong(reading, row, node, NULL);
    }
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        if (strcmp(node->text, yes[i]) == 0 || strcmp(node->text, no[i]) == 0) {
            return vtdpi_decode_wrong(reading, row, node,
                                      strcmp(node->text, yes[i]) == 0 ? "true" : "false");
        }
    }
    bool value = strcmp(node->text, "true") == 0;
    if (!value && strcmp(node->text, "false") != 0) {
        return vtdpi_decode_wrong(reading, row, node, NULL);
    }
    store(row, field, value ? 1 : 0);
    return true;
}

static const char *nearest_name(names_t names, const char *text)
{
    vtdpi_nearest_t search = vtdpi_nearest_start(text);
    for (uint32_t i = 0; vtdpi_name(names, i) != NULL; i++) {
        vtdpi_nearest_offer(&search, vtdpi_name(names, i));
    }
    return search.best;
}

static bool decode_name_of(const vtdpi_reading_t *reading, const key_row_t *row,
                           const vtdpi_node_t *node, void *field)
{
    names_t names = (names_t)row->argument;
    uint32_t index = is_text(node) ? vtdpi_name_index(names, node->text) : UINT32_MAX;
    if (index == UINT32_MAX) {
        return vtdpi_decode_wrong(reading, row, node,
                                  is_text(node) ? nearest_name(names, node->text) : NULL);
    }
    store(row, field, index);
    return true;
}

static void store_word(const key_row_t *row, void *field, const vtdpi_node_t *node)
{
    raw_word_t word = {.text = node->text, .node = node};
    if (row->size == sizeof word) {
        memcpy(field, &word, sizeof word);
    } else {
        memcpy(field, &word.text, sizeof word.text);
    }
}

static bool decode_text(const vtdpi_reading_t *reading, const key_row_t *row,
                        const vtdpi_node_t *node, void *field)
{
    size_t length = node->kind == VTDPI_NODE_SCALAR ? strlen(node->text) : 0;
    if (!is_text(node) || length < row->min || length > row->max) {
        return vtdpi_decode_wrong(reading, row, node, NULL);
    }
    store_word(row, field, node);
    return true;
}

static bool decode_name(const vtdpi_reading_t *reading, const key_row_t *row,
                        const vtdpi_node_t *node, void *field)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    if (!is_text(node) || node->text[strspn(node->text, letters)] != '\0') {
        return vtdpi_decode_wrong(reading, row, node, NULL);
    }
    return decode_text(reading, row, node, field);
}

static bool decode_reference(const vtdpi_reading_t *reading, const key_row_t *row,
                             const vtdpi_node_t *node, void *field)
{
    if (!is_text(node)) {
        return vtdpi_decode_wrong(reading, row, node, NULL);
    }
    store_word(row, field, node);
    return true;
}

static const char *nearest_unit(vtdpi_quantity_kind_t kind, const char *text)
{
    vtdpi_nearest_t search = vtdpi_nearest_start(text);
    for (size_t i = 0; vtdpi_quantity_unit(kind, i) != NULL; i++) {
        vtdpi_nearest_offer(&search, vtdpi_quantity_unit(kind, i));
    }
    return search.best;
}

static bool wrong_unit(const vtdpi_reading_t *reading, const key_row_t *row,
                       const vtdpi_node_t *node, vtdpi_quantity_kind_t kind)
{
    char path[VTDPI_KEY_TEXT];
    vtdpi_quantity_t quantity;
    vtdpi_key_path(row, path);
    if (vtdpi_quantity_parse(node->text, kind, &quantity) == VTDPI_QUANTITY_NO_UNIT) {
        vtdpi_diags_add(reading->diags, node->place, NULL, "%s: \"%.*s\" has no unit (expected %s)",
                        path, (int)SHOWN_MAX, node->text, vtdpi_quantity_units(kind));
        return false;
    }
    vtdpi_diags_add(reading->diags, node->place, nearest_unit(kind, quantity.unit),
                    "%s: unknown unit \"%.*s\" (expected %s)", path, (int)SHOWN_MAX, quantity.unit,
                    vtdpi_quantity_units(kind));
    return false;
}

/* Reads a number with unit and checks the range of its row. */
static bool decode_quantity(const vtdpi_reading_t *reading, const key_row_t *row,
                            const vtdpi_node_t *node, vtdpi_quantity_kind_t kind,
                            vtdpi_quantity_t *quantity)
{
    if (!is_text(node)) {
        return vtdpi_decode_wrong(reading, row, node, NULL);
    }
    switch (vtdpi_quantity_parse(node->text, kind, quantity)) {
    case VTDPI_QUANTITY_NOT_A_NUMBER:
        return vtdpi_decode_wrong(reading, row, node, NULL);
    case VTDPI_QUANTITY_NO_UNIT:
    case VTDPI_QUANTITY_WRONG_UNIT:
        return wrong_unit(reading, row, node, kind);
    case VTDPI_QUANTITY_TOO_FINE:
        return wrong_because(reading, row, node,
                             kind == VTDPI_QUANTITY_FREQUENCY ? "is finer than 1Hz"
                                                              : "is finer than 1ps or 1cyc");
    case VTDPI_QUANTITY_TOO_LARGE:
        return wrong_because(reading, row, node, "is out of range");
    case VTDPI_QUANTITY_OK:
        break;
    }
    if (quantity->value < row->min || quantity->value > row->max) {
        return wrong_because(reading, row, node, "is out of range");
    }
    return true;
}

static bool decode_time(const vtdpi_reading_t *reading, const key_row_t *row,
                        const vtdpi_node_t *node, void *field)
{
    vtdpi_quantity_t quantity;
    if (!decode_quantity(reading, row, node, VTDPI_QUANTITY_TIME, &quantity)) {
        return false;
    }
    store(row, field, quantity.value);
    return true;
}

static bool decode_span(const vtdpi_reading_t *reading, const key_row_t *row,
                        const vtdpi_node_t *node, void *field)
{
    vtdpi_quantity_t quantity;
    if (!decode_quantity(reading, row, node, VTDPI_QUANTITY_SPAN, &quantity)) {
        return false;
    }
    vtdpi_span_t span = {.ps = quantity.cycles ? 0 : quantity.value,
                         .cyc = quantity.cycles ? quantity.value : 0};
    memcpy(field, &span, sizeof span);
    return true;
}

static bool decode_frequency(const vtdpi_reading_t *reading, const key_row_t *row,
                             const vtdpi_node_t *node, void *field)
{
    vtdpi_quantity_t quantity;
    if (!decode_quantity(reading, row, node, VTDPI_QUANTITY_FREQUENCY, &quantity)) {
        return false;
    }
    if (row->type == TYPE_CLOCK && quantity.value % CLOCK_STEP_HZ != 0) {
        return wrong_because(reading, row, node, "is no multiple of 1kHz");
    }
    store(row, field, quantity.value);
    return true;
}

static bool decode_cpuset(const vtdpi_reading_t *reading, const key_row_t *row,
                          const vtdpi_node_t *node, void *field)
{
    uint64_t set[VTDPI_VECTOR_WORDS] = {0};
    bool good = node->kind == VTDPI_NODE_LIST;
    if (!good) {
        return vtdpi_decode_wrong(reading, row, node, NULL);
    }
    for (uint32_t i = 0; i < node->count; i++) {
        uint64_t cpu = 0;
        if (!vtdpi_decode_integer(node->items[i], &cpu)) {
            good = vtdpi_decode_wrong(reading, row, node->items[i], NULL);
        } else if (cpu > row->max) {
            good = wrong_because(reading, row, node->items[i], "is out of range");
        } else if (vtdpi_set_has(set, (unsigned)cpu)) {
            good = wrong_because(reading, row, node->items[i], "stands twice");
        } else {
            vtdpi_set_add(set, (unsigned)cpu);
        }
    }
    memcpy(field, set, sizeof set);
    return good;
}

/* bb:dd.f */
static bool decode_requester(const vtdpi_reading_t *reading, const key_row_t *row,
                             const vtdpi_node_t *node, void *field)
{
    enum { TEXT_LENGTH = 7, DEVICE_MAX = 31, FUNCTION_MAX = 7, BUS_SHIFT = 8, DEVICE_SHIFT = 3 };

    if (!is_text(node) || strlen(node->text) != TEXT_LENGTH || node->text[2] != ':' ||
        node->text[5] != '.') {
        return vtdpi_decode_wrong(reading, row, node, NULL);
    }
    int digits[] = {digit_of(node->text[0]), digit_of(node->text[1]), digit_of(node->text[3]),
                    digit_of(node->text[4]), digit_of(node->text[6])};
    for (size_t i = 0; i < sizeof digits / sizeof digits[0]; i++) {
        if (digits[i] < 0) {
            return vtdpi_decode_wrong(reading, row, node, NULL);
        }
    }
    int device = digits[2] * HEXADECIMAL + digits[3];
    if (device > DEVICE_MAX || digits[4] > FUNCTION_MAX) {
        return wrong_because(reading, row, node, "has a device above 1f or a function above 7");
    }
    int bus = digits[0] * HEXADECIMAL + digits[1];
    uint16_t id = (uint16_t)((bus << BUS_SHIFT) | (device << DEVICE_SHIFT) | digits[4]);
    memcpy(field, &id, sizeof id);
    return true;
}

static bool decode_names(const vtdpi_reading_t *reading, const key_row_t *row,
                         const vtdpi_node_t *node, void *field)
{
    names_t names = (names_t)row->argument;
    bool good = node->kind == VTDPI_NODE_LIST && node->count <= row->max;
    if (!good) {
        return vtdpi_decode_wrong(reading, row, node, NULL);
    }
    raw_word_t *words = vtdpi_arena_alloc(reading->arena, node->count, sizeof *words);
    for (uint32_t i = 0; words != NULL && i < node->count; i++) {
        const vtdpi_node_t *item = node->items[i];
        bool known = is_text(item) &&
                     (names == NAMES_VARIANT || vtdpi_name_index(names, item->text) != UINT32_MAX);
        if (!known) {
            good = vtdpi_decode_wrong(reading, row, item,
                                      is_text(item) ? nearest_name(names, item->text) : NULL);
            continue;
        }
        words[i] = (raw_word_t){.text = item->text, .node = item};
    }
    raw_list_t list = {.items = words, .count = words == NULL ? 0 : node->count};
    memcpy(field, &list, sizeof list);
    return good;
}

static bool decode_times(const vtdpi_reading_t *reading, const key_row_t *row,
                         const vtdpi_node_t *node, void *field)
{
    bool good = node->kind == VTDPI_NODE_LIST;
    if (!good) {
        return vtdpi_decode_wrong(reading, row, node, NULL);
    }
    uint64_t *times = vtdpi_arena_alloc(reading->arena, node->count, sizeof *times);
    for (uint32_t i = 0; times != NULL && i < node->count; i++) {
        vtdpi_quantity_t quantity = {0};
        bool read = decode_quantity(reading, row, node->items[i], VTDPI_QUANTITY_TIME, &quantity);
        times[i] = quantity.value;
        if (read && i > 0 && good && times[i] < times[i - 1]) {
            good = wrong_because(reading, row, node->items[i], "is before the one in front of it");
        }
        good = good && read;
    }
    raw_list_t list = {.items = times, .count = times == NULL ? 0 : node->count};
    memcpy(field, &list, sizeof list);
    return good;
}

static bool decode_nothing(const vtdpi_reading_t *reading, const key_row_t *row,
                           const vtdpi_node_t *node, void *field)
{
    (void)field;
    return vtdpi_node_is_null(node) || vtdpi_decode_wrong(reading, row, node, NULL);
}

typedef bool (*decode_function_t)(const vtdpi_reading_t *, const key_row_t *, const vtdpi_node_t *,
                                  void *);

static const decode_function_t decode_functions[TYPE_COUNT] = {
    [TYPE_TEXT] = decode_text,
    [TYPE_NAME] = decode_name,
    [TYPE_BOOL] = decode_bool,
    [TYPE_UINT] = decode_uint,
    [TYPE_NAME_OF] = decode_name_of,
    [TYPE_TIME] = decode_time,
    [TYPE_SPAN] = decode_span,
    [TYPE_CLOCK] = decode_frequency,
    [TYPE_RATE] = decode_frequency,
    [TYPE_CPUSET] = decode_cpuset,
    [TYPE_CPU] = decode_cpu,
    [TYPE_VCPU] = decode_reference,
    [TYPE_INTERRUPT] = decode_reference,
    [TYPE_REQUESTER] = decode_requester,
    [TYPE_NAMES] = decode_names,
    [TYPE_TIMES] = decode_times,
    [TYPE_NOTHING] = decode_nothing,
    [TYPE_EXPECTS] = vtdpi_decode_expects,
};

bool vtdpi_decode_value(const vtdpi_reading_t *reading, const key_row_t *row,
                        const vtdpi_node_t *node, void *field)
{
    VTDPI_ASSERT(decode_functions[row->type] != NULL);
    return decode_functions[row->type](reading, row, node, field);
}
