/* Files of vectors: what becomes of each line, of each kind of damage to a file, each verdict. */
#include "vtdpi/conform.h"

#include "cmocka_all.h"
#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RESULTS = 16, PATH_BYTES = 64, GARBAGE = 10000 };

/* A request that passes while remapping is off; vector 140 is what comes out. */
#define VECTOR(id, more, vector)                                                                   \
    "{\"id\":\"" id "\",\"category\":\"ire_off_plain\"," more                                      \
    "\"setup\":{\"table\":\"A\",\"table_size_field\":7,\"table_entries\":256,\"eime\":1,\"cfi\":"  \
    "0,\"ire\":0},\"irtes\":{},\"steps\":[{\"op\":\"msi\",\"sid\":\"0x2804\",\"addr\":"            \
    "\"0xfee01008\",\"data\":\"0x0000048c\",\"via\":\"msi\"}],\"expect\":[{\"delivered\":[{"       \
    "\"vector\":" vector ",\"dest\":\"0x00000001\",\"dest_mode\":0,\"delivery_mode\":4,"           \
    "\"trigger_mode\":0,\"rh\":1}],\"events\":[],\"fsts\":\"0x00000000\",\"fault\":null,"          \
    "\"blocked\":false}]}"
#define SUSPECT(from)                                                                              \
    "\"suspect\":\"a-kind: why\",\"suspect_kinds\":[\"a-kind\"],\"suspect_from_step\":" from ","

/** What came out. */
typedef struct {
    vtdpi_err_t err;
    vtdpi_conform_verdict_t verdict[RESULTS];
    uint32_t line[RESULTS];
    unsigned group[RESULTS];
    char why[RESULTS][40];
    unsigned differences[RESULTS];
    int first_step[RESULTS];
    unsigned count;
    vtdpi_diags_t *diags;
} outcome_t;

static void take(void *context, const vtdpi_conform_result_t *result)
{
    outcome_t *o = context;
    if (o->count < RESULTS) {
        o->verdict[o->count] = result->verdict;
        o->line[o->count] = result->line;
        o->group[o->count] = result->group;
        o->differences[o->count] = result->difference_count;
        o->first_step[o->count] = result->difference_count > 0 ? result->differences[0].step : -1;
        (void)snprintf(o->why[o->count], sizeof o->why[0], "%s",
                       result->why != NULL ? result->why : "");
    }
    o->count++;
}

static void replay(outcome_t *o, const char *text, size_t length)
{
    *o = (outcome_t){.diags = vtdpi_diags_new()};
    assert_non_null(o->diags);
    o->err = vtdpi_conform_text(text, length, "file", take, o, o->diags);
}

static void assert_message(const outcome_t *o, uint32_t line, const char *part)
{
    assert_int_equal(o->err, VTDPI_ERR_INPUT);
    for (size_t i = 0; i < vtdpi_diags_count(o->diags); i++) {
        const vtdpi_diag_t *diag = vtdpi_diags_at(o->diags, i);
        if (diag->line == line && strstr(diag->message, part) != NULL) {
            return;
        }
    }
    fail_msg("no message in line %u: %s (first: %s)", line, part,
             vtdpi_diags_count(o->diags) > 0 ? vtdpi_diags_at(o->diags, 0)->message : "none");
}

/* A difference counts against the models; at or after the suspect step it does not. */
static void test_conform_verdicts(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        vtdpi_conform_verdict_t verdict;
        unsigned differences;
    } rows[] = {
        {VECTOR("v", "", "140"), VTDPI_CONFORM_AGREED, 0},
        {VECTOR("v", "", "141"), VTDPI_CONFORM_DIFFERING, 1},
        {VECTOR("v", SUSPECT("0"), "140"), VTDPI_CONFORM_SUSPECT_AGREED, 0},
        {VECTOR("v", SUSPECT("0"), "141"), VTDPI_CONFORM_SUSPECT_DIFFERING, 1},
        {VECTOR("v", SUSPECT("1"), "141"), VTDPI_CONFORM_DIFFERING, 1},
        {"{\"id\":\"v\",\"category\":\"no_such\"}", VTDPI_CONFORM_SKIPPED, 0},
        {"{\"id\":\"v\"}", VTDPI_CONFORM_SKIPPED, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        outcome_t o;
        replay(&o, rows[i].text, strlen(rows[i].text));
        assert_int_equal(o.err, VTDPI_OK);
        assert_int_equal(o.count, 1);
        assert_int_equal(o.verdict[0], rows[i].verdict);
        assert_true((o.differences[0] > 0) == (rows[i].differences > 0));
        vtdpi_diags_free(o.diags);
    }
}

