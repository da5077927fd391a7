/* The command, as its users meet it: exit codes, messages, files that appear whole or not at all.
 */
#include "specimen.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORDS = 24, PATH_BYTES = 512 };

static char folder[PATH_BYTES];

static const char scenario_head[] = "name: one posted interrupt every 10 us\n"
                                    "timing: broadwell_ep\n"
                                    "seed: 1\n"
                                    "duration: 200us\n"
                                    "platform: {cpus: 1}\n"
                                    "hypervisor: {protocol: kvm}\n"
                                    "vms:\n"
                                    "  - name: guest\n"
                                    "    vcpus:\n"
                                    "      - {affinity: [0], program: [{compute: 5us}]}\n"
                                    "devices:\n"
                                    "  - name: nic\n"
                                    "    requester: \"00:03.0\"\n"
                                    "    interrupts:\n"
                                    "      - {vector: 0x41, vcpu: guest/0, arrivals: {periodic: "
                                    "{period: 10us, offset: 3us}}}\n";

/** Path of [name] in the test's folder, one of four buffers. */
static const char *in_folder(const char *name)
{
    static char paths[4][2 * PATH_BYTES];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void file_write(const char *name, const char *text, const char *more)
{
    FILE *file = fopen(in_folder(name), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0 && fputs(more, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/** Contents of a file, to be freed; NULL if there is none. */
static char *file_read(const char *name)
{
    FILE *file = fopen(in_folder(name), "r");
    if (file == NULL) {
        return NULL;
    }
    size_t size = 0;
    char *text = malloc(1);
    while (text != NULL) {
        char *grown = realloc(text, size + 4097);
        assert_non_null(grown);
        text = grown;
        size_t count = fread(text + size, 1, 4096, file);
        size += count;
        if (count == 0) {
            text[size] = '\0';
            break;
        }
    }
    (void)fclose(file);
    return text;
}

/** In the child: standard output and error go to files. */
static void redirect(int descriptor, const char *name)
{
    int file = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (file < 0 || dup2(file, descriptor) < 0) {
        _exit(99);
    }
}

/** Starts the command with the words of [line]; a word @NAME is a path in the test's folder. */
static pid_t command_start(const char *line)
{
    static char text[2048], paths[WORDS][2 * PATH_BYTES];
    char *words[WORDS + 2] = {getenv("VTDPI_COMMAND")};
    int count = 1;
    char *rest = NULL;
    assert_non_null(words[0]);
    (void)snprintf(text, sizeof text, "%s", line);
    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        assert_true(count < WORDS);
        if (word[0] == '@') {
            (void)snprintf(paths[count], sizeof paths[0], "%s/%s", folder, word + 1);
            word = paths[count];
        }
        words[count++] = word;
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
    return child;
}

/** Runs the command; its exit code. */
static int command(const char *line)
{
    int status;
    assert_true(waitpid(command_start(line), &status, 0) > 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/** Runs the command and wants [code]. */
static void expect_code(const char *line, int code)
{
    int actual = command(line);
    if (actual != code) {
        char *text = file_read("err");
        fail_msg("vtdpi %s: exit %d, expected %d\n%s", line, actual, code, text);
    }
}

static void assert_says(const char *name, const char *part)
{
    char *text = file_read(name);
    assert_non_null(text);
    if (strstr(text, part) == NULL) {
        fail_msg("not in %s: %s\n%s", name, part, text);
    }
    free(text);
}

static bool exists(const char *name)
{
    struct stat status;
    return stat(in_folder(name), &status) == 0;
}

static int setup(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    (void)snprintf(folder, sizeof folder, "%s/vtdpi-cli-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    file_write("good.yaml", scenario_head, "expect:\n  - {interrupts.delivered: 20}\n");
    file_write("fails.yaml", scenario_head, "expect:\n  - {interrupts.delivered: 21}\n");
    file_write("wrong.yaml", scenario_head, "seeed: 3\n");
    file_write("long.yaml", scenario_head, "drain_limit: 1s\n");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        (void)execlp("rm", "rm", "-rf", folder, (char *)NULL);
        _exit(98);
    }
    return waitpid(child, NULL, 0) > 0 ? 0 : -1;
}

/* Exit codes: 0; 1 an expectation failed; 2 bad input. (design, "The command") */
static void test_cli_run__exit_codes(void **state)
{
    (void)state;
    expect_code("run @good.yaml", 0);
    assert_says("out", "ok      interrupts.delivered = 20: actual 20 interrupts\n");
    expect_code("run @fails.yaml", 1);
    assert_says("out", "FAILED  interrupts.delivered = 21: actual 20 interrupts (line 17)\n");
    expect_code("run @fails.yaml @good.yaml", 1);
    expect_code("run @good.yaml @wrong.yaml @fails.yaml", 2);
    expect_code("run @missing.yaml", 2);
    expect_code("run", 2);
    expect_code("run --no-such-option @good.yaml", 2);
    expect_code("fly", 2);
    expect_code("", 2);
}

/* Errors carry file:line:column, what was expected and the nearest name; lint finds what run finds.
 */
static void test_cli__wrong_file__position_and_near_miss(void **state)
{
    (void)state;
    static const char *const lines[] = {"run @wrong.yaml", "lint @good.yaml @wrong.yaml"};
    for (size_t i = 0; i < 2; i++) {
        expect_code(lines[i], 2);
        assert_says("err", "wrong.yaml:16:1: ");
        assert_says("err", "\"seed\"");
    }
    assert_says("out", "good.yaml: ok\n");
}

/* --quiet prints failures only. */
static void test_cli_run__quiet__failures_only(void **state)
{
    (void)state;
    expect_code("run -q @good.yaml", 0);
    char *text = file_read("out");
    assert_string_equal(text, "");
    free(text);
    expect_code("run --quiet @fails.yaml", 1);
    assert_says("out", "fails.yaml\n  FAILED  interrupts.delivered = 21");
}

/* One folder a run, every file naming its format; the same scenario gives the same bytes but for
 * host.json. */
static void test_cli_run__folder__six_files_twice_the_same(void **state)
{
    (void)state;

    static const struct {
        const char *name;
        const char *start;
    } files[] = {
        {"config.yaml", "# vtdpi scenario, format 1"},
        {"events.jsonl", "{\"format\":\"vtdpi-log\",\"version\":1,"},
        {"interrupts.csv", "# vtdpi-interrupts csv 1\n"},
        {"stats.json", "{\n  \"format\": {\"value\": \"vtdpi-stats 1\""},
        {"summary.txt", "# vtdpi-summary 1\n"},
        {"host.json", "{\n  \"format\": \"vtdpi-host 1\""},
    };

    expect_code("run -q -o @deep/er/a @good.yaml", 0);
    expect_code("run -q -o @b @good.yaml", 0);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "deep/er/a/%s", files[i].name);
        char *first = file_read(name);
        (void)snprintf(name, sizeof name, "b/%s", files[i].name);
        char *second = file_read(name);
        assert_non_null(first);
        assert_non_null(second);
        assert_memory_equal(first, files[i].start, strlen(files[i].start));
        if (strcmp(files[i].name, "host.json") != 0) {
            assert_string_equal(first, second);
        }
        free(first);
        free(second);
    }
}

/* The effective configuration is a scenario: it gives the same run. */
static void test_cli_run__effective_configuration__runs_the_same(void **state)
{
    (void)state;
    expect_code("run -q -o @c1 @good.yaml", 0);
    expect_code("run -q -o @c2 @c1/config.yaml", 0);
    char *first = file_read("c1/events.jsonl");
    char *second = file_read("c2/events.jsonl");
    assert_string_equal(first, second);
    free(first);
    free(second);
}

/* An existing folder is replaced only if vtdpi wrote it; any other is left as it is. */
static void test_cli_run__existing_folder__only_ours_is_replaced(void **state)
{
    (void)state;
    expect_code("run -q -o @mine @good.yaml", 0);
    expect_code("run -q --seed 5 -o @mine @good.yaml", 0);
    assert_says("mine/stats.json", "\"run.seed\": {\"value\": 5,");
    file_write("mine/notes.txt", "keep", "");
    expect_code("run -q -o @mine @good.yaml", 2);
    assert_says("err", "notes.txt");
    assert_says("mine/notes.txt", "keep");
    assert_int_equal(mkdir(in_folder("foreign"), 0777), 0);
    file_write("foreign/stats.json", "{}", "");
    expect_code("run -q -o @foreign @good.yaml", 2);
    assert_says("foreign/stats.json", "{}");
    file_write("plain", "x", "");
    expect_code("run -q -o @plain @good.yaml", 2);
    assert_says("plain", "x");
}

/* A failed expectation is a result: the folder is there. Bad input leaves nothing. */
static void test_cli_run__folder_after_failure(void **state)
{
    (void)state;
    expect_code("run -q -o @failed @fails.yaml", 1);
    assert_true(exists("failed/stats.json"));
    expect_code("run -q -o @never @wrong.yaml", 2);
    assert_false(exists("never"));
}

/** Whether any name in the test's folder holds ".part-". */
static bool part_is_left(void)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        (void)execlp("sh", "sh", "-c", "ls -a \"$1\" | grep -q part-", "sh", folder, (char *)NULL);
        _exit(98);
    }
    assert_true(waitpid(child, &status, 0) > 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Nothing partial survives SIGINT, however early or late it comes. */
static void test_cli_run__interrupted__nothing_partial(void **state)
{
    (void)state;
    char *text = file_read("good.yaml");
    char *place = strstr(text, "200us");
    memcpy(place, "900ms", 5); /* long enough to be interrupted */
    file_write("slow.yaml", text, "");
    free(text);
    for (int ms = 1; ms <= 300; ms *= 3) {
        int status;
        pid_t child = command_start("run -q -o @slow --log @slow.csv @slow.yaml");
        const struct timespec pause = {.tv_nsec = ms * 1000000L};
        (void)nanosleep(&pause, NULL);
        (void)kill(child, SIGINT);
        assert_true(waitpid(child, &status, 0) > 0);
        bool done = WIFEXITED(status) && WEXITSTATUS(status) <= 1;
        assert_true(done || (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT));
        assert_true(done || (!exists("slow") && !exists("slow.csv")));
        assert_false(part_is_left());
    }
}

/* The suffix is the format; a filter keeps what was asked for; - is standard output and nothing
 * else on it. */
static void test_cli_run__log__formats_and_filters(void **state)
{
    (void)state;
    expect_code("run -q --log @l.jsonl @good.yaml", 0);
    assert_says("l.jsonl", "\"event\":\"posted\"");
    expect_code("run -q --log @l.csv --log-filter posted,handler_entered @good.yaml", 0);
    assert_says("l.csv", ",posted,");
    assert_says("l.csv", ",handler_entered,");
    char *text = file_read("l.csv");
    assert_null(strstr(text, ",msi_written,"));
    free(text);
    expect_code("run --log - --log-irq 2 --log-format jsonl @good.yaml", 0);
    assert_says("out", ",\"id\":2,");
    text = file_read("out");
    assert_null(strstr(text, ",\"id\":1,"));
    assert_null(strstr(text, "Interrupts"));
    free(text);
    assert_says("err", "Interrupts");
    expect_code("run --log @l.vcd @good.yaml", 2);
    expect_code("run --log @l.csv --log-filter possted @good.yaml", 2);
    assert_says("err", "possted");
    expect_code("run --log @l.csv --log-irq 0 @good.yaml", 2);
    expect_code("run --log @l.csv @good.yaml @good.yaml", 2);
    expect_code("run --seed -1 @good.yaml", 2);
    expect_code("run --log @no/such/folder.csv @good.yaml", 2);
}

/* A disk that is full is an internal failure, with a message. */
static void test_cli_run__device_full__exit_3(void **state)
{
    (void)state;
    if (access("/dev/full", W_OK) != 0) {
        skip();
    }
    expect_code("run -q --log /dev/full --log-format csv @good.yaml", 3);
    assert_says("err", "could not be written");
}

/* Several scenarios: a folder in the folder for each. */
static void test_cli_run__several__a_folder_each(void **state)
{
    (void)state;
    expect_code("run -q -o @many @good.yaml @fails.yaml", 1);
    assert_true(exists("many/good/stats.json"));
    assert_true(exists("many/fails/stats.json"));
}

/* compare reads scenarios and run folders and gives ratios to the first. */
static void test_cli_compare__scenario_and_folder__ratios(void **state)
{
    (void)state;
    expect_code("run -q -o @x @good.yaml", 0);
    expect_code("compare @good.yaml @x", 0);
    char *text = file_read("out");
    char *row = strstr(text, "interrupts.delivered");
    assert_non_null(row);
    assert_memory_equal(strchr(row, '\n') - 5, "x1.00", 5);
    for (char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        assert_true(strcspn(line, "\n") <= 100);
    }
    free(text);
    expect_code("compare @good.yaml", 2);
    expect_code("compare @good.yaml @many", 2);
    assert_says("err", "stats.json");
}

/* Script and data stay beside the picture, also where gnuplot is missing; then exit 2 with the
 * package's name. */
static void test_cli_plot__without_gnuplot__script_and_data_stay(void **state)
{
    (void)state;
    char *path = getenv("PATH");
    char *kept = path != NULL ? strdup(path) : NULL;
    assert_int_equal(setenv("PATH", folder, 1), 0);
    expect_code("plot cdf @good.yaml @fails.yaml -o @p.svg", 2);
    assert_int_equal(kept != NULL ? setenv("PATH", kept, 1) : unsetenv("PATH"), 0);
    free(kept);
    assert_says("err", "gnuplot-nox");
    assert_says("p.csv", "good,");
    assert_says("p.csv", "fails,");
    assert_says("p.gp", "picture = 'p.svg'");
    expect_code("plot cdf @good.yaml -o @p.gif", 2);
    expect_code("plot pie @good.yaml -o @p.png", 2);
    expect_code("plot cdf @good.yaml", 2);
}

/* With gnuplot every kind makes a picture. */
static void test_cli_plot__every_kind__a_picture(void **state)
{
    (void)state;
    static const char *const kinds[] = {"cdf", "stages", "hist"};
    if (access("/usr/bin/gnuplot", X_OK) != 0) {
        skip();
    }
    expect_code("run -q -o @pf @good.yaml", 0);
    for (size_t i = 0; i < 3; i++) {
        char line[80], picture[16];
        (void)snprintf(line, sizeof line, "plot %s @pf @good.yaml -o @%s.svg", kinds[i], kinds[i]);
        expect_code(line, 0);
        (void)snprintf(picture, sizeof picture, "%s.svg", kinds[i]);
        assert_says(picture, "</svg>");
        assert_says(picture, "good");
    }
}

/* Help has examples; each page and list that is offered can be had. */
static void test_cli__help_pages_and_lists(void **state)
{
    (void)state;
    static const char *const verbs[] = {"run", "compare", "plot", "lint", "conform", "doc", "list"};
    static const char *const printed[] = {
        "doc stats",      "doc events",    "doc keys",    "doc schema", "doc profiles",
        "list protocols", "list profiles", "list events", "list stats", "list groups",
        "version",        "help",          "help run"};
    char line[40];
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        (void)snprintf(line, sizeof line, "%s --help", verbs[i]);
        expect_code(line, 0);
        assert_says("out", "\nexample");
    }
    for (size_t i = 0; i < sizeof printed / sizeof printed[0]; i++) {
        expect_code(printed[i], 0);
        char *text = file_read("out");
        assert_true(strlen(text) > 10);
        free(text);
    }
    expect_code("doc nothing", 2);
    expect_code("list nothing", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cli_run__exit_codes),
        cmocka_unit_test(test_cli__wrong_file__position_and_near_miss),
        cmocka_unit_test(test_cli_run__quiet__failures_only),
        cmocka_unit_test(test_cli_run__folder__six_files_twice_the_same),
        cmocka_unit_test(test_cli_run__effective_configuration__runs_the_same),
        cmocka_unit_test(test_cli_run__existing_folder__only_ours_is_replaced),
        cmocka_unit_test(test_cli_run__folder_after_failure),
        cmocka_unit_test(test_cli_run__interrupted__nothing_partial),
        cmocka_unit_test(test_cli_run__log__formats_and_filters),
        cmocka_unit_test(test_cli_run__device_full__exit_3),
        cmocka_unit_test(test_cli_run__several__a_folder_each),
        cmocka_unit_test(test_cli_compare__scenario_and_folder__ratios),
        cmocka_unit_test(test_cli_plot__without_gnuplot__script_and_data_stay),
        cmocka_unit_test(test_cli_plot__every_kind__a_picture),
        cmocka_unit_test(test_cli__help_pages_and_lists),
    };
    return cmocka_run_group_tests_name("cli", tests, setup, teardown);
}
