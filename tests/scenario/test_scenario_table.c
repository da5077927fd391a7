/*
 * keys.def itself: every row is complete, its default and example are accepted by its own parser,
 * and the pages that are made from it are up to date in the tree.
 */
#include "scenario/decode.h"
#include "scenario/raw.h"
#include "scenario/scenario_cases.h"

typedef void (*row_check_t)(const key_row_t *row);

static void for_each_row(row_check_t check)
{
    for (section_id_t id = 0; id < SECTION_COUNT; id++) {
        section_t section = vtdpi_section(id);
        for (uint32_t i = 0; i < section.count; i++) {
            check(&section.keys[i]);
        }
    }
}

/* Reads [text] as the value of [row] and compares the verdict. */
static void check_text(const key_row_t *row, const char *text, bool good)
{
    vtdpi_arena_t arena = {0};
    vtdpi_diags_t *diags = vtdpi_diags_new();
    vtdpi_reading_t reading = {.arena = &arena, .diags = diags};
    unsigned char *target = calloc(1, vtdpi_section(row->section).size);
    char line[CASE_TEXT];
    assert_non_null(target);
    (void)snprintf(line, sizeof line, "%s: %s\n", row->name, text);
    const vtdpi_node_t *node = vtdpi_yaml_read(&arena, diags, row->name, line, strlen(line));
    assert_non_null(node);
    size_t wrong = 0;
    /* The other keys of the map are missing; what is said about them stands at its start. */
    vtdpi_decode(&reading, row->section, node, target);
    for (size_t i = 0; i < vtdpi_diags_count(diags); i++) {
        wrong += vtdpi_diags_at(diags, i)->column > 1 || vtdpi_diags_at(diags, i)->line > 1 ? 1 : 0;
    }
    assert_int_equal(wrong == 0, good);
    free(target);
    vtdpi_diags_free(diags);
    vtdpi_arena_release(&arena);
}

static void check_row_is_complete(const key_row_t *row)
{
    char expected[VTDPI_KEY_TEXT];
    vtdpi_key_expected(row, expected);
    assert_true(strlen(expected) > 0);
    assert_true(strlen(row->doc) > 0);
    assert_int_equal(row->doc[strlen(row->doc) - 1], '.');
    assert_true(row->example[0] != '\0' || row->type == TYPE_NOTHING);
    assert_true(row->min <= row->max);
    assert_true(row->offset + row->size <= vtdpi_section(row->section).size);
    assert_ptr_equal(vtdpi_key_find(row->section, row->name), row);
}

static void check_example(const key_row_t *row)
{
    check_text(row, row->example, true);
}

static void check_default(const key_row_t *row)
{
    if (row->default_ != NULL && !vtdpi_key_is_optional(row)) {
        check_text(row, row->default_, true);
    }
}

/* No type takes everything: each row refuses a list of maps of nonsense. */
static void check_nonsense(const key_row_t *row)
{
    check_text(row, "[{zzz: [zzz]}]", false);
}

static void test_scenario_table__each_row__is_complete(void **state)
{
    (void)state;
    for_each_row(check_row_is_complete);
}

static void test_scenario_table__each_example__is_accepted(void **state)
{
    (void)state;
    for_each_row(check_example);
}

static void test_scenario_table__each_default__is_accepted(void **state)
{
    (void)state;
    for_each_row(check_default);
}

static void test_scenario_table__nonsense__is_refused_by_each_row(void **state)
{
    (void)state;
    for_each_row(check_nonsense);
}

/* The bits of raw_head_t hold one key each, and one more that belongs to no key. */
static void test_scenario_table__each_section__has_room_for_its_keys(void **state)
{
    (void)state;
    for (section_id_t id = 0; id < SECTION_COUNT; id++) {
        section_t section = vtdpi_section(id);
        assert_in_range(section.count, 1, 63);
        assert_true(section.size >= sizeof(raw_head_t));
        assert_true(section.shorthand == NULL || vtdpi_key_find(id, section.shorthand) != NULL);
    }
}

static void check_page(const char *path, vtdpi_err_t (*write)(FILE *))
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    assert_int_equal(write(out), VTDPI_OK);
    assert_int_equal(fclose(out), 0);
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    char *there = calloc(1, length + 2);
    assert_non_null(there);
    assert_int_equal(fread(there, 1, length + 1, in), length);
    assert_string_equal(there, text);
    (void)fclose(in);
    free(there);
    free(text);
}

static void test_scenario_table__generated_pages__are_up_to_date(void **state)
{
    (void)state;
    check_page("scenarios/schema.json", vtdpi_schema_write);
    check_page("docs/scenario-reference.md", vtdpi_reference_write);
    check_page("docs/timing-profiles.md", vtdpi_profiles_page_write);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scenario_table__each_row__is_complete),
        cmocka_unit_test(test_scenario_table__each_example__is_accepted),
        cmocka_unit_test(test_scenario_table__each_default__is_accepted),
        cmocka_unit_test(test_scenario_table__nonsense__is_refused_by_each_row),
        cmocka_unit_test(test_scenario_table__each_section__has_room_for_its_keys),
        cmocka_unit_test(test_scenario_table__generated_pages__are_up_to_date),
    };
    return cmocka_run_group_tests_name("scenario.table", tests, NULL, NULL);
}
