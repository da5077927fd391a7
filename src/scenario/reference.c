/* The pages for people: all keys, and all timing profiles. */
#include "vtdpi/scenario_io.h"

#include "scenario/keys.h"
#include "scenario/quantity.h"

#include <string.h>

enum { PROFILES_MAX = 16 };

static void cell(FILE *out, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '|') {
            (void)fputc('\\', out);
        }
        (void)fputc(*c, out);
    }
}

static void code(FILE *out, const char *text)
{
    if (text[0] != '\0') {
        (void)fputc('`', out);
        cell(out, text);
        (void)fputc('`', out);
    }
}

/* The kind that a WITH key belongs to. */
static const char *with_name(const key_row_t *row)
{
    section_t section = vtdpi_section(row->section);
    for (uint32_t i = 0; i < section.count; i++) {
        if (section.keys[i].role == ROLE_CHOICE && section.keys[i].kind == row->kind) {
            return section.keys[i].name;
        }
    }
    return "";
}

static void reference_default(FILE *out, const key_row_t *row)
{
    if (row->role == ROLE_CHOICE) {
        (void)fputs("one of these", out);
    } else if (row->default_ == NULL) {
        (void)fputs("**needed**", out);
    } else {
        code(out, row->default_);
    }
}

static void reference_key(FILE *out, const key_row_t *row)
{
    char expected[VTDPI_KEY_TEXT];
    vtdpi_key_expected(row, expected);
    (void)fprintf(out, "| `%s` | ", row->name);
    cell(out, expected);
    if (row->type == TYPE_MAP || row->type == TYPE_LIST || row->type == TYPE_VALUES) {
        const char *id = vtdpi_section((section_id_t)row->argument).id;
        (void)fprintf(out, ": [%s](#%s)", id, id);
    }
    (void)fputs(" | ", out);
    reference_default(out, row);
    (void)fputs(" | ", out);
    cell(out, row->doc);
    if (row->role == ROLE_WITH) {
        (void)fprintf(out, " Only with `%s`.", with_name(row));
    }
    (void)fputs(" | ", out);
    code(out, row->example);
    (void)fputs(" |\n", out);
}

static void reference_section(FILE *out, section_id_t id)
{
    section_t section = vtdpi_section(id);
    (void)fprintf(out, "\n## %s\n\n%s", section.id, section.doc);
    if (section.path[0] != '\0') {
        (void)fprintf(out, " Path: `%s`.", section.path);
    }
    if (section.shorthand != NULL) {
        (void)fprintf(out, " The value of `%s` may stand in place of the whole map.",
                      section.shorthand);
    }
    (void)fputs(
        "\n\n| key | value | default | meaning | example |\n| --- | --- | --- | --- | --- |\n",
        out);
    for (uint32_t i = 0; i < section.count; i++) {
        reference_key(out, &section.keys[i]);
    }
}

static void reference_names(FILE *out, const char *title, names_t names)
{
    (void)fprintf(out, "\n## %s\n\n| name | meaning |\n| --- | --- |\n", title);
    for (uint32_t i = 0; vtdpi_name(names, i) != NULL; i++) {
        (void)fprintf(out, "| `%s` | ", vtdpi_name(names, i));
        cell(out, vtdpi_name_doc(names, i));
        (void)fputs(" |\n", out);
    }
}

static void reference_variants(FILE *out)
{
    (void)fputs("\n## Variants\n\n| protocol | variants |\n| --- | --- |\n", out);
    for (uint32_t p = 0; vtdpi_name(NAMES_PROTOCOL, p) != NULL; p++) {
        (void)fprintf(out, "| `%s` |", vtdpi_name(NAMES_PROTOCOL, p));
        for (uint32_t i = 0; vtdpi_variant_name(p, i) != NULL; i++) {
            (void)fprintf(out, "%s `%s`", i == 0 ? "" : ",", vtdpi_variant_name(p, i));
        }
        (void)fputs(" |\n", out);
    }
    (void)fputs("\n| variant | meaning |\n| --- | --- |\n", out);
    for (uint32_t i = 0; vtdpi_name(NAMES_VARIANT, i) != NULL; i++) {
        if (vtdpi_name_index(NAMES_VARIANT, vtdpi_name(NAMES_VARIANT, i)) == i) {
            (void)fprintf(out, "| `%s` | %s |\n", vtdpi_name(NAMES_VARIANT, i),
                          vtdpi_name_doc(NAMES_VARIANT, i));
        }
    }
}

static const char reference_intro[] =
    "# Scenario files\n\n"
    "Generated from `src/scenario/keys.def`; do not edit.\n\n"
    "YAML, one document, at most 16 MiB. Anchors, aliases and merge keys (`<<`) work; tags do not. "
    "An unknown key is an "
    "error.\n\n"
    "- **Times** are numbers with a unit: `ps`, `ns`, `us`, `ms`, `s`; a *span* may be in cycles "
    "of the core clock "
    "instead: `cyc`. `1.5us` is fine, less than 1 ps is not.\n"
    "- **Frequencies** have `Hz`, `kHz`, `MHz` or `GHz`.\n"
    "- **Integers** are decimal, or hexadecimal with `0x`.\n"
    "- **References**: a vCPU is `VM/number`, an interrupt `device/number`, both from 0, in the "
    "order of the file.\n"
    "- **Expectations** (`expect`): names of statistics as in `stats.json`, or `events.NAME`.\n";

