/* The command conform, as its users meet it: exit codes, messages, table, closing line. */
#include "cmocka_all.h"
#include "vectors.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS = 8, PATH_BYTES = 128, TEXT_BYTES = 1 << 20 };

static char folder[PATH_BYTES];
static char out[TEXT_BYTES], err[TEXT_BYTES];

#define VECTOR(id, more, vector)                                                                   \
    "{\"id\":\"" id "\",\"category\":\"ire_off_plain\"," more                                      \
    "\"setup\":{\"table\":\"A\",\"table_size_field\":7,\"table_entries\":256,\"eime\":1,\"cfi\":"  \
    "0,\"ire\":0},\"irtes\":{},\"steps\":[{\"op\":\"msi\",\"sid\":\"0x2804\",\"addr\":"            \
    "\"0xfee01008\",\"data\":\"0x0000048c\",\"via\":\"msi\"}],\"expect\":[{\"delivered\":[{"       \
    "\"vector\":" vector ",\"dest\":\"0x00000001\",\"dest_mode\":0,\"delivery_mode\":4,"           \
    "\"trigger_mode\":0,\"rh\":1}],\"events\":[],\"fsts\":\"0x00000000\",\"fault\":null,"          \
    "\"blocked\":false}]}\n"
#define SUSPECT                                                                                    \
    "\"suspect\":\"a-kind: why\",\"suspect_kinds\":[\"a-kind\"],\"suspect_from_step\":0,"
#define UNKNOWN "{\"id\":\"u\",\"category\":\"no_such\"}\n"

static const char *in_folder(const char *name)
{
    static char paths[WORDS][2 * PATH_BYTES];
    static unsigned turn;
    char *path = paths[turn++ % WORDS];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void file_write(const char *name, const char *text)
{
    FILE *file = fopen(in_folder(name), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void file_read(const char *name, char *text)
{
    FILE *file = fopen(in_folder(name), "r");
    assert_non_null(file);
    text[fread(text, 1, TEXT_BYTES - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
}

static void redirect(int descriptor, const char *name)
{
    int file = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (file < 0 || dup2(file, descriptor) < 0) {
        _exit(99);
    }
}

/* Runs the command with the words of [line], @NAME a path in the test's folder; wants [code]. */
static void expect_code(const char *line, int code)
{
    char text[1024];
    char *words[WORDS + 2] = {getenv("VTDPI_COMMAND")};
    char *rest = NULL;
    int count = 1;
    int status;
    assert_non_null(words[0]);
    (void)snprintf(text, sizeof text, "%s", line);
    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        assert_true(count < WORDS);
        words[count++] = word[0] == '@' ? strdup(in_folder(word + 1)) : strdup(word);
    }
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        redirect(STDOUT_FILENO, "out");
        redirect(STDERR_FILENO, "err");
        if (words[0] != NULL) {
            (void)execv(words[0], words);
        }
        _exit(98);
    }
    assert_true(waitpid(child, &status, 0) > 0);
    for (int i = 1; i < count; i++) {
        free(words[i]);
    }
    file_read("out", out);
    file_read("err", err);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != code) {
        fail_msg("vtdpi %s: status %d, expected exit %d\n%s", line, status, code, err);
    }
}

static void assert_says(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("not there: %s\nin:\n%s", part, text);
    }
}

static void assert_silent(const char *text, const char *part)
{
    if (strstr(text, part) != NULL) {
        fail_msg("there: %s\nin:\n%s", part, text);
    }
}

/* The last line, to the byte. */
static void assert_closes(const char *line)
{
    size_t length = strlen(line), all = strlen(out);
    if (all <= length || strcmp(out + all - length, line) != 0 || out[all - length - 1] != '\n') {
        fail_msg("does not close with %s\n%s", line, out);
    }
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/vtdpi-conform-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    file_write("good", VECTOR("v", "", "140") VECTOR("s", SUSPECT, "141"));
    file_write("differs", VECTOR("v", "", "140") VECTOR("w", "", "141") UNKNOWN);
    file_write("unknown", UNKNOWN);
    file_write("malformed", VECTOR("v", "", "140") "{\"id\":\n" VECTOR("x", "", "140"));
    file_write("empty", "");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    static const char *const names[] = {"good", "differs", "malformed", "empty",
                                        "many", "out",     "err"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)unlink(in_folder(names[i]));
    }
    return rmdir(folder);
}