/* A queue that stops, goes on by the manual and not in the recording, and a fault whose reason is
 * the recording's: two options of the implementation, one after the other. With [reason] neither
 * has, nothing excepts it. */
#define TWO_OPTIONS(reason)                                                                        \
    "{\"id\":\"v\",\"category\":\"seq_mixed\",\"setup\":{\"table\":\"A\",\"table_size_field\":7,"  \
    "\"table_entries\":256,\"eime\":1,\"cfi\":0,\"ire\":1},\"irtes\":{\"A:17\":["                  \
    "\"0x0000000322d610ad\",\"0xe29fe3a44c149f06\"]},\"steps\":[{\"op\":\"qi\",\"descs\":[["       \
    "\"0x0000000000000000\",\"0x0000000000000000\"]]},{\"op\":\"write\",\"reg\":\"FSTS\","         \
    "\"value\":"                                                                                   \
    "\"0x00000010\"},{\"op\":\"msi\",\"sid\":\"0x9f07\",\"addr\":\"0xfee00230\",\"data\":"         \
    "\"0x00008034\",\"via\":\"msi\"}],\"expect\":[{\"delivered\":[],\"events\":[],\"fsts\":"       \
    "\"0x00000010\",\"fault\":null,\"iqh\":\"0x20\",\"iqt\":\"0x30\"},{\"delivered\":[],"          \
    "\"events\":["                                                                                 \
    "],\"fsts\":\"0x00000000\",\"fault\":null},{\"delivered\":[],\"events\":[],\"fsts\":"          \
    "\"0x00000002\",\"fault\":{\"reason\":\"0x" reason "\",\"sid\":\"0x9f07\",\"index\":17,"       \
    "\"frcd\":[\"0x0011000000000000\",\"0x800000" reason "00009f07\"]},\"blocked\":true}]}"

/* Settings of several rows add up; a vector that differs under each of them is reported as it is
 * without any. */
static void test_conform_settings__add_up(void **state)
{
    (void)state;
    outcome_t o;
    replay(&o, TWO_OPTIONS("24"), sizeof TWO_OPTIONS("24") - 1);
    assert_int_equal(o.err, VTDPI_OK);
    assert_int_equal(o.verdict[0], VTDPI_CONFORM_EXCEPTED);
    vtdpi_diags_free(o.diags);
    replay(&o, TWO_OPTIONS("22"), sizeof TWO_OPTIONS("22") - 1);
    assert_int_equal(o.err, VTDPI_OK);
    assert_int_equal(o.verdict[0], VTDPI_CONFORM_DIFFERING);
    assert_int_equal(o.first_step[0], 1);
    vtdpi_diags_free(o.diags);
}

/* A vector of a group that is not in the table is skipped, says why, and has no group. */
static void test_conform_unknown_group__skipped(void **state)
{
    (void)state;
    static const char text[] = "{\"id\":\"v\",\"family\":\"F9\"}\n{\"id\":\"w\",\"family\":1}";
    outcome_t o;
    replay(&o, text, sizeof text - 1);
    assert_int_equal(o.err, VTDPI_OK);
    assert_int_equal(o.count, 2);
    assert_int_equal(o.group[0], vtdpi_conform_group_count());
    assert_string_equal(o.why[1], "of no group that is known here");
    vtdpi_diags_free(o.diags);
}

/* Each malformed line is named with its place, the others are replayed. */
static void test_conform_malformed_lines__place_and_rest(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"{\"id\":\"v\",", "near end of file"},
        {"{\"id\":\"v\"} x", "end of file expected"},
        {"[1]", "expected an object with an id"},
        {"{\"category\":\"modes\"}", "expected an object with an id"},
        {"{\"id\":7,\"category\":\"modes\"}", "expected an object with an id"},
        {"{\"id\":\"a\\u001bb\",\"category\":\"modes\"}", "expected an object with an id"},
        {"{\"id\":\"v\",\"category\":\"modes\"}", "expected"},
        {"{\"id\":\"v\",\"id\":\"w\"}", "duplicate"},
        {"{\"id\":\"v\",\"n\":123456789012345678901234567890}", "too big integer"},
        {"{\"id\":\"v\",\"n\":1e999}", "real number overflow"},
        {"{\"id\":\"\xff\"}", "unable to decode byte"},
        {"true", "'[' or '{' expected"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[2048];
        outcome_t o;
        (void)snprintf(text, sizeof text, "%s\n\n%s\r\n%s", VECTOR("v", "", "140"), wrong[i][0],
                       VECTOR("w", "", "140"));
        replay(&o, text, strlen(text));
        assert_message(&o, 3, wrong[i][1]);
        assert_int_equal(o.count, 2);
        assert_int_equal(o.line[1], 4);
        assert_int_equal(o.verdict[1], VTDPI_CONFORM_AGREED);
        vtdpi_diags_free(o.diags);
    }
}

