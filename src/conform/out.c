/* The report of a vector: comparisons, skipping, malformed input. */
#include "conform/out.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SET_DIGITS = 64, SET_BYTES = SET_DIGITS + 1, NUMBER_BYTES = 24, DELETE = 0x7f };

/** Bytes of a UTF-8 character after its first. */
enum { UTF8_MASK = 0xc0, UTF8_REST = 0x80 };

void conform_out_take(conform_out_t *out, const json_t *vector, const char *group)
{
    out->vector = vector;
    out->group = group;
    out->suspect = (conform_suspect_t){.from_step = INT_MAX};
    out->array = NULL;
    out->malformed = false;
    out->exhausted = false;
}

void conform_out_start(conform_out_t *out, unsigned settings)
{
    out->settings = settings;
    out->says = VTDPI_CONFORM_SAYS_NOTHING;
    if (out->suspect.count > 0 && out->suspect.because[0].value != NULL) {
        out->says = VTDPI_CONFORM_SAYS_OTHER;
    }
    out->skipped = NULL;
    out->array = NULL;
    out->count = 0;
    out->left_out = 0;
    out->unexplained = 0;
    out->suspected = 0;
    out->clause = NULL;
}

const conform_suspect_t *conform_suspect(const conform_out_t *out)
{
    return &out->suspect;
}

bool conform_suspect_of(const conform_out_t *out, const char *kind)
{
    size_t length = strlen(kind);
    for (unsigned i = 0; i < out->suspect.count; i++) {
        const char *is = out->suspect.because[i].kind;
        if (strncmp(is, kind, length) == 0 && (is[length] == '\0' || is[length] == '-')) {
            return true;
        }
    }
    return false;
}

bool conform_setting(const conform_out_t *out, conform_setting_t setting)
{
    return (out->settings & (unsigned)setting) != 0;
}

void conform_skip(conform_out_t *out, const char *reason)
{
    out->skipped = reason;
}

void conform_at(conform_out_t *out, const char *array, size_t index)
{
    out->array = array;
    out->index = index;
}

void conform_refuse(conform_out_t *out, const char *key, const char *expected)
{
    if (out->malformed) {
        return;
    }
    out->malformed = true;
    if (out->array != NULL) {
        (void)snprintf(out->message, sizeof out->message, "%s[%zu].%s: expected %s", out->array,
                       out->index, key, expected);
    } else {
        (void)snprintf(out->message, sizeof out->message, "%s: expected %s", key, expected);
    }
}

bool conform_malformed(const conform_out_t *out)
{
    return out->malformed;
}

/** Copies [text], cut with an ellipsis where it is too long, without control characters. */
static void text_keep(char *room, size_t size, const char *text)
{
    static const char ellipsis[] = "...";
    size_t length = strlen(text);
    size_t kept = length < size ? length : size - sizeof ellipsis;
    while (kept < length && kept > 0 && ((unsigned char)text[kept] & UTF8_MASK) == UTF8_REST) {
        kept--; /* between characters */
    }
    for (size_t i = 0; i < kept; i++) {
        room[i] = (unsigned char)text[i] < ' ' || text[i] == DELETE ? '?' : text[i];
    }
    memcpy(room + kept, length < size ? "" : ellipsis, length < size ? 1 : sizeof ellipsis);
}

/** Whether the model's value [text] is what the vector says of the specification. */
static bool says_same(const json_t *value, const char *text)
{
    if (json_is_string(value)) {
        return strcmp(json_string_value(value), text) == 0;
    }
    json_t *actual = json_loads(text, JSON_DECODE_ANY, NULL);
    bool same = actual != NULL && json_equal(value, actual) != 0;
    json_decref(actual);
    return same;
}

static void says_look(conform_out_t *out, int step, const char *field, const char *actual)
{
    const conform_suspicion_t *first = &out->suspect.because[0];
    bool there = first->step == CONFORM_EVERY_STEP || first->step == step;
    if (out->says == VTDPI_CONFORM_SAYS_OTHER && there && strcmp(first->field, field) == 0 &&
        says_same(first->value, actual)) {
        out->says = VTDPI_CONFORM_SAYS_SAME;
    }
}