/* Exit 0: passed are the agreed and the suspect; the table has a row for the group and a total. */
static void test_conform__agreed_and_suspect__exit_0(void **state)
{
    (void)state;
    expect_code("conform @good", 0);
    assert_says(out, "group                      agreed differing excepted suspect-agreed "
                     "suspect-differing skipped\n");
    assert_says(out, "ire_off_plain                   1         0        0              0          "
                     "       1       0\n");
    assert_says(out, "total                           1         0        0              0          "
                     "       1       0\n");
    assert_silent(out, "expected");
    assert_silent(out, "Skipped");
    assert_closes("2 passed, 0 failed, 0 skipped\n");
    assert_string_equal(err, "");
}

/* Exit 1: a vector that differs is shown with place, step, field and both values. */
static void test_conform__differing__exit_1_and_in_full(void **state)
{
    (void)state;
    expect_code("conform @differs", 1);
    assert_says(out, "/differs:2: w (ire_off_plain) differing\n  step 0, ");
    assert_says(out, "    expected ");
    assert_says(out, "141");
    assert_says(out, "    actual   ");
    assert_says(out, "(no known group)");
    assert_says(out, "Skipped\n       1  of no group that is known here\n");
    assert_closes("1 passed, 1 failed, 1 skipped\n");
}

/* Exit 2: where no vector is of a known group nothing was shown. */
static void test_conform__no_known_group__exit_2(void **state)
{
    (void)state;
    expect_code("conform @unknown", 2);
    assert_says(err, "no vector of these files is of a known group");
    assert_closes("0 passed, 0 failed, 1 skipped\n");
}

/* Exit 2: a malformed line is named; the others are replayed, and the table still comes. */
static void test_conform__malformed__exit_2(void **state)
{
    (void)state;
    expect_code("conform @malformed", 2);
    assert_says(err, "/malformed:2:");
    assert_closes("2 passed, 0 failed, 0 skipped\n");
    expect_code("conform @differs @malformed", 2);
    assert_closes("3 passed, 1 failed, 1 skipped\n");
}

