#include "scenario/profile.h"

#include "scenario/embedded.h"
#include "scenario/file.h"
#include "scenario/nearest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A profile with the memory of its texts. */
typedef struct {
    vtdpi_profile_t profile;
    vtdpi_arena_t arena;
} owned_profile_t;

typedef struct {
    const raw_timing_t *timing[VTDPI_PROFILE_CHAIN_MAX];
    const char *file[VTDPI_PROFILE_CHAIN_MAX];
    size_t count;
} chain_t;

static bool is_file_name(const char *name)
{
    static const char suffix[] = ".yaml";
    size_t length = strlen(name);
    return length >= sizeof suffix && strcmp(name + length - (sizeof suffix - 1), suffix) == 0;
}

static const vtdpi_embedded_t *embedded_find(const char *name)
{
    for (const vtdpi_embedded_t *row = vtdpi_embedded_profiles; row->name != NULL; row++) {
        if (strcmp(row->name, name) == 0) {
            return row;
        }
    }
    return NULL;
}

const char *vtdpi_profile_builtin_name(size_t index)
{
    for (const vtdpi_embedded_t *row = vtdpi_embedded_profiles; row->name != NULL; row++) {
        if (index-- == 0) {
            return row->name;
        }
    }
    return NULL;
}

/* --- the chain of what it starts from
 * ------------------------------------------------------------------------------ */

static const raw_timing_t *timing_of_text(const vtdpi_reading_t *reading, const char *file,
                                          const char *text, size_t length)
{
    raw_timing_t *timing = vtdpi_arena_alloc(reading->arena, 1, sizeof *timing);
    const vtdpi_node_t *node = vtdpi_yaml_read(reading->arena, reading->diags, file, text, length);
    if (node == NULL || timing == NULL) {
        return NULL;
    }
    if (node->kind != VTDPI_NODE_MAP) {
        vtdpi_diags_add(reading->diags, node->place, NULL,
                        "a profile is a map (expected keys such as core, uncore, values)");
        return NULL;
    }
    vtdpi_decode(reading, SECTION_timing, node, timing);
    return timing;
}

static const raw_timing_t *timing_of_file(const vtdpi_reading_t *reading, const raw_word_t *name,
                                          const char *path)
{
    const char *why = "";
    size_t length = 0;
    const char *text =
        path == NULL ? NULL
                     : vtdpi_file_read(reading->arena, path, VTDPI_YAML_BYTES_MAX, &length, &why);
    if (text == NULL) {
        vtdpi_diags_add(reading->diags, name->node->place, NULL, "timing.profile: \"%s\": %s",
                        path == NULL ? "" : path, why);
        return NULL;
    }
    return timing_of_text(reading, path, text, length);
}

static const raw_timing_t *timing_of_builtin(const vtdpi_reading_t *reading, const raw_word_t *name)
{
    const vtdpi_embedded_t *row = embedded_find(name->text);
    if (row != NULL) {
        return timing_of_text(reading, row->name, (const char *)row->bytes, row->length);
    }
    vtdpi_nearest_t search = vtdpi_nearest_start(name->text);
    char expected[VTDPI_KEY_TEXT] = "";
    for (size_t i = 0; vtdpi_profile_builtin_name(i) != NULL; i++) {
        size_t used = strlen(expected);
        vtdpi_nearest_offer(&search, vtdpi_profile_builtin_name(i));
        (void)snprintf(expected + used, sizeof expected - used, "%s, ",
                       vtdpi_profile_builtin_name(i));
    }
    vtdpi_diags_add(
        reading->diags, name->node->place, search.best,
        "timing.profile: unknown profile \"%.63s\" (expected one of %sor a file ending in .yaml)",
        name->text, expected);
    return NULL;
}

/* Follows `profile` to the end; false after a diagnostic. */
static bool chain_follow(const vtdpi_reading_t *reading, chain_t *chain)
{
    const raw_timing_t *last = chain->timing[chain->count - 1];
    while (last != NULL && last->profile.text != NULL) {
        if (chain->count == VTDPI_PROFILE_CHAIN_MAX) {
            vtdpi_diags_add(reading->diags, last->profile.node->place, NULL,
                            "timing.profile: profiles start from one another more than %d deep",
                            VTDPI_PROFILE_CHAIN_MAX - 1);
            return false;
        }
        bool in_file = is_file_name(last->profile.text);
        const char *from = chain->file[chain->count - 1];
        const char *path =
            in_file ? vtdpi_file_beside(reading->arena, from, last->profile.text) : from;
        last = in_file ? timing_of_file(reading, &last->profile, path)
                       : timing_of_builtin(reading, &last->profile);
        chain->timing[chain->count] = last;
        chain->file[chain->count] = path;
        chain->count++;
    }
    return last != NULL && last->head.bad == 0;
}

/* --- values --- */

static void apply_value(const vtdpi_reading_t *reading, const raw_value_t *raw,
                        vtdpi_timing_t *value)
{
    if (raw->head.node == NULL) {
        return;
    }
    const char *source = raw->source == NULL ? "" : raw->source;
    if (raw->status != VTDPI_STATUS_GUESS && source[0] == '\0' && raw->head.bad == 0) {
        vtdpi_diags_add(reading->diags, raw->head.node->place, NULL,
                        "timing.values: a value that is no guess needs its \"source\"");
    }
    *value = (vtdpi_timing_t){.ps = raw->value.ps,
                              .cyc = raw->value.cyc,
                              .status = (vtdpi_status_t)raw->status,
                              .source = source};
}

