/* The recorded vectors of tests/vectors on the models, and damaged copies of them. */
#include "vtdpi/conform.h"

#include "cmocka_all.h"
#include "vectors.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS_MAX = 128, ROUNDS = 3, KEYS_MAX = 128 };

/** Results by group and verdict. */
typedef struct {
    unsigned count[GROUPS_MAX][VTDPI_CONFORM_VERDICTS];
    unsigned total;
    unsigned suspect;
    unsigned says[VTDPI_CONFORM_SAYS_SAME + 1];
    unsigned without_reason; /**< excepted without a clause, skipped or suspect without a reason */
    char first[256];         /**< the first that differs */
} tally_t;

static void take(void *context, const vtdpi_conform_result_t *r)
{
    tally_t *t = context;
    assert_true(r->group < GROUPS_MAX);
    t->count[r->group][r->verdict]++;
    t->total++;
    t->says[r->says]++;
    t->suspect +=
        r->verdict == VTDPI_CONFORM_SUSPECT_AGREED || r->verdict == VTDPI_CONFORM_SUSPECT_DIFFERING
            ? 1
            : 0;
    bool wants_why = r->verdict == VTDPI_CONFORM_SKIPPED ||
                     r->verdict == VTDPI_CONFORM_SUSPECT_AGREED ||
                     r->verdict == VTDPI_CONFORM_SUSPECT_DIFFERING;
    if ((wants_why && r->why == NULL) ||
        (r->verdict == VTDPI_CONFORM_EXCEPTED && r->clause == NULL)) {
        t->without_reason++;
    }
    if (r->verdict == VTDPI_CONFORM_DIFFERING && t->first[0] == '\0') {
        (void)snprintf(t->first, sizeof t->first, "%s step %d %s: expected %.60s, actual %.60s",
                       r->id, r->differences[0].step, r->differences[0].field,
                       r->differences[0].expected, r->differences[0].actual);
    }
}

static void replay_stored(tally_t *t, const char *path)
{
    vtdpi_diags_t *diags = vtdpi_diags_new();
    assert_non_null(diags);
    vtdpi_err_t err = vtdpi_conform_file(path, NULL, take, t, diags);
    if (vtdpi_diags_count(diags) > 0) {
        const vtdpi_diag_t *diag = vtdpi_diags_at(diags, 0);
        fail_msg("%s:%u: %s", diag->file, diag->line, diag->message);
    }
    assert_int_equal(err, VTDPI_OK);
    vtdpi_diags_free(diags);
}

/* Every vector is well formed and of a group; no difference is unexplained; every group is there.
 */
static void test_vectors__stored__nothing_unexplained(void **state)
{
    (void)state;
    static tally_t t;
    replay_stored(&t, VECTORS_REMAPPING);
    assert_int_equal(t.total, 2856);
    replay_stored(&t, VECTORS_APIC);
    assert_int_equal(t.total, 2856 + 3500);
    for (unsigned g = 0; g < vtdpi_conform_group_count(); g++) {
        unsigned sum = 0;
        for (unsigned v = 0; v < VTDPI_CONFORM_VERDICTS; v++) {
            sum += t.count[g][v];
        }
        if (sum == 0 || t.count[g][VTDPI_CONFORM_SKIPPED] > 0) {
            fail_msg("%u vectors of group %s, %u of them skipped", sum, vtdpi_conform_group_name(g),
                     t.count[g][VTDPI_CONFORM_SKIPPED]);
        }
        if (t.count[g][VTDPI_CONFORM_DIFFERING] > 0) {
            fail_msg("%u of group %s differ: %s", t.count[g][VTDPI_CONFORM_DIFFERING],
                     vtdpi_conform_group_name(g), t.first);
        }
    }
    assert_int_equal(t.suspect, 388 + 454);
    assert_int_equal(t.says[VTDPI_CONFORM_SAYS_SAME], 440);
    assert_int_equal(t.says[VTDPI_CONFORM_SAYS_OTHER], 0);
    assert_int_equal(t.without_reason, 0);
}

static uint32_t choose(void *state, uint32_t below)
{
    uint64_t *seed = state; /* xorshift: any sequence will do, always the same */
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (uint32_t)((*seed >> 32) % below);
}

static void count(void *context, const vtdpi_conform_result_t *r)
{
    (void)r;
    ++*(unsigned *)context;
}