/* Exit 2: files that cannot be read, and words that mean nothing. */
static void test_conform__unreadable__exit_2(void **state)
{
    (void)state;
    static const char *const lines[][2] = {
        {"conform", "conform wants a file of vectors"},
        {"conform @none", "/none: No such file"},
        {"conform @.", "irectory"},
        {"conform @empty", "/empty: holds no vector"},
        {"conform --group nothing @good", "no group matches \"nothing\""},
        {"conform --group F1 @good", "no vector of these files is in group \"F1\""},
        {"conform --nonsense @good", "nonsense"},
        {"conform --format yaml @good", "text or json"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        expect_code(lines[i][0], 2);
        assert_says(err, lines[i][1]);
        assert_string_equal(out, "");
    }
}

/* --all shows what is explained too; without it 20 differing vectors are shown and the rest
 * counted. */
static void test_conform_all__explained_and_further_ones(void **state)
{
    (void)state;
    expect_code("conform --all @good", 0);
    assert_says(out, "s (ire_off_plain) suspect-differing\n  suspect step 0, ");
    assert_says(out, "  the vector says: a-kind: why\n");
    FILE *file = fopen(in_folder("many"), "w");
    assert_non_null(file);
    for (int i = 0; i < 23; i++) {
        assert_true(fputs(VECTOR("w", "", "141"), file) >= 0);
    }
    assert_int_equal(fclose(file), 0);
    expect_code("conform @many", 1);
    assert_says(out, "\n3 differing vectors are not shown (--all shows them)\n");
    assert_silent(out, "/many:21:");
    assert_closes("0 passed, 23 failed, 0 skipped\n");
    expect_code("conform --all @many", 1);
    assert_says(out, "/many:23:");
    assert_silent(out, "not shown");
}

/* --group takes a pattern, and several files make one table. */
static void test_conform_group__pattern(void **state)
{
    (void)state;
    expect_code("conform --group seq_qi_v* " VECTORS_REMAPPING, 0);
    assert_says(out, "seq_qi_valid");
    assert_silent(out, "seq_event");
    assert_closes("32 passed, 0 failed, 0 skipped\n");
    expect_code("conform --group ire_off_plain @good " VECTORS_REMAPPING, 0);
    assert_closes("114 passed, 0 failed, 0 skipped\n");
}

/* Everything that is recorded passes. */
static void test_conform__stored_files__pass(void **state)
{
    (void)state;
    expect_code("conform " VECTORS_REMAPPING " " VECTORS_APIC, 0);
    assert_closes("6356 passed, 0 failed, 0 skipped\n");
}

/* The clauses that excepted something are listed with their counts. */
static void test_conform_excepted__clauses_counted(void **state)
{
    (void)state;
    expect_code("conform --group seq_qi_error_and_msi " VECTORS_REMAPPING, 0);
    assert_says(out, "Excepted by\n      12  VT-d, ");
    assert_closes("12 passed, 0 failed, 0 skipped\n");
}

/* A value of member [key] of [object] as a number. */
static long long number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

/* As JSON every line is an object; the last has the counts, those before it the vectors. */
static void test_conform_json__lines(void **state)
{
    (void)state;
    expect_code("conform --format json --all @differs @good", 1);
    json_t *lines[4] = {NULL};
    size_t count = 0;
    char *rest = NULL;
    for (char *line = strtok_r(out, "\n", &rest); line != NULL && count < 4;
         line = strtok_r(NULL, "\n", &rest)) {
        lines[count] = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(lines[count++]);
    }
    assert_int_equal(count, 3);
    assert_string_equal(json_string_value(json_object_get(lines[0], "verdict")), "differing");
    assert_int_equal(number(lines[0], "line"), 2);
    json_t *differences = json_object_get(lines[0], "differences");
    assert_true(json_array_size(differences) > 0);
    assert_int_equal(number(json_array_get(differences, 0), "step"), 0);
    assert_true(json_is_null(json_object_get(json_array_get(differences, 0), "clause")));
    assert_string_equal(json_string_value(json_object_get(lines[1], "why")), "a-kind: why");
    assert_int_equal(number(lines[2], "passed"), 3);
    assert_int_equal(number(lines[2], "failed"), 1);
    assert_int_equal(number(lines[2], "skipped"), 1);
    json_t *group = json_object_get(json_object_get(lines[2], "groups"), "ire_off_plain");
    assert_int_equal(number(group, "agreed"), 2);
    assert_int_equal(number(group, "suspect-differing"), 1);
    for (size_t i = 0; i < count; i++) {
        json_decref(lines[i]);
    }
}

/* Help says what counts as what and has examples; the groups can be listed. */
static void test_conform_help__verdicts_and_examples(void **state)
{
    (void)state;
    expect_code("conform --help", 0);
    assert_says(out, "suspect-differing");
    assert_says(out, "N passed, N failed, N skipped");
    assert_says(out, "\nexamples:\n");
    expect_code("list groups", 0);
    assert_says(out, "seq_event                  ");
    assert_says(out, "F5_virtual_uinv            ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conform__agreed_and_suspect__exit_0),
        cmocka_unit_test(test_conform__differing__exit_1_and_in_full),
        cmocka_unit_test(test_conform__no_known_group__exit_2),
        cmocka_unit_test(test_conform__malformed__exit_2),
        cmocka_unit_test(test_conform__unreadable__exit_2),
        cmocka_unit_test(test_conform_all__explained_and_further_ones),
        cmocka_unit_test(test_conform_group__pattern),
        cmocka_unit_test(test_conform__stored_files__pass),
        cmocka_unit_test(test_conform_excepted__clauses_counted),
        cmocka_unit_test(test_conform_json__lines),
        cmocka_unit_test(test_conform_help__verdicts_and_examples),
    };
    return cmocka_run_group_tests_name("conform_command", tests, setup, teardown);
}
