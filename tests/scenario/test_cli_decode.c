/* vtdpi decode, as its users meet it: words from arguments and from standard input, messages with
 * positions, exit codes.
 */
#include "specimen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS = 24, PATH_BYTES = 512, OUTPUT = 1 << 22 };

static char folder[PATH_BYTES];
static char out[OUTPUT];
static char err[OUTPUT];

/* What Linux prints, headings and blank lines too: both tables. */
static const char dump[] =
    "Remapped Interrupt supported on IOMMU: dmar0\n"
    " IR table address:100900000\n"
    " Entry SrcID   DstID    Vct IRTE_high\t\tIRTE_low\n"
    " 0     00:0a.0 00000080 24  0000000000040050\t000000800024000d\n"
    " 1     00:0a.0 00000001 ef  0000000000040050\t0000000100ef000d\n"
    "\n"
    "Remapped Interrupt supported on IOMMU: dmar1\n"
    "Interrupt Remapping is not enabled\n"
    "\n"
    "****\n"
    "\n"
    "Posted Interrupt supported on IOMMU: dmar0\n"
    " IR table address:100900000\n"
    " Entry SrcID   PDA_high PDA_low  Vct IRTE_high\t\tIRTE_low\n"
    " 17    00:03.0 00000012 34567840 41  0000001200040018\t3456784000418001\n"
    "\n";

static const char *in_folder(const char *name)
{
    static char paths[4][2 * PATH_BYTES];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void file_read(const char *name, char *text)
{
    FILE *file = fopen(in_folder(name), "r");
    assert_non_null(file);
    size_t size = fread(text, 1, OUTPUT - 1, file);
    text[size] = '\0';
    assert_int_equal(fclose(file), 0);
}

static void redirect(int descriptor, const char *name, int flags)
{
    int file = open(in_folder(name), flags, 0666);
    if (file < 0 || dup2(file, descriptor) < 0) {
        _exit(99);
    }
}

/** Runs "vtdpi decode [line]" with [size] bytes at [input] as standard input; wants [code]. */
static void decode_bytes(const char *line, const char *input, size_t size, int code)
{
    char text[2048];
    char *words[WORDS + 3] = {getenv("VTDPI_COMMAND"), (char[]){"decode"}};
    int count = 2;
    int status;
    char *rest = NULL;
    assert_non_null(words[0]);
    FILE *file = fopen(in_folder("in"), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(input, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    (void)snprintf(text, sizeof text, "%s", line);
    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        assert_true(count < WORDS);
        words[count++] = word;
    }
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        redirect(STDIN_FILENO, "in", O_RDONLY);
        redirect(STDOUT_FILENO, "out", O_WRONLY | O_CREAT | O_TRUNC);
        redirect(STDERR_FILENO, "err", O_WRONLY | O_CREAT | O_TRUNC);
        if (words[0] != NULL) {
            (void)execv(words[0], words);
        }
        _exit(98);
    }
    assert_true(waitpid(child, &status, 0) > 0);
    file_read("out", out);
    file_read("err", err);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != code) {
        fail_msg("vtdpi decode %s: status %d, expected exit %d\n%.400s", line, status, code, err);
    }
}

static void decode(const char *line, const char *input, int code)
{
    decode_bytes(line, input, strlen(input), code);
}

static void assert_says(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("missing: %s\nin: %.600s", part, text);
    }
}

/* Every way to write a word gives the same decoding, in the table's format. */
static void test_cli_decode__spellings__are_one_word(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "irte 3456784000418001 0000001200040018",   "irte 0x3456784000418001 0X1200040018",
        "irte 3456784000418001h 1200040018H",       "irte 34567840`00418001 00000012`00040018",
        "irte 0x3456_7840_0041_8001 12_0004_0018h",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        decode(lines[i], "", 0);
        assert_says(out, "bits    name           value  meaning\n");
        assert_says(out, "63:38   IRTE.PDAL    0D159E1  descriptor address[31:6]\n");
        assert_says(out, "hardware: posts virtual vector 41h to the descriptor at 1234567840h\n");
        assert_null(strstr(out, "wrong:"));
        assert_string_equal(err, "");
    }
}