/** Damages each vector of a file, [ROUNDS] times; each ends in a result or in a message. */
static void damage_file(const char *path, uint64_t seed)
{
    vectors_t vectors;
    vectors_read(&vectors, path);
    assert_true(vectors.count > 0);
    for (size_t i = 0; i < vectors.count * ROUNDS; i++) {
        unsigned results = 0;
        char *text = vectors_damage(vectors.line[i % vectors.count], choose, &seed);
        vtdpi_diags_t *diags = vtdpi_diags_new();
        assert_non_null(diags);
        (void)vtdpi_conform_text(text, strlen(text), "damaged", count, &results, diags);
        size_t messages = vtdpi_diags_count(diags);
        bool vector_was_there =
            messages != 1 || strstr(vtdpi_diags_at(diags, 0)->message, "no vector") == NULL;
        if (results + messages != 1 || !vector_was_there) {
            fail_msg("%u results, %zu messages: %s", results, messages, text);
        }
        vtdpi_diags_free(diags);
        free(text);
    }
    vectors_free(&vectors);
}

/* Values of another kind, out of range, missing or doubled never upset a model. */
static void test_vectors__damaged_remapping__result_or_message(void **state)
{
    (void)state;
    damage_file(VECTORS_REMAPPING, 1);
}

static void test_vectors__damaged_apic__result_or_message(void **state)
{
    (void)state;
    damage_file(VECTORS_APIC, 2);
}

/** What became of the changes of one key. */
typedef struct {
    char key[VECTORS_KEY_BYTES];
    unsigned changed;
    unsigned noticed;
} teeth_t;

static teeth_t *teeth_of(teeth_t *table, const char *key)
{
    for (size_t i = 0; i < KEYS_MAX; i++) {
        if (table[i].changed == 0) {
            (void)snprintf(table[i].key, sizeof table[i].key, "%s", key);
        }
        if (strcmp(table[i].key, key) == 0) {
            return &table[i];
        }
    }
    fail_msg("more than %d keys", (int)KEYS_MAX);
    return table;
}

static void take_agreed(void *context, const vtdpi_conform_result_t *r)
{
    *(bool *)context = r->verdict == VTDPI_CONFORM_AGREED;
}

static bool agrees(const char *text)
{
    bool agreed = false;
    vtdpi_diags_t *diags = vtdpi_diags_new();
    assert_non_null(diags);
    (void)vtdpi_conform_text(text, strlen(text), "changed", take_agreed, &agreed, diags);
    vtdpi_diags_free(diags);
    return agreed;
}

/** Whether [key] means nothing in the vector [line]: RVI, SVI and VPPR without virtual-interrupt
 * delivery. */
static bool meaningless(const char *line, const char *key)
{
    json_t *vector = json_loads(line, 0, NULL);
    const json_t *vid = json_object_get(json_object_get(vector, "ctl"), "vid");
    bool without = json_is_integer(vid) && json_integer_value(vid) == 0;
    json_decref(vector);
    return without &&
           (strcmp(key, "rvi") == 0 || strcmp(key, "svi") == 0 || strcmp(key, "vppr") == 0);
}

/** Changes one recorded value of each vector that agrees. */
static void change_file(const char *path, teeth_t *table, uint64_t seed)
{
    vectors_t vectors;
    vectors_read(&vectors, path);
    for (size_t i = 0; i < vectors.count; i++) {
        char key[VECTORS_KEY_BYTES];
        char *text =
            agrees(vectors.line[i]) ? vectors_change(vectors.line[i], choose, &seed, key) : NULL;
        if (text != NULL) {
            teeth_t *teeth = teeth_of(table, key);
            teeth->changed++;
            teeth->noticed += !agrees(text) || meaningless(vectors.line[i], key) ? 1 : 0;
            free(text);
        }
    }
    vectors_free(&vectors);
}

/* A replay that did not compare a value would agree with anything: with one bit of a recorded value
 * changed, a vector that agreed does so no more. */
static void test_vectors__changed_value__noticed(void **state)
{
    (void)state;
    static teeth_t table[KEYS_MAX];
    change_file(VECTORS_REMAPPING, table, 3);
    change_file(VECTORS_APIC, table, 4);
    unsigned keys = 0;
    for (size_t i = 0; i < KEYS_MAX && table[i].changed > 0; i++) {
        const teeth_t *t = &table[i];
        keys++;
        if (t->noticed < t->changed) {
            fail_msg("of %u changes of %s %u were noticed", t->changed, t->key, t->noticed);
        }
    }
    assert_true(keys > 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors__stored__nothing_unexplained),
        cmocka_unit_test(test_vectors__damaged_remapping__result_or_message),
        cmocka_unit_test(test_vectors__damaged_apic__result_or_message),
        cmocka_unit_test(test_vectors__changed_value__noticed),
    };
    return cmocka_run_group_tests_name("conform_vectors", tests, NULL, NULL);
}
