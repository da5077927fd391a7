#include "scenario/keys.h"

#include "scenario/quantity.h"
#include "scenario/raw.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REQUIRED     NULL
#define OPTIONAL     ""
#define PLAIN        ROLE_PLAIN, 0
#define CHOICE(kind) ROLE_CHOICE, kind
#define WITH(kind)   ROLE_WITH, kind

/* 1000 s: sums of a few stay far from the end of 64 bits. */
#define TIME_MAX UINT64_C(1000000000000000)
/* Of one step. */
#define SPAN_MAX  UINT64_C(1000000000000)
#define HZ_MIN    UINT64_C(1000000)
#define HZ_MAX    UINT64_C(10000000000)
#define COUNT_MAX UINT64_C(1000000000000)

#define FIELD(section, field)                                                                      \
    offsetof(raw_##section##_t, field), sizeof(((raw_##section##_t *)0)->field)

static const key_row_t key_rows[] = {
#define VTDPI_SECTION(id, path, shorthand, doc)
#define VTDPI_KEY(section, key, type, argument, min, max, default_, field, role, doc, example)     \
    {#key,     SECTION_##section,     TYPE_##type, argument, min,    max,                          \
     default_, FIELD(section, field), role,        doc,      example},
#include "scenario/keys.def"
#undef VTDPI_SECTION
#undef VTDPI_KEY
};

enum { KEY_ROWS = sizeof key_rows / sizeof key_rows[0] };

static const section_t sections[SECTION_COUNT] = {
#define VTDPI_SECTION(id, path, shorthand, doc)                                                    \
    {#id, path, shorthand, doc, sizeof(raw_##id##_t), NULL, 0},
#define VTDPI_KEY(section, key, type, argument, min, max, default_, field, role, doc, example)
#include "scenario/keys.def"
#undef VTDPI_SECTION
#undef VTDPI_KEY
};

/* First row of each section. */
enum {

#define VTDPI_SECTION(id, path, shorthand, doc) FIRST_##id, FIRST_BACK_##id = FIRST_##id - 1,
#define VTDPI_KEY(section, key, type, argument, min, max, default_, field, role, doc, example)     \
    ROW_##section##_##key,
#include "scenario/keys.def"
#undef VTDPI_SECTION
#undef VTDPI_KEY
    FIRST_COUNT
};

static const uint16_t section_first[SECTION_COUNT + 1] = {
#define VTDPI_SECTION(id, path, shorthand, doc) FIRST_##id,
#define VTDPI_KEY(section, key, type, argument, min, max, default_, field, role, doc, example)
#include "scenario/keys.def"
#undef VTDPI_SECTION
#undef VTDPI_KEY
    KEY_ROWS,
};

_Static_assert((int)FIRST_COUNT == (int)KEY_ROWS, "each row has one number");

section_t vtdpi_section(section_id_t id)
{
    section_t section = sections[id];
    section.keys = &key_rows[section_first[id]];
    section.count = (uint32_t)(section_first[id + 1] - section_first[id]);
    return section;
}

const key_row_t *vtdpi_key_find(section_id_t id, const char *key)
{
    section_t section = vtdpi_section(id);
    for (uint32_t i = 0; i < section.count; i++) {
        if (strcmp(section.keys[i].name, key) == 0) {
            return &section.keys[i];
        }
    }
    return NULL;
}

bool vtdpi_key_is_optional(const key_row_t *row)
{
    return row->default_ != NULL && row->default_[0] == '\0';
}

void vtdpi_key_path(const key_row_t *row, char text[VTDPI_KEY_TEXT])
{
    const char *path = sections[row->section].path;
    (void)snprintf(text, VTDPI_KEY_TEXT, "%s%s%s", path, path[0] == '\0' ? "" : ".", row->name);
}

/* Whether name [index] stands in its list before. */
static bool name_is_double(names_t names, uint32_t index)
{
    return vtdpi_name_index(names, vtdpi_name(names, index)) < index;
}

/* Appends all names of a list, each once. */
static void append_names(names_t names, char text[VTDPI_KEY_TEXT])
{
    for (uint32_t i = 0; vtdpi_name(names, i) != NULL; i++) {
        size_t used = strlen(text);
        if (!name_is_double(names, i)) {
            (void)snprintf(text + used, VTDPI_KEY_TEXT - used, "%s%s", i == 0 ? "" : ", ",
                           vtdpi_name(names, i));
        }
    }
}

static void expected_range(const key_row_t *row, vtdpi_quantity_kind_t kind, const char *what,
                           char text[VTDPI_KEY_TEXT])
{
    char low[VTDPI_QUANTITY_TEXT];
    char high[VTDPI_QUANTITY_TEXT];
    vtdpi_quantity_format(kind, (vtdpi_quantity_t){.value = row->min}, low);
    vtdpi_quantity_format(kind, (vtdpi_quantity_t){.value = row->max}, high);
    (void)snprintf(text, VTDPI_KEY_TEXT, "%s from %s to %s", what, low, high);
}

static const char *expected_fixed(const key_row_t *row)
{
    static const char *const texts[TYPE_COUNT] = {
        [TYPE_NAME] = "a name of small letters, digits, _ and -",
        [TYPE_BOOL] = "true or false",
        [TYPE_CPUSET] = "a list of CPU numbers such as [0, 1]",
        [TYPE_CPU] = "a CPU number or next",
        [TYPE_VCPU] = "a vCPU such as guest/0",
        [TYPE_INTERRUPT] = "an interrupt such as nic/0",
        [TYPE_REQUESTER] = "a requester ID such as \"00:03.0\"",
        [TYPE_TIMES] = "a list of ascending times such as [1us, 5us]",
        [TYPE_NOTHING] = "nothing after the colon",
        [TYPE_VALUES] = "a map from steps to costs such as {vmexit_hw: 380cyc}",
        [TYPE_EXPECTS] = "a list of comparisons such as [{interrupts.lost: 0}]",
    };
    return texts[row->type];
}

static void expected_list(const key_row_t *row, char text[VTDPI_KEY_TEXT])
{
    const char *least = row->min == 0 ? "" : "not empty, ";
    (void)snprintf(text, VTDPI_KEY_TEXT, "a list (%sat most %" PRIu64 " items)", least, row->max);
}

static void expected_other(const key_row_t *row, char text[VTDPI_KEY_TEXT])
{
    if (row->type == TYPE_TEXT) {
        (void)snprintf(text, VTDPI_KEY_TEXT, "a text of %" PRIu64 " to %" PRIu64 " bytes", row->min,
                       row->max);
    } else if (row->type == TYPE_UINT) {
        (void)snprintf(text, VTDPI_KEY_TEXT, "an integer from %" PRIu64 " to %" PRIu64, row->min,
                       row->max);
    } else if (row->type == TYPE_LIST) {
        expected_list(row, text);
    } else if (row->type == TYPE_MAP) {
        const char *shorthand = sections[row->argument].shorthand;
        (void)snprintf(text, VTDPI_KEY_TEXT, "a map%s%s", shorthand == NULL ? "" : " or a ",
                       shorthand == NULL ? "" : shorthand);
    } else if (row->type == TYPE_NAMES || row->type == TYPE_NAME_OF) {
        (void)snprintf(text, VTDPI_KEY_TEXT, "%s",
                       row->type == TYPE_NAMES ? "a list out of " : "one of ");
        append_names((names_t)row->argument, text);
    }
}

void vtdpi_key_expected(const key_row_t *row, char text[VTDPI_KEY_TEXT])
{
    text[0] = '\0';
    if (expected_fixed(row) != NULL) {
        (void)snprintf(text, VTDPI_KEY_TEXT, "%s", expected_fixed(row));
    } else if (row->type == TYPE_TIME) {
        expected_range(row, VTDPI_QUANTITY_TIME, "a time", text);
    } else if (row->type == TYPE_SPAN) {
        expected_range(row, VTDPI_QUANTITY_SPAN, "a time or cycles (cyc),", text);
    } else if (row->type == TYPE_CLOCK) {
        expected_range(row, VTDPI_QUANTITY_FREQUENCY, "a multiple of 1kHz", text);
    } else if (row->type == TYPE_RATE) {
        expected_range(row, VTDPI_QUANTITY_FREQUENCY, "a frequency", text);
    } else {
        expected_other(row, text);
    }
}
