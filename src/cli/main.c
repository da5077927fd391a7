/* vtdpi: finds the verb and says what each does. */
#include "cli.h"

#include <string.h>

/** A verb. */
typedef struct {
    const char *name;
    const char *line;
    const char *help;
    int (*act)(int argc, char **argv);
} verb_t;

static const verb_t verbs[] = {
    {"run", "simulate, print the summary, check what is expected",
     "usage: vtdpi run [options] SCENARIO.yaml…\n\n"
     "Simulates each scenario, prints its summary, and checks its expect block and its "
     "monitors.\n\n"
     "  -o, --output DIR       write config.yaml, events.jsonl, stats.json, interrupts.csv, "
     "summary.txt\n"
     "                         and host.json into DIR (of several scenarios: a folder in DIR for "
     "each);\n"
     "                         an existing folder is replaced only if vtdpi wrote it\n"
     "      --log FILE         write the log; the suffix is the format: .log or .txt, .csv, "
     ".jsonl;\n"
     "                         - is standard output (text unless --log-format; the summary goes "
     "to\n"
     "                         standard error then)\n"
     "      --log-format F     text, csv or jsonl\n"
     "      --log-filter E,…   only these events (vtdpi list events)\n"
     "      --log-irq ID       only records of interrupt number ID\n"
     "      --seed N           instead of the scenario's seed\n"
     "  -q, --quiet            print failures only\n\n"
     "Exit status: 0; 1 an expectation failed or a monitor fired; 2 bad input; 3 internal.\n\n"
     "examples:\n"
     "  vtdpi run scenarios/talk/external-vtd-posted.yaml\n"
     "  vtdpi run -o results/posted scenarios/talk/external-vtd-posted.yaml\n"
     "  vtdpi run --log - --log-irq 3 scenarios/talk/blocked.yaml\n"
     "  vtdpi run --log run.jsonl --log-filter kvm_exit,kvm_entry scenarios/talk/blocked.yaml\n",
     cli_run},
    {"compare", "the main rows of several runs side by side",
     "usage: vtdpi compare INPUT INPUT…\n\n"
     "Prints the main statistics of scenario files (which are run) or run folders side by side, "
     "each\n"
     "with its ratio to the first.\n\n"
     "examples:\n"
     "  vtdpi compare scenarios/talk/external-*.yaml\n"
     "  vtdpi compare results/before results/after\n",
     cli_compare},
    {"plot", "pictures by gnuplot",
     "usage: vtdpi plot KIND INPUT… -o FILE.png|FILE.svg\n\n"
     "Draws scenario files (which are run) or run folders. The gnuplot script FILE.gp and the "
     "data\n"
     "FILE.csv stay beside the picture, also where gnuplot is missing.\n\n"
     "  cdf      cumulative distribution of the latency, a line for each run\n"
     "  stages   mean latency by stage, a stacked bar for each run\n"
     "  hist     histogram of the latency\n\n"
     "examples:\n"
     "  vtdpi plot cdf scenarios/talk/external-*.yaml -o latency.png\n"
     "  vtdpi plot stages results/a results/b -o stages.svg\n",
     cli_plot},
    {"lint", "validate scenarios without running them",
     "usage: vtdpi lint [--quiet] SCENARIO.yaml…\n\n"
     "Prints every error as file:line:column: what was expected. Exit status 2 if there is one.\n\n"
     "example:\n"
     "  vtdpi lint scenarios/talk/*.yaml\n",
     cli_lint},
    {"conform", "replay recorded behaviour of other implementations on the models",
     "usage: vtdpi conform [options] FILE.jsonl[.gz]…\n\n"
     "Replays each vector of the files on the models, compares every recorded value, and prints a "
     "table\n"
     "of groups. A vector counts as\n\n"
     "  agreed             every recorded value is the model's\n"
     "  differing          a value is not, and nothing explains it: it is printed, step by step\n"
     "  excepted           a clause of the manuals decides each difference; the clauses are "
     "listed\n"
     "  suspect-agreed     marked as suspect: the recorded implementation is known or thought to\n"
     "                     deviate from the manuals there; it agrees all the same\n"
     "  suspect-differing  marked as suspect, and differs only at or after the step in question\n"
     "  skipped            not replayed; the reasons are listed\n\n"
     "The last line is \"N passed, N failed, N skipped\": passed are the agreed, the excepted and "
     "both\n"
     "kinds of suspect ones, failed the differing ones.\n\n"
     "  -g, --group PATTERN    only groups that match, as a shell matches file names "
     "(vtdpi list groups)\n"
     "  -a, --all              print every difference, excepted and suspect ones too (otherwise "
     "those of\n"
     "                         the first 20 vectors that fail)\n"
     "  -f, --format F         text, or json: an object a line for each vector that is shown, and "
     "one at\n"
     "                         the end\n\n"
     "Exit status: 0; 1 a vector failed; 2 a file cannot be read or has a malformed line; 3 "
     "internal.\n\n"
     "examples:\n"
     "  vtdpi conform tests/vectors/*.jsonl.gz\n"
     "  vtdpi conform --group 'seq_*' --all tests/vectors/interrupt-remapping.jsonl.gz\n",
     cli_conform},
    {"decode", "raw words to fields, and what the hardware does with them",
     "usage: vtdpi decode [options] KIND [WORD…]\n\n"
     "Prints the fields of raw words, low word first, then what the hardware does with them "
     "(hardware: …)\n"
     "and what is wrong (wrong: …). Words are hexadecimal: 3456784000418001, 0x…, …h, with _ or ` "
     "between\n"
     "digits. Without words, items are read from standard input, one a line; lines that begin with "
     "# are\n"
     "passed over.\n\n"
     "  irte LOW HIGH          interrupt remapping table entry; on standard input also the lines "
     "of "
     "Linux's\n"
     "                         debugfs file ir_translation_struct as they are, headings too\n"
     "  pid WORD0 … WORD7      posted-interrupt descriptor\n"
     "  msi ADDRESS DATA       interrupt request\n"
     "  frcd LOW HIGH          fault recording register\n"
     "  irta WORD              interrupt remapping table address register\n"
     "  iqd LOW HIGH [W2 W3]   invalidation queue descriptor, 128 or 256 bits\n"
     "  intr-info WORD         interruption information of a VM exit or a VM entry\n"
     "  exit-qual REASON WORD [INFO]\n"
     "                         exit qualification; REASON is decimal, 0x…, or Linux's name; INFO "
     "is "
     "the\n"
     "                         interruption information, for exit 0\n\n"
     "      --eim, --no-eim    32-bit APIC IDs (ECAP.EIM, IRTA.EIME = 1, the default), or 8-bit\n"
     "      --no-pi            a unit without posting (CAP.PI = 0)\n"
     "      --haw N            host address width, 32 to 64 (46)\n"
     "      --sid B:D.F        the requester, also as 16 hexadecimal bits; otherwise one that the "
     "entry\n"
     "                         names\n"
     "  -f, --format F         text, or json: an object a line for each item\n\n"
     "Exit status: 0 also for words in which something is wrong; 2 bad input: an argument (the "
     "kind "
     "is\n"
     "argument 1, options do not count) or standard input:line:column; 3 internal.\n\n"
     "examples:\n"
     "  vtdpi decode irte 3456784000418001h 0000001200040018h\n"
     "  vtdpi decode --no-eim --sid 00:03.0 irte 0x0000050000310009 0x40018\n"
     "  vtdpi decode irte </sys/kernel/debug/iommu/intel/ir_translation_struct\n"
     "  vtdpi decode pid 0 2 0 0 0000010500F20001h 0 0 0\n"
     "  vtdpi decode msi 0xfee24698 0\n"
     "  vtdpi decode frcd 12340000_00000000 80000022_00000018\n"
     "  vtdpi decode irta 0x10090080f\n"
     "  vtdpi decode iqd 0000004010000014h 0\n"
     "  vtdpi decode intr-info 0x800000f1\n"
     "  vtdpi decode exit-qual EPT_VIOLATION 0x182\n",
     cli_decode},
    {"doc", "print a reference page",
     "usage: vtdpi doc stats|events|keys|schema|profiles\n\n"
     "Prints a page that is made from the program's tables: statistics, events of the log, keys of "
     "a\n"
     "scenario (all Markdown), the JSON Schema of scenarios, the built-in timing profiles.\n\n"
     "example:\n"
     "  vtdpi doc schema >scenario.schema.json\n",
     cli_doc},
    {"list", "list names",
     "usage: vtdpi list protocols|profiles|events|stats|groups\n\n"
     "example:\n"
     "  vtdpi list events\n",
     cli_list},
};

