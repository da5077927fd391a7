/* vtdpi decode: arguments and lines to words. */
#include "vtdpi/vmx.h"

#include "decode.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HEX_DIGITS = 16, REMAPPED_COLUMNS = 6, POSTED_COLUMNS = 7, SOURCE = 1 };

const char *decode_example(vtdpi_decode_kind_t kind)
{
    static const char *const examples[VTDPI_DECODE_COUNT] = {
        [VTDPI_DECODE_IRTE] = "3456784000418001h 0000001200040018h",
        [VTDPI_DECODE_PID] = "0 0x2 0 0 0x0000010500F20001 0 0 0",
        [VTDPI_DECODE_MSI] = "0xfee24698 0",
        [VTDPI_DECODE_FRCD] = "1234000000000000h 8000002200000018h",
        [VTDPI_DECODE_IRTA] = "0x10090080f",
        [VTDPI_DECODE_IQD] = "0000004010000014h 0",
        [VTDPI_DECODE_INTR_INFO] = "0x800000f1",
        [VTDPI_DECODE_EXIT_QUAL] = "APIC_WRITE 0x300",
    };
    return examples[kind];
}

/** Reports what is wrong with token [number] of [item]. */
__attribute__((format(printf, 3, 4))) static int token_bad(const decode_item_t *item,
                                                           unsigned number, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    unsigned place = item->tokens[number].place;
    if (item->line != 0) {
        return cli_bad("standard input:%llu:%u: %s; example: %s", (unsigned long long)item->line,
                       place, text, decode_example(item->kind));
    }
    return cli_bad("argument %u: %s; example: vtdpi decode %s %s", place, text,
                   vtdpi_decode_name(item->kind), decode_example(item->kind));
}

void decode_split(decode_item_t *item, char *text)
{
    static const char blanks[] = " \t\r\v\f";
    char *at = text + strspn(text, blanks);
    while (*at != '\0') {
        char *end = at + strcspn(at, blanks);
        bool last = *end == '\0';
        *end = '\0';
        if (item->token_count < DECODE_TOKENS) {
            item->tokens[item->token_count] = (decode_token_t){at, (unsigned)(at - text) + 1};
        }
        item->token_count++;
        at = last ? end : end + 1 + strspn(end + 1, blanks);
    }
}

static int digit(char c)
{
    const char *const digits = "0123456789abcdef";
    char lower = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
    const char *found = lower != '\0' ? strchr(digits, lower) : NULL;
    return found != NULL ? (int)(found - digits) : -1;
}

/** Reads a hexadecimal number: 1 to 16 digits, after 0x or before h or neither, with single '_' or
 * '`' between digits. */
static bool hex_read(const char *text, uint64_t *value)
{
    size_t length = strlen(text);
    bool prefix = length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *at = prefix ? text + 2 : text;
    unsigned digits = 0;
    *value = 0;
    while (*at != '\0') {
        if (digit(*at) >= 0) {
            *value = *value << 4 | (uint64_t)digit(*at);
            digits++;
        } else if ((*at != '_' && *at != '`') || digits == 0 || digit(at[-1]) < 0 ||
                   digit(at[1]) < 0) {
            break;
        }
        at++;
    }
    bool suffix = !prefix && (*at == 'h' || *at == 'H') && at[1] == '\0';
    return digits >= 1 && digits <= HEX_DIGITS && (*at == '\0' || suffix);
}

/** Reads an exit reason: decimal, 0x…, …h, or a name with or without EXIT_REASON_. */
static bool reason_read(const char *text, uint64_t *value)
{
    static const char prefix[] = "EXIT_REASON_";

    enum { NUMBERS = 65536, DECIMAL_DIGITS = 10 };

    size_t length = strlen(text);
    if (length > 0 && length <= DECIMAL_DIGITS && strspn(text, "0123456789") == length) {
        *value = strtoull(text, NULL, 10);
        return true;
    }
    const char *name =
        strncasecmp(text, prefix, sizeof prefix - 1) == 0 ? text + sizeof prefix - 1 : text;
    for (unsigned reason = 0; reason < NUMBERS; reason++) {
        const char *known = vtdpi_exit_name(reason);
        if (known != NULL && strcasecmp(known, name) == 0) {
            *value = reason;
            return true;
        }
    }
    return digit(text[0]) >= 0 && digit(text[0]) <= 9 && hex_read(text, value);
}