void conform_differs(conform_out_t *out, int step, const char *field, const char *expected,
                     const char *actual)
{
    bool suspect = out->suspect.reason != NULL && step >= out->suspect.from_step;
    const char *clause = suspect ? NULL : conform_excepted(out, step, field);
    if (suspect) {
        out->suspected++;
        says_look(out, step, field, actual);
    } else if (clause == NULL) {
        if (out->unexplained++ == 0) {
            out->first_step = step;
            text_keep(out->first_field, sizeof out->first_field, field);
        }
    } else if (out->clause == NULL) {
        out->clause = clause;
    }
    if (out->count == VTDPI_CONFORM_DIFFERENCES) {
        out->left_out++;
        return;
    }
    conform_texts_t *texts = &out->texts[out->count];
    text_keep(texts->field, sizeof texts->field, field);
    text_keep(texts->expected, sizeof texts->expected, expected);
    text_keep(texts->actual, sizeof texts->actual, actual);
    out->difference[out->count++] = (vtdpi_conform_difference_t){
        .step = step,
        .field = texts->field,
        .expected = texts->expected,
        .actual = texts->actual,
        .clause = clause,
        .suspect = suspect,
    };
}

bool conform_same(conform_out_t *out, int step, const char *field, uint64_t expected,
                  uint64_t actual)
{
    if (expected == actual) {
        return true;
    }
    char left[NUMBER_BYTES], right[NUMBER_BYTES];
    (void)snprintf(left, sizeof left, "%" PRIu64, expected);
    (void)snprintf(right, sizeof right, "%" PRIu64, actual);
    conform_differs(out, step, field, left, right);
    return false;
}

bool conform_same_hex(conform_out_t *out, int step, const char *field, uint64_t expected,
                      uint64_t actual, unsigned digits)
{
    if (expected == actual) {
        return true;
    }
    char left[NUMBER_BYTES], right[NUMBER_BYTES];
    (void)snprintf(left, sizeof left, "%0*" PRIx64, (int)digits, expected);
    (void)snprintf(right, sizeof right, "%0*" PRIx64, (int)digits, actual);
    conform_differs(out, step, field, left, right);
    return false;
}

static void set_write(char text[SET_BYTES], const uint64_t set[VTDPI_VECTOR_WORDS])
{
    (void)snprintf(text, SET_BYTES, "%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64, set[3],
                   set[2], set[1], set[0]);
}

static bool set_equal(const uint64_t a[VTDPI_VECTOR_WORDS], const uint64_t b[VTDPI_VECTOR_WORDS])
{
    return memcmp(a, b, VTDPI_VECTOR_WORDS * sizeof a[0]) == 0;
}

bool conform_same_set(conform_out_t *out, int step, const char *field,
                      const uint64_t expected[VTDPI_VECTOR_WORDS],
                      const uint64_t actual[VTDPI_VECTOR_WORDS])
{
    if (set_equal(expected, actual)) {
        return true;
    }
    char left[SET_BYTES], right[SET_BYTES];
    set_write(left, expected);
    set_write(right, actual);
    conform_differs(out, step, field, left, right);
    return false;
}

/** Writes [set] as a list: "[3,78]". */
static void vectors_write(char text[CONFORM_VALUE_BYTES], const uint64_t set[VTDPI_VECTOR_WORDS])
{
    size_t length = 1;
    text[0] = '[';
    for (unsigned v = 0; v < VTDPI_VECTORS && length + NUMBER_BYTES < CONFORM_VALUE_BYTES; v++) {
        if (vtdpi_set_has(set, v)) {
            int added = snprintf(text + length, NUMBER_BYTES, "%s%u", length > 1 ? "," : "", v);
            length += (size_t)(added > 0 ? added : 0);
        }
    }
    text[length] = ']';
    text[length + 1] = '\0';
}

bool conform_same_vectors(conform_out_t *out, int step, const char *field,
                          const uint64_t expected[VTDPI_VECTOR_WORDS],
                          const uint64_t actual[VTDPI_VECTOR_WORDS])
{
    if (set_equal(expected, actual)) {
        return true;
    }
    char left[CONFORM_VALUE_BYTES], right[CONFORM_VALUE_BYTES];
    vectors_write(left, expected);
    vectors_write(right, actual);
    conform_differs(out, step, field, left, right);
    return false;
}

bool conform_same_text(conform_out_t *out, int step, const char *field, const char *expected,
                       const char *actual)
{
    if (strcmp(expected, actual) == 0) {
        return true;
    }
    conform_differs(out, step, field, expected, actual);
    return false;
}

/** [value] as compact JSON, to be freed; NULL if memory is exhausted. */
static char *json_text(const json_t *value)
{
    return value != NULL ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : strdup("nothing");
}

bool conform_same_json(conform_out_t *out, int step, const char *field, const json_t *expected,
                       json_t *actual)
{
    bool same = json_equal(expected, actual) != 0;
    if (!same) {
        char *left = json_text(expected);
        char *right = json_text(actual);
        out->exhausted = out->exhausted || left == NULL || right == NULL || actual == NULL;
        conform_differs(out, step, field, left != NULL ? left : "?", right != NULL ? right : "?");
        free(left);
        free(right);
    }
    json_decref(actual);
    return same;
}