/* One command for each kind, with worked values; something wrong is no failure. */
static void test_cli_decode__each_kind(void **state)
{
    (void)state;

    static const struct {
        const char *line;
        const char *says;
    } cases[] = {
        {"--no-eim irte 0000050000310009h 40018h", "physical APIC ID 05h (xAPIC)"},
        {"--sid 00:04.0 irte 0000010500310009h 40018h", "wrong: the entry raises fault 26h"},
        {"irte 0000010500310009h 40018h --sid 18h", "hardware: sends vector 31h"},
        {"--no-pi irte 8001 0", "24h irte_reserved"},
        {"--no-pi irte 8001 0", "wrong: IM = 1 is reserved: the unit has no CAP.PI"},
        {"--haw 36 irte 3456784000418001h 1200040018h", "27h pid_access"},
        {"pid 0 2 0 0 0000010500F20001h 0 0 0", "hardware: pending: 41h\n"},
        {"msi fee24698h 0", "reads entry 1234h (4660)"},
        {"frcd 1234000000000000h 8000002200000018h", "fault 22h irte_not_present"},
        {"irta 10090080fh", "table of 65536 entries"},
        {"--no-eim irta 100900800h", "destinations are 8-bit (xAPIC) APIC IDs"},
        {"--no-eim irta 100900800h", "wrong: EIME is reserved: the unit has no ECAP.EIM"},
        {"iqd 0000004010000014h 0", "drops entries 40h to 43h (4)"},
        {"iqd 25h 1000h 0 0", "writes 0h (32 bits) to 1000h"},
        {"intr-info 800000f1h", "external interrupt, vector F1h"},
        {"exit-qual EPT_VIOLATION 182h", "exit 48 EPT_VIOLATION"},
        {"exit-qual EXIT_REASON_EOI_INDUCED 41h", "ended virtual vector 41h"},
        {"exit-qual 56 300h", "register ICR_LO"},
        {"exit-qual 0x38 300h", "register ICR_LO"},
        {"exit-qual EXCEPTION_NMI 1000h 80000b0eh", "QUAL_PAGE_FAULT.ADDRESS"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        decode(cases[i].line, "", 0);
        assert_says(out, cases[i].says);
    }
}

/* Linux's ir_translation_struct as printed: each entry of both tables, headings passed over. */
static void test_cli_decode__dump_of_linux__both_tables(void **state)
{
    (void)state;
    decode("irte", dump, 0);
    assert_says(out, "line 4, entry 0:\n");
    assert_says(out, "vector 24h, fixed, edge, to logical APIC ID 00000080h (x2APIC)");
    assert_says(out, "line 5, entry 1:\n");
    assert_says(out, "hardware: a request of 00:0a.0:");
    assert_says(out, "line 15, entry 17:\n");
    assert_says(out, "posts virtual vector 41h to the descriptor at 1234567840h");
    assert_null(strstr(out, "wrong:"));
    decode("--no-eim irte", dump, 0);
    assert_says(out, "wrong: reserved bits 39:32 are 80h, not 0");
    decode("irte", "Posted Interrupt supported on IOMMU: dmar0\n IR table address:100900000\n", 0);
    assert_string_equal(out, "");
}

/* Columns that contradict the raw words are remarked on. */
static void test_cli_decode__dump_that_contradicts_itself(void **state)
{
    (void)state;
    decode("irte", " 0 00:0b.0 00000081 25 0000000000040050 000000800024000d\n", 0);
    assert_says(out, "wrong: the line's SrcID is 00:0b.0, the entry's SID 50h");
    assert_says(out, "wrong: the line's DstID is 81, the entry's 80");
    assert_says(out, "wrong: the line's Vct is 25, the entry's 24");
    decode("irte", " 7 00:03.0 00000013 34567880 41 0000001200040018 3456784000418001\n", 0);
    assert_says(out, "wrong: the line's PDA_high is 13, the entry's 12");
    assert_says(out, "wrong: the line's PDA_low is 34567880");
    decode("irte", " 7 00:03.0 00000012 41 0000001200040018 3456784000418001\n", 0);
    assert_says(out, "wrong: the line is of the remapped table");
    decode("irte", " 0 00:0a.0 \xFF 24 0000000000040050 000000800024000d\n", 0);
    assert_says(out, "wrong: the line's DstID is no number");
}

/* Items one a line, with comments and blank lines, and the last line without its end. */
static void test_cli_decode__standard_input__an_item_a_line(void **state)
{
    (void)state;
    decode("msi", "# two requests\n\nfee24698 0\r\n\t0xfee24690\t0x0", 0);
    assert_says(out, "line 3:\n");
    assert_says(out, "\n\nline 4:\n");
    decode("--format json msi", "fee24698 0\nfee24690 0\n", 0);
    assert_says(out, "{\"kind\":\"msi\",\"line\":1,\"words\":[\"00000000FEE24698\",");
    assert_says(out, "\"wrong\":[]}\n{\"kind\":\"msi\",\"line\":2,");
    assert_says(out, "{\"bits\":\"address 19:5\",\"name\":\"MSI_R.HANDLE14_0\",\"value\":\"1234\"");
}

/* Each kind of bad argument: where it is, what was expected, an example. */
static void test_cli_decode__bad_arguments__position_and_example(void **state)
{
    (void)state;

    static const struct {
        const char *line;
        const char *says;
    } cases[] = {
        {"bogus 1", "argument 1: no kind is called \"bogus\": expected irte, pid, msi, frcd, irta, "
                    "iqd, intr-info, exit-qual; example: vtdpi decode msi"},
        {"", "decode wants a kind"},
        {"irte 1 zz", "argument 3: \"zz\" is no word: expected 1 to 16 hexadecimal digits"},
        {"irte 0x 0", "argument 2: \"0x\" is no word"},
        {"irte 0x1h 0", "argument 2: \"0x1h\" is no word"},
        {"irte h 0", "argument 2: \"h\" is no word"},
        {"irte _1 0", "argument 2: \"_1\" is no word"},
        {"irte 1__2 0", "argument 2: \"1__2\" is no word"},
        {"irte 1_ 0", "argument 2: \"1_\" is no word"},
        {"irte 12345678123456781 0", "argument 2: \"12345678123456781\" is no word"},
        {"irte 1", "argument 2: irte wants 2 words (low and high half of an interrupt remapping "
                   "table entry), not 1; example: vtdpi decode irte 3456784000418001h"},
        {"irte 1 2 3", "irte wants 2 words"},
        {"iqd 1 2 3", "iqd wants 2 or 4 words"},
        {"exit-qual HLT 0 0 0", "exit-qual wants 2 or 3 words"},
        {"exit-qual HLT 0 100000000h", "argument 4: \"100000000h\" is too wide"},
        {"irta 1 2", "irta wants 1 word ("},
        {"pid 1 2 3 4", "pid wants 5 to 8 words"},
        {"pid 1 2 3 4 5 6 7 8 9 a b c d e f 1 2 3", "pid wants 5 to 8 words"},
        {"msi fee24698 100000000", "argument 3: \"100000000\" is too wide: expected 32 bits"},
        {"intr-info 1800000f1", "argument 2: \"1800000f1\" is too wide: expected 32 bits"},
        {"exit-qual APIC_WRIT 0", "argument 2: \"APIC_WRIT\" is no exit reason"},
        {"exit-qual 4294967296 0", "is too wide: expected 32 bits"},
        {"--haw 31 irta 0", "--haw: \"31\" is no host address width: expected 32 to 64"},
        {"--haw x irta 0", "--haw: \"x\" is no"},
        {"--sid 00:20.0 irte 0 0", "--sid: \"00:20.0\" is no requester"},
        {"--sid 10000 irte 0 0", "--sid: \"10000\" is no requester"},
        {"--sid 00:03.0x irte 0 0", "--sid: \"00:03.0x\" is no requester"},
        {"--format xml irte 0 0", "--format: \"xml\" is no format: expected text or json"},
        {"--bogus irte 0 0", "bogus"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        decode(cases[i].line, "", 2);
        assert_says(err, cases[i].says);
        assert_string_equal(out, "");
    }
}

/* Bad lines: line and column; what came before is printed. */
static void test_cli_decode__bad_lines__line_and_column(void **state)
{
    (void)state;
    decode("irte", "0 0\n 1 zz\n", 2);
    assert_says(out, "line 1:\n");
    assert_says(err, "standard input:2:4: \"zz\" is no word");
    assert_says(err, "example: 3456784000418001h");
    decode("irte", "1\n", 2);
    assert_says(err, "standard input:1:1: irte wants 2 words");
    decode("irte", " 0 00:0a.0 0 0 24 5 6 7\n", 2);
    assert_says(err, "standard input:1:2: a line of ir_translation_struct has 6 columns");
    decode("irte", " 0 00:2a.0 00000080 24 40050 24000d\n", 2);
    assert_says(err, "standard input:1:4: \"00:2a.0\" is no source (SrcID)");
    decode("irte", " 0 f0f8 00000080 24 40050 24000d\n", 2);
    assert_says(err, "standard input:1:4: \"f0f8\" is no source (SrcID): expected "
                     "bus:device.function");
    decode("irte", " 0 f0f8 00000012 34567840 41 1200040018 3456784000418001\n", 2);
    assert_says(err, "standard input:1:4: \"f0f8\" is no source (SrcID)");
    decode("irte 0 f0f8 80 24 40050 24000d", "", 2);
    assert_says(err, "irte wants 2 words");
    decode("irte", " 0 00:0a.0 00000080 24 40050 24000x\n", 2);
    assert_says(err, "standard input:1:30: \"24000x\" is no word");
    decode("pid", "Posted Interrupt supported\n", 2);
    assert_says(err, "standard input:1:1: \"Posted\" is no word");
}

/* Nothing, comments only, a byte that no text has, a line without end, and very many lines. */
static void test_cli_decode__empty_and_huge_input(void **state)
{
    (void)state;

    enum { BYTES = 1 << 20, LINES = 2000 };

    decode("irte", "", 2);
    assert_says(err, "standard input has no item of irte");
    decode("irte", "# nothing\n\n", 2);
    assert_says(err, "standard input has no item of irte");
    decode_bytes("irte", "0 0\n0\0 0\n", 9, 2);
    assert_says(err, "standard input:2:2: expected text");
    char *big = malloc(BYTES);
    assert_non_null(big);
    memset(big, '1', BYTES);
    decode_bytes("irte", big, BYTES, 2);
    assert_says(err, "standard input:1:4096: expected text in lines below 4096 bytes");
    for (size_t i = 0; i < LINES; i++) {
        memcpy(big + 4 * i, "0 0\n", 4);
    }
    decode_bytes("irta", big, 4, 2);
    decode_bytes("irte", big, (size_t)4 * LINES, 0);
    assert_says(out, "line 2000:\n");
    free(big);
}

/* The help has an example of each kind; each runs as it stands. */
static void test_cli_decode__help__its_examples_run(void **state)
{
    (void)state;
    static char help[OUTPUT];
    char *rest = NULL;
    unsigned examples = 0;
    decode("--help", "", 0);
    memcpy(help, out, sizeof help);
    char *start = strstr(help, "\nexamples:\n");
    assert_non_null(start);
    for (char *line = strtok_r(start, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        static const char verb[] = "  vtdpi decode ";
        if (strncmp(line, verb, sizeof verb - 1) == 0 && strchr(line, '<') == NULL) {
            decode(line + sizeof verb - 1, "", 0);
            assert_says(out, "hardware: ");
            examples++;
        }
    }
    assert_int_equal(examples, 9);
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/vtdpi-decode-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    static const char *const names[] = {"in", "out", "err"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)unlink(in_folder(names[i]));
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cli_decode__spellings__are_one_word),
        cmocka_unit_test(test_cli_decode__each_kind),
        cmocka_unit_test(test_cli_decode__dump_of_linux__both_tables),
        cmocka_unit_test(test_cli_decode__dump_that_contradicts_itself),
        cmocka_unit_test(test_cli_decode__standard_input__an_item_a_line),
        cmocka_unit_test(test_cli_decode__bad_arguments__position_and_example),
        cmocka_unit_test(test_cli_decode__bad_lines__line_and_column),
        cmocka_unit_test(test_cli_decode__empty_and_huge_input),
        cmocka_unit_test(test_cli_decode__help__its_examples_run),
    };
    return cmocka_run_group_tests_name("cli_decode", tests, setup, teardown);
}
