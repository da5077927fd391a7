#include "vtdpi/stats.h"

#include "scenario/decode.h"
#include "scenario/nearest.h"
#include "scenario/raw.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXPECT_NAME_MAX = 63 };

static const char event_prefix[] = "events.";

/* "events.NAME" of the nearest event, in [text]; NULL if none is near. */
static const char *nearest_event(const char *name, char text[VTDPI_KEY_TEXT])
{
    vtdpi_nearest_t search = vtdpi_nearest_start(name);
    for (uint32_t i = 0; vtdpi_name(NAMES_EVENT, i) != NULL; i++) {
        vtdpi_nearest_offer(&search, vtdpi_name(NAMES_EVENT, i));
    }
    if (search.best == NULL) {
        return NULL;
    }
    (void)snprintf(text, VTDPI_KEY_TEXT, "%s%s", event_prefix, search.best);
    return text;
}

static const char *nearest_stat(const char *name)
{
    vtdpi_nearest_t search = vtdpi_nearest_start(name);
    for (unsigned i = 0; vtdpi_stat_name(i) != NULL; i++) {
        vtdpi_nearest_offer(&search, vtdpi_stat_name(i));
    }
    return search.best;
}

static bool expect_name(const vtdpi_reading_t *reading, const vtdpi_node_t *key)
{
    size_t prefix = sizeof event_prefix - 1;
    char text[VTDPI_KEY_TEXT];
    if (strncmp(key->text, event_prefix, prefix) == 0) {
        if (vtdpi_name_index(NAMES_EVENT, key->text + prefix) != UINT32_MAX) {
            return true;
        }
        vtdpi_diags_add(reading->diags, key->place, nearest_event(key->text + prefix, text),
                        "expect: unknown event \"%.*s\"", (int)EXPECT_NAME_MAX, key->text + prefix);
        return false;
    }
    if (vtdpi_stat_known(key->text)) {
        return true;
    }
    vtdpi_diags_add(
        reading->diags, key->place, nearest_stat(key->text),
        "expect: unknown statistic \"%.*s\" (expected a name of stats.json, events.NAME, or error)",
        (int)EXPECT_NAME_MAX, key->text);
    return false;
}

static bool expect_error(const vtdpi_reading_t *reading, const vtdpi_node_t *value,
                         vtdpi_expect_t *expect)
{
    bool text = value->kind == VTDPI_NODE_SCALAR;
    if (text && vtdpi_name_index(NAMES_ERROR, value->text) != UINT32_MAX) {
        expect->name = value->text;
        expect->cmp = VTDPI_CMP_ERROR;
        return true;
    }
    vtdpi_nearest_t search = vtdpi_nearest_start(text ? value->text : "");
    char found[VTDPI_KEY_TEXT];
    char expected[VTDPI_KEY_TEXT] = "";
    for (uint32_t i = 0; vtdpi_name(NAMES_ERROR, i) != NULL; i++) {
        size_t used = strlen(expected);
        vtdpi_nearest_offer(&search, vtdpi_name(NAMES_ERROR, i));
        (void)snprintf(expected + used, sizeof expected - used, "%s%s", i == 0 ? "" : ", ",
                       vtdpi_name(NAMES_ERROR, i));
    }
    vtdpi_node_describe(value, found);
    vtdpi_diags_add(reading->diags, value->place, search.best,
                    "expect: unknown error %s (expected one of %s)", found, expected);
    return false;
}

static vtdpi_cmp_t take_operator(const char **text)
{
    /* Longer ones first. */
    static const struct {
        const char *text;
        vtdpi_cmp_t cmp;
    } operators[] = {{"<=", VTDPI_CMP_LE}, {">=", VTDPI_CMP_GE}, {"==", VTDPI_CMP_EQ},
                     {"!=", VTDPI_CMP_NE}, {"<", VTDPI_CMP_LT},  {">", VTDPI_CMP_GT}};

    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        size_t length = strlen(operators[i].text);
        if (strncmp(*text, operators[i].text, length) == 0) {
            *text += length;
            return operators[i].cmp;
        }
    }
    return VTDPI_CMP_EQ;
}

/* A finite decimal number and nothing else. */
static bool take_number(const char *text, double *value)
{
    static const char letters[] = "0123456789.eE+-";
    char *end = NULL;
    *value = 0;
    if (text[0] == '\0' || text[strspn(text, letters)] != '\0') {
        return false;
    }
    *value = strtod(text, &end);
    return *end == '\0' && isfinite(*value);
}

static bool expect_comparison(const vtdpi_reading_t *reading, const vtdpi_node_t *value,
                              vtdpi_expect_t *expect)
{
    if (value->kind == VTDPI_NODE_SCALAR) {
        const char *text = value->text;
        expect->cmp = take_operator(&text);
        text += strspn(text, " ");
        if (take_number(text, &expect->value)) {
            return true;
        }
    }
    char found[VTDPI_KEY_TEXT];
    vtdpi_node_describe(value, found);
    vtdpi_diags_add(
        reading->diags, value->place, NULL,
        "expect.%.*s: found %s (expected a number, or one of < <= > >= == != and a number)",
        (int)EXPECT_NAME_MAX, expect->name, found);
    return false;
}

static bool expect_one(const vtdpi_reading_t *reading, const vtdpi_node_t *key,
                       const vtdpi_node_t *value, vtdpi_expect_t *expect)
{
    expect->name = key->text;
    expect->line = key->place.line;
    if (strcmp(key->text, "error") == 0) {
        return expect_error(reading, value, expect);
    }
    bool known = expect_name(reading, key);
    return expect_comparison(reading, value, expect) && known;
}

static uint32_t expect_count(const vtdpi_node_t *node)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < node->count; i++) {
        count += node->items[i]->kind == VTDPI_NODE_MAP ? node->items[i]->count / 2 : 0;
    }
    return count;
}

bool vtdpi_decode_expects(const vtdpi_reading_t *reading, const key_row_t *row,
                          const vtdpi_node_t *node, void *field)
{
    if (node->kind != VTDPI_NODE_LIST || expect_count(node) > row->max) {
        return vtdpi_decode_wrong(reading, row, node, NULL);
    }
    bool good = true;
    raw_list_t list = {
        .items = vtdpi_arena_alloc(reading->arena, expect_count(node), sizeof(vtdpi_expect_t))};
    vtdpi_expect_t *expects = list.items;
    for (uint32_t i = 0; expects != NULL && i < node->count; i++) {
        const vtdpi_node_t *item = node->items[i];
        if (item->kind != VTDPI_NODE_MAP) {
            good = vtdpi_decode_wrong(reading, row, item, NULL);
            continue;
        }
        for (uint32_t k = 0; k + 1 < item->count; k += 2) {
            good =
                expect_one(reading, item->items[k], item->items[k + 1], &expects[list.count++]) &&
                good;
        }
    }
    memcpy(field, &list, sizeof list);
    return good;
}
