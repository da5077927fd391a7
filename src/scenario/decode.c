#include "scenario/decode.h"

#include "scenario/nearest.h"
#include "scenario/raw.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Maps wait in a queue for their turn, so that nothing here recurses. */
typedef struct job {
    struct job *next;
    const vtdpi_node_t *node;
    void *target;
    section_id_t section;
} job_t;

/* Default texts that are maps or lists are read once. */
enum { CACHE_SIZE = 16 };

typedef struct {
    const vtdpi_reading_t *reading;
    job_t *first;
    job_t **last;
    const key_row_t *cached_row[CACHE_SIZE];
    const vtdpi_node_t *cached_node[CACHE_SIZE];
    size_t cached;
} decoder_t;

/* The bit of raw_head_t.bad that belongs to no key: a key is unknown, or it is not said what the
 * map is. */
static const uint64_t bad_whole = UINT64_C(1) << 63;

static bool enqueue(decoder_t *decoder, section_id_t section, const vtdpi_node_t *node,
                    void *target)
{
    job_t *job = vtdpi_arena_alloc(decoder->reading->arena, 1, sizeof *job);
    if (job == NULL) {
        return false;
    }
    *job = (job_t){.node = node, .target = target, .section = section};
    *decoder->last = job;
    decoder->last = &job->next;
    return true;
}

static uint64_t key_bit(const key_row_t *row)
{
    return UINT64_C(1) << (row - vtdpi_section(row->section).keys);
}

static const char *choice_name(section_id_t section, uint32_t kind)
{
    section_t rows = vtdpi_section(section);
    for (uint32_t i = 0; i < rows.count; i++) {
        if (rows.keys[i].role == ROLE_CHOICE && rows.keys[i].kind == kind) {
            return rows.keys[i].name;
        }
    }
    return "";
}

/* --- values --- */

static bool decode_list(decoder_t *decoder, const key_row_t *row, const vtdpi_node_t *node,
                        void *field)
{
    if (node->kind != VTDPI_NODE_LIST || node->count < row->min || node->count > row->max) {
        return vtdpi_decode_wrong(decoder->reading, row, node, NULL);
    }
    section_id_t section = (section_id_t)row->argument;
    size_t size = vtdpi_section(section).size;
    unsigned char *items = vtdpi_arena_alloc(decoder->reading->arena, node->count, size);
    raw_list_t list = {.items = items, .count = items == NULL ? 0 : node->count};
    for (uint32_t i = 0; i < list.count; i++) {
        if (!enqueue(decoder, section, node->items[i], items + i * size)) {
            return false;
        }
    }
    memcpy(field, &list, sizeof list);
    return true;
}

static bool decode_values(decoder_t *decoder, const key_row_t *row, const vtdpi_node_t *node,
                          raw_value_t *values)
{
    if (node->kind != VTDPI_NODE_MAP) {
        return vtdpi_decode_wrong(decoder->reading, row, node, NULL);
    }
    bool good = true;
    for (uint32_t i = 0; i + 1 < node->count; i += 2) {
        const vtdpi_node_t *key = node->items[i];
        uint32_t index = vtdpi_name_index(NAMES_TIMING, key->text);
        if (index != UINT32_MAX) {
            good = enqueue(decoder, SECTION_value, node->items[i + 1], &values[index]) && good;
            continue;
        }
        vtdpi_nearest_t search = vtdpi_nearest_start(key->text);
        for (uint32_t k = 0; vtdpi_name(NAMES_TIMING, k) != NULL; k++) {
            vtdpi_nearest_offer(&search, vtdpi_name(NAMES_TIMING, k));
        }
        vtdpi_diags_add(
            decoder->reading->diags, key->place, search.best,
            "timing.values: unknown step \"%.63s\" (expected a name of timing-profiles.md)",
            key->text);
        good = false;
    }
    return good;
}

static bool decode_any(decoder_t *decoder, const key_row_t *row, const vtdpi_node_t *node,
                       void *target)
{
    unsigned char *field = (unsigned char *)target + row->offset;
    if (row->type == TYPE_MAP) {
        return enqueue(decoder, (section_id_t)row->argument, node, field);
    }
    if (row->type == TYPE_LIST) {
        return decode_list(decoder, row, node, field);
    }
    if (row->type == TYPE_VALUES) {
        return decode_values(decoder, row, node, (raw_value_t *)(void *)field);
    }
    return vtdpi_decode_value(decoder->reading, row, node, field);
}

/* --- defaults --- */

static vtdpi_node_t default_scalar(const key_row_t *row, vtdpi_position_t place)
{
    bool quoted = strcmp(row->default_, "\"\"") == 0;
    return (vtdpi_node_t){.kind = VTDPI_NODE_SCALAR,
                          .plain = !quoted,
                          .place = place,
                          .text = quoted ? "" : row->default_,
                          .size = 1};
}