static void apply_timing(const vtdpi_reading_t *reading, const raw_timing_t *raw,
                         vtdpi_profile_t *profile)
{
    if (raw->name.text != NULL) {
        profile->name = raw->name.text;
    }
    if (raw->description.text != NULL) {
        profile->description = raw->description.text;
    }
    if (raw->core_hz != 0) {
        profile->hz[VTDPI_DOMAIN_CORE] = raw->core_hz;
    }
    if (raw->uncore_hz != 0) {
        profile->hz[VTDPI_DOMAIN_UNCORE] = raw->uncore_hz;
    }
    for (size_t i = 0; i < VTDPI_T_COUNT; i++) {
        apply_value(reading, &raw->values[i], &profile->value[i]);
    }
}

/* The first in the chain, which starts from nothing, must give everything. */
static void check_complete(const vtdpi_reading_t *reading, const raw_timing_t *raw)
{
    char missing[VTDPI_KEY_TEXT] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < VTDPI_T_COUNT; i++) {
        if (raw->values[i].head.node == NULL && used < sizeof missing) {
            int length = snprintf(missing + used, sizeof missing - used, "%s%s",
                                  used == 0 ? "" : ", ", vtdpi_name(NAMES_TIMING, i));
            used += length > 0 ? (size_t)length : 0;
        }
    }
    vtdpi_position_t place = raw->head.node->place;
    if (raw->core_hz == 0 || raw->uncore_hz == 0) {
        vtdpi_diags_add(reading->diags, place, NULL,
                        "timing: key \"%s\" is missing (needed without \"profile\")",
                        raw->core_hz == 0 ? "core" : "uncore");
    }
    if (used > 0) {
        vtdpi_diags_add(reading->diags, place, NULL,
                        "timing.values: missing without \"profile\": %s", missing);
    }
}

void vtdpi_profile_build(const vtdpi_reading_t *reading, const raw_timing_t *timing,
                         const char *file, vtdpi_profile_t *profile)
{
    chain_t chain = {.timing = {timing}, .file = {file}, .count = 1};
    if (timing->head.bad != 0 || !chain_follow(reading, &chain)) {
        return;
    }
    *profile = (vtdpi_profile_t){.name = "custom", .description = ""};
    for (size_t i = 0; i < VTDPI_T_COUNT; i++) {
        profile->value[i] = (vtdpi_timing_t){.status = VTDPI_STATUS_GUESS, .source = ""};
    }
    check_complete(reading, chain.timing[chain.count - 1]);
    for (size_t i = chain.count; i > 0; i--) {
        apply_timing(reading, chain.timing[i - 1], profile);
    }
}

/* --- public --- */

/* Makes a profile that starts from [name]. */
static vtdpi_err_t profile_make(const char *name, vtdpi_diags_t *diags, vtdpi_profile_t **out)
{
    owned_profile_t *owned = calloc(1, sizeof *owned);
    *out = NULL;
    if (owned == NULL) {
        return VTDPI_ERR_INTERNAL;
    }
    vtdpi_reading_t reading = {.arena = &owned->arena, .diags = diags};
    size_t before = vtdpi_diags_total(diags);
    vtdpi_node_t node = {.place = {.file = name}};
    raw_timing_t timing = {.head.node = &node, .profile = {.text = name, .node = &node}};
    vtdpi_profile_build(&reading, &timing, "", &owned->profile);
    bool failed = owned->arena.failed || vtdpi_diags_failed(diags);
    if (failed || vtdpi_diags_total(diags) != before) {
        vtdpi_profile_free(&owned->profile);
        return failed ? VTDPI_ERR_INTERNAL : VTDPI_ERR_INPUT;
    }
    *out = &owned->profile;
    return VTDPI_OK;
}

vtdpi_err_t vtdpi_profile_builtin(const char *name, vtdpi_profile_t **out)
{
    *out = NULL;
    if (embedded_find(name) == NULL) {
        return VTDPI_ERR_INPUT;
    }
    vtdpi_diags_t *diags = vtdpi_diags_new();
    if (diags == NULL) {
        return VTDPI_ERR_INTERNAL;
    }
    vtdpi_err_t err = profile_make(name, diags, out);
    vtdpi_diags_free(diags);
    return err == VTDPI_OK ? VTDPI_OK : VTDPI_ERR_INTERNAL;
}

vtdpi_err_t vtdpi_profile_read_file(const char *path, vtdpi_diags_t *diags, vtdpi_profile_t **out)
{
    *out = NULL;
    if (!is_file_name(path)) {
        vtdpi_diags_add(diags, (vtdpi_position_t){.file = path}, NULL,
                        "a profile is a file whose name ends in .yaml");
        return VTDPI_ERR_INPUT;
    }
    return profile_make(path, diags, out);
}

void vtdpi_profile_free(vtdpi_profile_t *profile)
{
    owned_profile_t *owned = (owned_profile_t *)(void *)profile;
    if (owned != NULL) {
        vtdpi_arena_release(&owned->arena);
        free(owned);
    }
}