vtdpi_err_t vtdpi_reference_write(FILE *out)
{
    (void)fputs(reference_intro, out);
    for (section_id_t id = 0; id < SECTION_COUNT; id++) {
        reference_section(out, id);
    }
    reference_names(out, "Protocols", NAMES_PROTOCOL);
    reference_variants(out);
    reference_names(out, "Monitors", NAMES_MONITOR);
    reference_names(out, "Errors that can be expected", NAMES_ERROR);
    return ferror(out) != 0 ? VTDPI_ERR_INTERNAL : VTDPI_OK;
}

/* --- profiles --- */

typedef struct {
    vtdpi_profile_t *profile[PROFILES_MAX];
    size_t count;
} profiles_t;

static void profiles_head(FILE *out, const profiles_t *all)
{
    (void)fputs("# Timing profiles\n\nGenerated from `scenarios/profiles/`; do not edit.\n\n", out);
    (void)fputs("What each step costs, how well that is known, and where the figure comes from. "
                "Steps of the uncore are held in "
                "time, steps of the core in cycles.\n\n",
                out);
    (void)fputs("| profile | machine | core | uncore | measured | derived | from memory | guess |\n"
                "| --- | --- | --- | --- | --- | --- | --- | --- |\n",
                out);
    for (size_t p = 0; p < all->count; p++) {
        const vtdpi_profile_t *profile = all->profile[p];
        unsigned counts[VTDPI_STATUS_COUNT] = {0};
        char core[VTDPI_QUANTITY_TEXT];
        char uncore[VTDPI_QUANTITY_TEXT];
        for (size_t i = 0; i < VTDPI_T_COUNT; i++) {
            counts[profile->value[i].status]++;
        }
        vtdpi_quantity_format(VTDPI_QUANTITY_FREQUENCY,
                              (vtdpi_quantity_t){.value = profile->hz[VTDPI_DOMAIN_CORE]}, core);
        vtdpi_quantity_format(VTDPI_QUANTITY_FREQUENCY,
                              (vtdpi_quantity_t){.value = profile->hz[VTDPI_DOMAIN_UNCORE]},
                              uncore);
        (void)fprintf(out, "| `%s` | %s | %s | %s | %u | %u | %u | %u |\n", profile->name,
                      profile->description, core, uncore, counts[VTDPI_STATUS_MEASURED],
                      counts[VTDPI_STATUS_DERIVED], counts[VTDPI_STATUS_FROM_MEMORY],
                      counts[VTDPI_STATUS_GUESS]);
    }
}

static void profiles_value(FILE *out, const vtdpi_timing_t *value)
{
    char text[VTDPI_QUANTITY_TEXT];
    vtdpi_quantity_t quantity = {.value = value->cyc != 0 ? value->cyc : value->ps,
                                 .cycles = value->cyc != 0};
    vtdpi_quantity_format(VTDPI_QUANTITY_SPAN, quantity, text);
    (void)fprintf(out, " %s %s |", text, vtdpi_name(NAMES_STATUS, (uint32_t)value->status));
}

static void profiles_values(FILE *out, const profiles_t *all)
{
    (void)fputs("\n## Values\n\n| step | what it is |", out);
    for (size_t p = 0; p < all->count; p++) {
        (void)fprintf(out, " `%s` |", all->profile[p]->name);
    }
    (void)fputs("\n| --- | --- |", out);
    for (size_t p = 0; p < all->count; p++) {
        (void)fputs(" --- |", out);
    }
    (void)fputc('\n', out);
    for (uint32_t i = 0; i < VTDPI_T_COUNT; i++) {
        (void)fprintf(out, "| `%s` | %s |", vtdpi_name(NAMES_TIMING, i),
                      vtdpi_name_doc(NAMES_TIMING, i));
        for (size_t p = 0; p < all->count; p++) {
            profiles_value(out, &all->profile[p]->value[i]);
        }
        (void)fputc('\n', out);
    }
}

static void profiles_sources(FILE *out, const vtdpi_profile_t *profile)
{
    (void)fprintf(out, "\n## Sources of %s\n\n| step | source |\n| --- | --- |\n", profile->name);
    for (uint32_t i = 0; i < VTDPI_T_COUNT; i++) {
        if (profile->value[i].source[0] != '\0') {
            (void)fprintf(out, "| `%s` | ", vtdpi_name(NAMES_TIMING, i));
            cell(out, profile->value[i].source);
            (void)fputs(" |\n", out);
        }
    }
}

vtdpi_err_t vtdpi_profiles_page_write(FILE *out)
{
    profiles_t all = {.count = 0};
    vtdpi_err_t err = VTDPI_OK;
    while (err == VTDPI_OK && all.count < PROFILES_MAX &&
           vtdpi_profile_builtin_name(all.count) != NULL) {
        err = vtdpi_profile_builtin(vtdpi_profile_builtin_name(all.count), &all.profile[all.count]);
        all.count += err == VTDPI_OK ? 1 : 0;
    }
    if (err == VTDPI_OK) {
        profiles_head(out, &all);
        profiles_values(out, &all);
        for (size_t p = 0; p < all.count; p++) {
            profiles_sources(out, all.profile[p]);
        }
        err = ferror(out) != 0 ? VTDPI_ERR_INTERNAL : VTDPI_OK;
    }
    for (size_t p = 0; p < all.count; p++) {
        vtdpi_profile_free(all.profile[p]);
    }
    return err;
}