/** Reads [count] hexadecimal digits at *at, and [end] after them, into *value. */
static bool digits_read(const char **at, unsigned count, char end, unsigned *value)
{
    *value = 0;
    for (; count > 0 && digit(**at) >= 0; count--) {
        *value = *value << 4 | (unsigned)digit(*(*at)++);
    }
    return count == 0 && *(*at)++ == end;
}

bool decode_requester(const char *text, uint16_t *requester)
{
    enum { DEVICE_LAST = 31, FUNCTION_LAST = 7, DEVICE_LOW = 3, BUS_LOW = 8 };

    unsigned bus;
    unsigned device;
    unsigned function;
    uint64_t value;
    if (strchr(text, ':') == NULL) {
        bool ok = hex_read(text, &value) && value <= UINT16_MAX;
        *requester = ok ? (uint16_t)value : 0;
        return ok;
    }
    if (!digits_read(&text, 2, ':', &bus) || !digits_read(&text, 2, '.', &device) ||
        !digits_read(&text, 1, '\0', &function) || device > DEVICE_LAST ||
        function > FUNCTION_LAST) {
        return false;
    }
    *requester = (uint16_t)(bus << BUS_LOW | device << DEVICE_LOW | function);
    return true;
}

/** Whether the line has as many columns as one of ir_translation_struct. */
static bool has_columns(const decode_item_t *item)
{
    return item->token_count == REMAPPED_COLUMNS || item->token_count == POSTED_COLUMNS;
}

/** Whether the tokens look like a line of ir_translation_struct: number, source, …. */
static bool is_dump(const decode_item_t *item)
{
    return item->line != 0 && item->kind == VTDPI_DECODE_IRTE && item->token_count > SOURCE &&
           (has_columns(item) || strchr(item->tokens[SOURCE].text, ':') != NULL);
}

bool decode_item_passes(const decode_item_t *item)
{
    static const char *const headings[][2] = {
        {"Remapped", "Interrupt"}, {"Posted", "Interrupt"},    {"IR", "table"},
        {"Entry", "SrcID"},        {"Interrupt", "Remapping"},
    };
    if (item->token_count == 0 || item->tokens[0].text[0] == '#') {
        return true;
    }
    if (item->kind != VTDPI_DECODE_IRTE) {
        return false;
    }
    if (item->token_count == 1 && strcmp(item->tokens[0].text, "****") == 0) {
        return true;
    }
    for (size_t i = 0; i < sizeof headings / sizeof headings[0]; i++) {
        if (item->token_count > 1 && strcmp(item->tokens[0].text, headings[i][0]) == 0 &&
            strcmp(item->tokens[1].text, headings[i][1]) == 0) {
            return true;
        }
    }
    return false;
}

/** Reads token [number] as word [word] of [count]. */
static int word_read(decode_item_t *item, unsigned number, unsigned word, unsigned count)
{
    const char *text = item->tokens[number].text;
    unsigned width = vtdpi_decode_width(item->kind, word, count);
    bool reason = item->kind == VTDPI_DECODE_EXIT_QUAL && word == 0;
    uint64_t value = 0;
    if (reason && !reason_read(text, &value)) {
        return token_bad(item, number,
                         "\"%.60s\" is no exit reason: expected a decimal number, 0x and "
                         "hexadecimal digits, or a name such as EPT_VIOLATION",
                         text);
    }
    if (!reason && !hex_read(text, &value)) {
        return token_bad(item, number,
                         "\"%.60s\" is no word: expected 1 to 16 hexadecimal digits (0x, h, _ and "
                         "` are allowed)",
                         text);
    }
    if ((value & ~vtdpi_mask(width)) != 0) {
        return token_bad(item, number, "\"%.60s\" is too wide: expected %u bits", text, width);
    }
    item->words[word] = value;
    return CLI_OK;
}