enum { VERBS = sizeof verbs / sizeof verbs[0] };

static const verb_t *verb_find(const char *name)
{
    for (int i = 0; i < VERBS; i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

static void usage(FILE *file)
{
    (void)fprintf(file, "usage: vtdpi VERB [options] [arguments]\n\n"
                        "Cycle-accurate simulation of Intel VT-d posted interrupts.\n\n");
    for (int i = 0; i < VERBS; i++) {
        (void)fprintf(file, "  %-10s %s\n", verbs[i].name, verbs[i].line);
    }
    (void)fprintf(file, "  %-10s %s\n  %-10s %s\n\nvtdpi VERB --help says more, with examples.\n",
                  "version", "print the version", "help", "print this, or help VERB");
}

static bool wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

static int help(const char *name)
{
    const verb_t *verb = name != NULL ? verb_find(name) : NULL;
    if (name != NULL && verb == NULL) {
        return cli_bad("no verb is called \"%s\" (vtdpi help)", name);
    }
    if (verb != NULL) {
        (void)fputs(verb->help, stdout);
    } else {
        usage(stdout);
    }
    return CLI_OK;
}

static int act(int argc, char **argv)
{
    if (argc < 2) {
        usage(stderr);
        return CLI_INPUT;
    }
    const char *name = argv[1];
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        return help(argc > 2 ? argv[2] : NULL);
    }
    if (strcmp(name, "version") == 0 || strcmp(name, "--version") == 0) {
        (void)puts("vtdpi " VTDPI_VERSION);
        return CLI_OK;
    }
    const verb_t *verb = verb_find(name);
    if (verb == NULL) {
        return cli_bad("no verb is called \"%s\" (vtdpi help)", name);
    }
    return wants_help(argc - 1, argv + 1) ? help(name) : verb->act(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    cli_guard_start();
    int code = act(argc, argv);
    int closed = cli_stdout_close();
    return closed > code ? closed : code;
}