/* A zero byte is no JSON. */
static void test_conform_zero_byte__malformed(void **state)
{
    (void)state;
    outcome_t o;
    replay(&o, "{\"id\":\"v\0\"}", 11);
    assert_message(&o, 1, "control character");
    vtdpi_diags_free(o.diags);
}

/* Values of the wrong kind deep in a vector are named with their place. */
static void test_conform_wrong_kinds__named(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"\"sid\":\"0x2804\"", "\"sid\":\"0x12804\"", "sid: expected"},
        {"\"steps\":[", "\"steps\":7,\"x\":[", "steps: expected a list"},
        {"\"op\":\"msi\"", "\"op\":\"nop\"", "op: expected one of"},
        {"\"eime\":1", "\"eime\":2", "eime: expected 0, 1, true or false"},
        {"\"setup\":{", "\"x\":{", "setup: expected an object"},
    };
    static const char good[] = VECTOR("v", "", "140");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[2048];
        outcome_t o;
        const char *at = strstr(good, rows[i][0]);
        assert_non_null(at);
        (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, rows[i][1],
                       at + strlen(rows[i][0]));
        replay(&o, text, strlen(text));
        assert_message(&o, 1, rows[i][2]);
        assert_int_equal(o.count, 0);
        vtdpi_diags_free(o.diags);
    }
}

/* A line of the longest length is read, one byte more is not, and the next line is. */
static void test_conform_long_line__limit(void **state)
{
    (void)state;
    static const char good[] = VECTOR("v", "", "140");
    char *text = malloc((size_t)2 * VTDPI_CONFORM_LINE_BYTES);
    assert_non_null(text);
    for (size_t extra = 0; extra < 2; extra++) {
        outcome_t o;
        size_t length = VTDPI_CONFORM_LINE_BYTES + extra;
        memset(text, ' ', length);
        memcpy(text, good, sizeof good - 1);
        text[length++] = '\n';
        memcpy(text + length, good, sizeof good - 1);
        replay(&o, text, length + sizeof good - 1);
        assert_int_equal(o.err, extra == 0 ? VTDPI_OK : VTDPI_ERR_INPUT);
        assert_int_equal(o.count, 2 - extra);
        vtdpi_diags_free(o.diags);
    }
    free(text);
}

/* So many malformed lines are told, and how many there were besides; the rest is read all the same.
 */
static void test_conform_garbage__told_to_a_limit_and_read_on(void **state)
{
    (void)state;
    static const char good[] = VECTOR("v", "", "140");
    static char text[GARBAGE + sizeof good];
    size_t length = sizeof good - 1;
    for (size_t i = 0; i < GARBAGE; i++) {
        text[i] = "x\n"[i % 2];
    }
    memcpy(text + GARBAGE, good, sizeof good);
    outcome_t o;
    replay(&o, text, GARBAGE + length);
    assert_message(&o, 0, "more lines were malformed");
    assert_int_equal(vtdpi_diags_count(o.diags), VTDPI_CONFORM_MALFORMED + 1);
    assert_int_equal(o.err, VTDPI_ERR_INPUT);
    assert_int_equal(o.count, 1);
    vtdpi_diags_free(o.diags);
}

/* A file without a vector is an error: nothing was shown. */
static void test_conform_no_vector__error(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\n", " \t\r\n\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        outcome_t o;
        replay(&o, texts[i], strlen(texts[i]));
        assert_message(&o, 0, "holds no vector");
        vtdpi_diags_free(o.diags);
    }
}

/* --- files --- */

static char folder[PATH_BYTES];