/** A line of ir_translation_struct: the high word comes before the low one, at the end. */
static int dump_read(decode_item_t *item)
{
    uint16_t source;
    unsigned count = item->token_count;
    const char *text = item->tokens[SOURCE].text;
    if (!has_columns(item)) {
        return token_bad(item, 0,
                         "a line of ir_translation_struct has 6 columns (remapped) or 7 (posted), "
                         "not %u",
                         count);
    }
    if (strchr(text, ':') == NULL || !decode_requester(text, &source)) {
        return token_bad(item, SOURCE,
                         "\"%.60s\" is no source (SrcID): expected bus:device.function", text);
    }
    item->dump = true;
    item->word_count = 2;
    int code = word_read(item, count - 1, 0, 2);
    return code == CLI_OK ? word_read(item, count - 2, 1, 2) : code;
}

static int count_bad(const decode_item_t *item)
{
    unsigned least = vtdpi_decode_least(item->kind);
    unsigned most = vtdpi_decode_most(item->kind);
    char counts[32];
    bool range = most > least + 1 && vtdpi_decode_fits(item->kind, least + 1);
    if (least == most) {
        (void)snprintf(counts, sizeof counts, "%u", least);
    } else {
        (void)snprintf(counts, sizeof counts, "%u %s %u", least, range ? "to" : "or", most);
    }
    unsigned last = item->token_count < DECODE_TOKENS ? item->token_count : DECODE_TOKENS;
    return token_bad(item, last - 1, "%s wants %s %s (%s), not %u", vtdpi_decode_name(item->kind),
                     counts, most == 1 ? "word" : "words", vtdpi_decode_doc(item->kind),
                     item->token_count);
}

int decode_item_read(decode_item_t *item)
{
    unsigned least = vtdpi_decode_least(item->kind);
    unsigned count = item->token_count;
    if (is_dump(item)) {
        return dump_read(item);
    }
    bool fits = vtdpi_decode_fits(item->kind, count);
    for (unsigned i = 0; i < count && i < VTDPI_DECODE_WORDS; i++) {
        int code = word_read(item, i, i, fits ? count : least);
        if (code != CLI_OK) {
            return code;
        }
    }
    item->word_count = count;
    return fits ? CLI_OK : count_bad(item);
}

/** A column of a dump's line against what the entry says. */
static void column_compare(const decode_item_t *item, unsigned column, const char *name,
                           uint64_t value, vtdpi_decode_t *d)
{
    uint64_t printed;
    if (!hex_read(item->tokens[column].text, &printed)) {
        vtdpi_decode_remark(d, "the line's %s is no number", name);
    } else if (printed != value) {
        vtdpi_decode_remark(d, "the line's %s is %llx, the entry's %llx", name,
                            (unsigned long long)printed, (unsigned long long)value);
    }
}

void decode_item_compare(const decode_item_t *item, vtdpi_decode_t *d)
{
    enum { DESTINATION = 2, LOW_HALF = 3 };

    if (!item->dump) {
        return;
    }
    const uint64_t *w = item->words;
    uint16_t source = 0;
    bool posted = item->token_count == POSTED_COLUMNS;
    (void)decode_requester(item->tokens[SOURCE].text, &source);
    if (source != VTDPI_GET(IRTE, SID, w)) {
        vtdpi_decode_remark(d, "the line's SrcID is %.20s, the entry's SID %llxh",
                            item->tokens[SOURCE].text, (unsigned long long)VTDPI_GET(IRTE, SID, w));
    }
    if (posted != (VTDPI_GET(IRTE, IM, w) != 0)) {
        vtdpi_decode_remark(d, "the line is of the %s table, the entry's IM says otherwise",
                            posted ? "posted" : "remapped");
        return;
    }
    if (posted) {
        column_compare(item, DESTINATION, "PDA_high", VTDPI_GET(IRTE, PDAH, w), d);
        column_compare(item, LOW_HALF, "PDA_low", vtdpi_irte_pid_paddr(w) & UINT32_MAX, d);
    } else {
        column_compare(item, DESTINATION, "DstID", VTDPI_GET(IRTE, DST, w), d);
    }
    column_compare(item, item->token_count - 3, "Vct", VTDPI_GET(IRTE, V, w), d);
}
