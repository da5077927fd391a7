/* vtdpi decode */
#include "decode.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

/** What the options ask for. */
typedef struct {
    vtdpi_decode_options_t hardware;
    bool json;
} settings_t;

static void bits_text(const vtdpi_decode_row_t *row, char *text, size_t size)
{
    unsigned low = row->low + (row->part != NULL ? 0 : 64 * row->word);
    const char *part = row->part != NULL ? row->part : "";
    const char *blank = row->part != NULL ? " " : "";
    if (row->width == 1) {
        (void)snprintf(text, size, "%s%s%u", part, blank, low);
    } else {
        (void)snprintf(text, size, "%s%s%u:%u", part, blank, low + row->width - 1, low);
    }
}

static void name_text(const vtdpi_decode_row_t *row, char *text, size_t size)
{
    (void)snprintf(text, size, "%s%s%s", row->structure, row->structure[0] != '\0' ? "." : "",
                   row->name);
}

static void value_text(const vtdpi_decode_row_t *row, char *text, size_t size)
{
    (void)snprintf(text, size, "%0*llX", (int)((row->width + 3) / 4),
                   (unsigned long long)row->value);
}

static int wider(int width, const char *text)
{
    int length = (int)strlen(text);
    return length > width ? length : width;
}

void decode_print_text(const decode_item_t *item, const vtdpi_decode_t *d)
{
    char bits[32];
    char name[64];
    char value[32];
    int widths[3] = {4, 4, 5};
    for (unsigned i = 0; i < d->row_count; i++) {
        bits_text(&d->rows[i], bits, sizeof bits);
        name_text(&d->rows[i], name, sizeof name);
        value_text(&d->rows[i], value, sizeof value);
        widths[0] = wider(widths[0], bits);
        widths[1] = wider(widths[1], name);
        widths[2] = wider(widths[2], value);
    }
    if (item->line != 0) {
        (void)printf("line %llu%s%s:\n", (unsigned long long)item->line,
                     item->dump ? ", entry " : "", item->dump ? item->tokens[0].text : "");
    }
    (void)printf("%-*s  %-*s  %*s  meaning\n", widths[0], "bits", widths[1], "name", widths[2],
                 "value");
    for (unsigned i = 0; i < d->row_count; i++) {
        bits_text(&d->rows[i], bits, sizeof bits);
        name_text(&d->rows[i], name, sizeof name);
        value_text(&d->rows[i], value, sizeof value);
        (void)printf("%-*s  %-*s  %*s  %s\n", widths[0], bits, widths[1], name, widths[2], value,
                     d->rows[i].meaning);
    }
    for (unsigned i = 0; i < d->hardware_count; i++) {
        (void)printf("hardware: %s\n", d->hardware[i]);
    }
    for (unsigned i = 0; i < d->wrong_count; i++) {
        (void)printf("wrong: %s\n", d->wrong[i]);
    }
}

static void string_print(const char *text)
{
    (void)putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            (void)putchar('\\');
        }
        (void)putchar((unsigned char)*text < ' ' ? '?' : *text);
    }
    (void)putchar('"');
}

static void notes_print(const char *name, const char notes[][VTDPI_DECODE_TEXT], unsigned count)
{
    (void)printf(",\"%s\":[", name);
    for (unsigned i = 0; i < count; i++) {
        (void)fputs(i > 0 ? "," : "", stdout);
        string_print(notes[i]);
    }
    (void)putchar(']');
}

void decode_print_json(const decode_item_t *item, const vtdpi_decode_t *d)
{
    char text[64];
    (void)printf("{\"kind\":\"%s\",", vtdpi_decode_name(item->kind));
    if (item->line != 0) {
        (void)printf("\"line\":%llu,", (unsigned long long)item->line);
    }
    (void)printf("\"words\":[");
    for (unsigned i = 0; i < item->word_count; i++) {
        (void)printf("%s\"%016llX\"", i > 0 ? "," : "", (unsigned long long)item->words[i]);
    }
    (void)printf("],\"fields\":[");
    for (unsigned i = 0; i < d->row_count; i++) {
        bits_text(&d->rows[i], text, sizeof text);
        (void)printf("%s{\"bits\":\"%s\"", i > 0 ? "," : "", text);
        name_text(&d->rows[i], text, sizeof text);
        (void)printf(",\"name\":\"%s\"", text);
        value_text(&d->rows[i], text, sizeof text);
        (void)printf(",\"value\":\"%s\",\"meaning\":", text);
        string_print(d->rows[i].meaning);
        (void)putchar('}');
    }
    (void)putchar(']');
    notes_print("hardware", d->hardware, d->hardware_count);
    notes_print("wrong", d->wrong, d->wrong_count);
    (void)puts("}");
}

static int item_do(decode_item_t *item, const settings_t *settings)
{
    static vtdpi_decode_t d; /* large: not on the stack */
    int code = decode_item_read(item);
    if (code != CLI_OK) {
        return code;
    }
    if (vtdpi_decode_words(item->kind, item->words, item->word_count, &settings->hardware, &d) !=
        VTDPI_OK) {
        return cli_broken("the words were read but not decoded");
    }
    decode_item_compare(item, &d);
    if (settings->json) {
        decode_print_json(item, &d);
    } else {
        decode_print_text(item, &d);
    }
    return CLI_OK;
}

/** Reads a line into [text]; *bad is the column of what cannot stand in one, else 0. False at the
 * end. */