static int setup(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/vtdpi-conform-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char path[2 * PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/file", folder);
    (void)unlink(path);
    return rmdir(folder);
}

static void replay_file(outcome_t *o, const char *path, const char *groups)
{
    *o = (outcome_t){.diags = vtdpi_diags_new()};
    assert_non_null(o->diags);
    o->err = vtdpi_conform_file(path, groups, take, o, o->diags);
}

/** Writes a file of [length] bytes and replays it. */
static void replay_bytes(outcome_t *o, const char *bytes, size_t length)
{
    char path[2 * PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/file", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    replay_file(o, path, NULL);
}

/** The first [size] bytes of a stored file. */
static size_t stored_bytes(char *bytes, size_t size)
{
    FILE *file = fopen(VECTORS_REMAPPING, "r");
    assert_non_null(file);
    size_t length = fread(bytes, 1, size, file);
    assert_int_equal(fclose(file), 0);
    return length;
}

/* Compressed and plain are told apart by their first bytes, whatever the name. */
static void test_conform_file__plain_and_compressed(void **state)
{
    (void)state;
    static const char good[] = VECTOR("v", "", "140") "\n" VECTOR("w", "", "140");
    outcome_t o;
    replay_bytes(&o, good, sizeof good - 1);
    assert_int_equal(o.err, VTDPI_OK);
    assert_int_equal(o.count, 2);
    vtdpi_diags_free(o.diags);
    replay_file(&o, VECTORS_REMAPPING, "seq_qi_valid");
    assert_int_equal(o.err, VTDPI_OK);
    assert_int_equal(o.count, 32);
    vtdpi_diags_free(o.diags);
}

/* A compressed file that ends early, or whose inside is damaged, is not taken for a shorter one. */
static void test_conform_file__damaged_compression(void **state)
{
    (void)state;
    static char bytes[8192];
    size_t length = stored_bytes(bytes, sizeof bytes);
    outcome_t o;
    replay_bytes(&o, bytes, length);
    assert_message(&o, 0, "ends too early");
    vtdpi_diags_free(o.diags);
    for (size_t i = 600; i < 700; i++) {
        bytes[i] = '\xa5';
    }
    replay_bytes(&o, bytes, length);
    assert_int_equal(o.err, VTDPI_ERR_INPUT);
    assert_true(vtdpi_diags_count(o.diags) > 0);
    vtdpi_diags_free(o.diags);
    replay_bytes(&o, bytes, 10);
    assert_int_equal(o.err, VTDPI_ERR_INPUT);
    assert_int_equal(o.count, 0);
    vtdpi_diags_free(o.diags);
}

/* What is no file: a folder, nothing at all; a file without a byte. */
static void test_conform_file__unreadable(void **state)
{
    (void)state;
    outcome_t o;
    replay_file(&o, folder, NULL);
    assert_message(&o, 0, "irectory");
    vtdpi_diags_free(o.diags);
    replay_file(&o, "no/such/file", NULL);
    assert_message(&o, 0, "No such file");
    vtdpi_diags_free(o.diags);
    replay_bytes(&o, "", 0);
    assert_message(&o, 0, "holds no vector");
    vtdpi_diags_free(o.diags);
}

/* The limit of a line is the same where it is put together from blocks. */
static void test_conform_file__long_line(void **state)
{
    (void)state;
    static const char good[] = VECTOR("v", "", "140");
    char *text = malloc((size_t)2 * VTDPI_CONFORM_LINE_BYTES);
    assert_non_null(text);
    for (size_t extra = 0; extra < 2; extra++) {
        outcome_t o;
        size_t length = VTDPI_CONFORM_LINE_BYTES + extra;
        memset(text, ' ', length);
        memcpy(text, good, sizeof good - 1);
        text[length++] = '\n';
        memcpy(text + length, good, sizeof good - 1);
        replay_bytes(&o, text, length + sizeof good - 1);
        assert_int_equal(o.err, extra == 0 ? VTDPI_OK : VTDPI_ERR_INPUT);
        assert_int_equal(o.count, 2 - extra);
        assert_int_equal(o.line[o.count - 1], 2);
        vtdpi_diags_free(o.diags);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conform_verdicts),
        cmocka_unit_test(test_conform_settings__add_up),
        cmocka_unit_test(test_conform_unknown_group__skipped),
        cmocka_unit_test(test_conform_malformed_lines__place_and_rest),
        cmocka_unit_test(test_conform_zero_byte__malformed),
        cmocka_unit_test(test_conform_wrong_kinds__named),
        cmocka_unit_test(test_conform_long_line__limit),
        cmocka_unit_test(test_conform_garbage__told_to_a_limit_and_read_on),
        cmocka_unit_test(test_conform_no_vector__error),
        cmocka_unit_test(test_conform_file__plain_and_compressed),
        cmocka_unit_test(test_conform_file__damaged_compression),
        cmocka_unit_test(test_conform_file__unreadable),
        cmocka_unit_test(test_conform_file__long_line),
    };
    return cmocka_run_group_tests_name("conform_files", tests, setup, teardown);
}