static const vtdpi_node_t *default_tree(decoder_t *decoder, const key_row_t *row)
{
    for (size_t i = 0; i < decoder->cached; i++) {
        if (decoder->cached_row[i] == row) {
            return decoder->cached_node[i];
        }
    }
    const vtdpi_node_t *node = vtdpi_yaml_read(decoder->reading->arena, decoder->reading->diags,
                                               "default", row->default_, strlen(row->default_));
    if (node != NULL && decoder->cached < CACHE_SIZE) {
        decoder->cached_row[decoder->cached] = row;
        decoder->cached_node[decoder->cached++] = node;
    }
    return node;
}

/* A node that lives as long as the arena. */
static const vtdpi_node_t *default_node(decoder_t *decoder, const key_row_t *row,
                                        vtdpi_position_t place)
{
    static const vtdpi_node_t empty_list = {
        .kind = VTDPI_NODE_LIST, .place = {.file = "default"}, .size = 1};
    static const vtdpi_node_t empty_map = {
        .kind = VTDPI_NODE_MAP, .place = {.file = "default"}, .size = 1};
    if (strcmp(row->default_, "[]") == 0 || strcmp(row->default_, "{}") == 0) {
        return row->default_[0] == '[' ? &empty_list : &empty_map;
    }
    if (row->default_[0] == '[' || row->default_[0] == '{') {
        return default_tree(decoder, row);
    }
    vtdpi_node_t *node = vtdpi_arena_alloc(decoder->reading->arena, 1, sizeof *node);
    if (node != NULL) {
        *node = default_scalar(row, place);
    }
    return node;
}

static void apply_default(decoder_t *decoder, const key_row_t *row, vtdpi_position_t place,
                          void *target)
{
    if (row->default_ == NULL || vtdpi_key_is_optional(row)) {
        return;
    }
    const vtdpi_node_t *node = default_node(decoder, row, place);
    if (node != NULL) {
        (void)decode_any(decoder, row, node, target);
    }
}

void vtdpi_decode_defaults(section_id_t id, void *target)
{
    section_t section = vtdpi_section(id);
    for (uint32_t i = 0; i < section.count; i++) {
        const key_row_t *row = &section.keys[i];
        bool compound = row->type == TYPE_MAP || row->type == TYPE_LIST ||
                        row->type == TYPE_NAMES || row->type == TYPE_EXPECTS ||
                        row->type == TYPE_CPUSET;
        if (row->default_ == NULL || vtdpi_key_is_optional(row) || compound) {
            continue;
        }
        vtdpi_node_t node = default_scalar(row, (vtdpi_position_t){.file = "default"});
        bool good = vtdpi_decode_value(&(vtdpi_reading_t){0}, row, &node,
                                       (unsigned char *)target + row->offset);
        VTDPI_ASSERT(good);
    }
}

/* --- maps --- */

/* The path of a section, with a name for the top. */
static const char *section_name(section_t section)
{
    return section.path[0] == '\0' ? "a scenario" : section.path;
}

static void list_keys(section_t section, bool choices_only, char text[VTDPI_KEY_TEXT])
{
    text[0] = '\0';
    for (uint32_t i = 0; i < section.count; i++) {
        if (choices_only && section.keys[i].role != ROLE_CHOICE) {
            continue;
        }
        size_t used = strlen(text);
        (void)snprintf(text + used, VTDPI_KEY_TEXT - used, "%s%s", used == 0 ? "" : ", ",
                       section.keys[i].name);
    }
}

/* A section, other than [not_here], that knows [key]. */
static const key_row_t *find_elsewhere(section_id_t not_here, const char *key)
{
    for (section_id_t id = 0; id < SECTION_COUNT; id++) {
        const key_row_t *row =
            id == not_here || id == SECTION_scenario ? NULL : vtdpi_key_find(id, key);
        if (row != NULL) {
            return row;
        }
    }
    return not_here == SECTION_scenario ? NULL : vtdpi_key_find(SECTION_scenario, key);
}

static void unknown_key(const decoder_t *decoder, section_id_t id, const vtdpi_node_t *key)
{
    section_t section = vtdpi_section(id);
    char expected[VTDPI_KEY_TEXT];
    char elsewhere[VTDPI_KEY_TEXT] = "";
    vtdpi_nearest_t search = vtdpi_nearest_start(key->text);
    for (uint32_t i = 0; i < section.count; i++) {
        vtdpi_nearest_offer(&search, section.keys[i].name);
    }
    const char *suggestion = search.best;
    const key_row_t *other = suggestion == NULL ? find_elsewhere(id, key->text) : NULL;
    if (other != NULL) {
        vtdpi_key_path(other, elsewhere);
        suggestion = elsewhere;
    }
    list_keys(section, false, expected);
    vtdpi_diags_add(decoder->reading->diags, key->place, suggestion,
                    "unknown key \"%.63s\" in %s (expected one of %s)", key->text,
                    section_name(section), expected);
}