static bool line_read(char text[DECODE_LINE], unsigned *bad)
{
    size_t length = 0;
    int c = getchar();
    *bad = 0;
    if (c == EOF) {
        return false;
    }
    for (; c != EOF && c != '\n' && *bad == 0; c = getchar()) {
        if (c == '\0' || length + 1 == DECODE_LINE) {
            *bad = (unsigned)length + 1;
        } else {
            text[length++] = (char)c;
        }
    }
    text[length] = '\0';
    return true;
}

static int lines_do(vtdpi_decode_kind_t kind, const settings_t *settings)
{
    static char text[DECODE_LINE];
    unsigned bad;
    unsigned items = 0;
    bool headed = false; /* a dump may have headings alone: a table without entries */
    for (uint64_t line = 1; line_read(text, &bad); line++) {
        decode_item_t item = {.kind = kind, .line = line};
        if (bad != 0) {
            return cli_bad(
                "standard input:%llu:%u: expected text in lines below %d bytes; example: "
                "%s",
                (unsigned long long)line, bad, (int)DECODE_LINE, decode_example(kind));
        }
        decode_split(&item, text);
        if (decode_item_passes(&item)) {
            headed = headed || (item.token_count > 0 && item.tokens[0].text[0] != '#');
            continue;
        }
        if (items++ > 0 && !settings->json) {
            (void)putchar('\n');
        }
        int code = item_do(&item, settings);
        if (code != CLI_OK) {
            return code;
        }
    }
    if (ferror(stdin) != 0) {
        return cli_bad("standard input cannot be read");
    }
    if (items == 0 && !headed) {
        return cli_bad("standard input has no item of %s: expected a line with %s; example: %s",
                       vtdpi_decode_name(kind), vtdpi_decode_doc(kind), decode_example(kind));
    }
    return CLI_OK;
}

static int arguments_do(vtdpi_decode_kind_t kind, int count, char **words,
                        const settings_t *settings)
{
    decode_item_t item = {.kind = kind, .token_count = (unsigned)count};
    for (int i = 0; i < count && i < DECODE_TOKENS; i++) {
        item.tokens[i] = (decode_token_t){words[i], (unsigned)i + 2}; /* the kind is argument 1 */
    }
    return item_do(&item, settings);
}

static int kind_bad(const char *name)
{
    char names[128] = "";
    size_t used = 0;
    for (unsigned kind = 0; kind < VTDPI_DECODE_COUNT; kind++) {
        int n = snprintf(names + used, sizeof names - used, "%s%s", kind > 0 ? ", " : "",
                         vtdpi_decode_name(kind));
        used += (size_t)n;
    }
    return name == NULL ? cli_bad("decode wants a kind: %s (vtdpi decode --help)", names)
                        : cli_bad("argument 1: no kind is called \"%.60s\": expected %s; example: "
                                  "vtdpi decode msi %s",
                                  name, names, decode_example(VTDPI_DECODE_MSI));
}

static int haw_read(const char *text, uint8_t *haw)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || value < 32 || value > 64) {
        return cli_bad("--haw: \"%.60s\" is no host address width: expected 32 to 64; example: "
                       "--haw 39",
                       text);
    }
    *haw = (uint8_t)value;
    return CLI_OK;
}

static int option_take(int option, settings_t *settings)
{
    vtdpi_decode_options_t *hw = &settings->hardware;
    switch (option) {
    case 'e':
    case 'E':
        hw->eime = hw->unit.eim = option == 'e';
        return CLI_OK;
    case 'P':
        hw->unit.pi = false;
        return CLI_OK;
    case 'w':
        return haw_read(optarg, &hw->unit.haw);
    case 's':
        hw->has_requester = decode_requester(optarg, &hw->requester);
        return hw->has_requester ? CLI_OK
                                 : cli_bad("--sid: \"%.60s\" is no requester: expected "
                                           "bus:device.function or 16 hexadecimal bits; example: "
                                           "--sid 00:1f.6",
                                           optarg);
    case 'f':
        settings->json = strcmp(optarg, "json") == 0;
        return settings->json || strcmp(optarg, "text") == 0
                   ? CLI_OK
                   : cli_bad("--format: \"%.60s\" is no format: expected text or json", optarg);
    default:
        return CLI_INPUT;
    }
}

int cli_decode(int argc, char **argv)
{
    static const struct option options[] = {
        {"eim", no_argument, NULL, 'e'},
        {"no-eim", no_argument, NULL, 'E'},
        {"no-pi", no_argument, NULL, 'P'},
        {"haw", required_argument, NULL, 'w'},
        {"sid", required_argument, NULL, 's'},
        {"format", required_argument, NULL, 'f'},
        {NULL, 0, NULL, 0},
    };
    settings_t settings = {.hardware = vtdpi_decode_options_default()};
    int option;
    while ((option = getopt_long(argc, argv, "f:", options, NULL)) != -1) {
        int code = option_take(option, &settings);
        if (code != CLI_OK) {
            return code;
        }
    }
    if (optind == argc) {
        return kind_bad(NULL);
    }
    vtdpi_decode_kind_t kind = vtdpi_decode_find(argv[optind]);
    if (kind == VTDPI_DECODE_COUNT) {
        return kind_bad(argv[optind]);
    }
    int count = argc - optind - 1;
    return count == 0 ? lines_do(kind, &settings)
                      : arguments_do(kind, count, argv + optind + 1, &settings);
}