static void decode_pair(decoder_t *decoder, const job_t *job, const vtdpi_node_t *key,
                        const vtdpi_node_t *value)
{
    const key_row_t *row = vtdpi_key_find(job->section, key->text);
    raw_head_t *head = job->target;
    if (row == NULL) {
        head->bad |= bad_whole;
        unknown_key(decoder, job->section, key);
        return;
    }
    head->present |= key_bit(row);
    if (!decode_any(decoder, row, value, job->target)) {
        head->bad |= key_bit(row);
        if (row->type != TYPE_NAMES &&
            row->type != TYPE_CPUSET) { /* what was good of those stays */
            apply_default(decoder, row, value->place, job->target);
        }
    }
}

/* Exactly one CHOICE. */
static void check_choice(const decoder_t *decoder, const job_t *job)
{
    section_t section = vtdpi_section(job->section);
    raw_head_t *head = job->target;
    const key_row_t *chosen = NULL;
    bool any = false;
    for (uint32_t i = 0; i < section.count; i++) {
        const key_row_t *row = &section.keys[i];
        any = any || row->role == ROLE_CHOICE;
        if (row->role != ROLE_CHOICE || (head->present & key_bit(row)) == 0) {
            continue;
        }
        if (chosen != NULL) {
            const vtdpi_node_t *key = vtdpi_node_get_key(job->node, row->name);
            vtdpi_diags_add(decoder->reading->diags, key->place, NULL,
                            "\"%s\" cannot stand beside \"%s\" (expected one of them)", row->name,
                            chosen->name);
            continue;
        }
        chosen = row;
        head->kind = row->kind;
    }
    if (any && chosen == NULL && (head->bad & bad_whole) == 0) {
        char expected[VTDPI_KEY_TEXT];
        list_keys(section, true, expected);
        head->bad |= bad_whole;
        vtdpi_diags_add(decoder->reading->diags, job->node->place, NULL,
                        "%s: it is not said what (expected one of %s)", section_name(section),
                        expected);
    }
}

static void check_with(const decoder_t *decoder, const job_t *job, const key_row_t *row)
{
    const raw_head_t *head = job->target;
    const vtdpi_node_t *key = vtdpi_node_get_key(job->node, row->name);
    if (key != NULL && head->kind != row->kind) {
        vtdpi_diags_add(decoder->reading->diags, key->place, NULL, "\"%s\" goes with \"%s\" only",
                        row->name, choice_name(job->section, row->kind));
    }
}

static void complete(decoder_t *decoder, const job_t *job)
{
    section_t section = vtdpi_section(job->section);
    const raw_head_t *head = job->target;
    for (uint32_t i = 0; i < section.count; i++) {
        const key_row_t *row = &section.keys[i];
        if (row->role == ROLE_WITH) {
            check_with(decoder, job, row);
        }
        if ((head->present & key_bit(row)) != 0 ||
            (row->role == ROLE_WITH && head->kind != row->kind)) {
            continue;
        }
        if (row->default_ != NULL) {
            apply_default(decoder, row, job->node->place, job->target);
            continue;
        }
        char expected[VTDPI_KEY_TEXT];
        vtdpi_key_expected(row, expected);
        vtdpi_diags_add(decoder->reading->diags, job->node->place, NULL,
                        "%s: key \"%s\" is missing (expected %s)", section_name(section), row->name,
                        expected);
    }
}

static void decode_job(decoder_t *decoder, const job_t *job)
{
    section_t section = vtdpi_section(job->section);
    raw_head_t *head = job->target;
    head->node = job->node;
    if (job->node->kind == VTDPI_NODE_MAP) {
        for (uint32_t i = 0; i + 1 < job->node->count; i += 2) {
            decode_pair(decoder, job, job->node->items[i], job->node->items[i + 1]);
        }
    } else if (section.shorthand != NULL) {
        const key_row_t *row = vtdpi_key_find(job->section, section.shorthand);
        head->present |= key_bit(row);
        if (!decode_any(decoder, row, job->node, job->target)) {
            head->bad |= key_bit(row);
        }
    } else {
        char found[VTDPI_KEY_TEXT];
        char keys[VTDPI_KEY_TEXT];
        vtdpi_node_describe(job->node, found);
        list_keys(section, false, keys);
        head->bad = UINT64_MAX;
        vtdpi_diags_add(decoder->reading->diags, job->node->place, NULL,
                        "%s: found %s (expected a map with keys out of %s)", section_name(section),
                        found, keys);
        return;
    }
    check_choice(decoder, job);
    complete(decoder, job);
}

void vtdpi_decode(const vtdpi_reading_t *reading, section_id_t section, const vtdpi_node_t *node,
                  void *target)
{
    decoder_t decoder = {.reading = reading};
    decoder.last = &decoder.first;
    if (!enqueue(&decoder, section, node, target)) {
        return;
    }
    for (const job_t *job = decoder.first; job != NULL; job = job->next) {
        decode_job(&decoder, job);
    }
}
