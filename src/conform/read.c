/* Readers of a vector's values: each checks what it reads and never fails hard. */
#include "conform/out.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SET_DIGITS = 64, WORD_DIGITS = 16, HEX_BITS = 4, EXPECTED_BYTES = 160 };

bool conform_has(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return value != NULL && !json_is_null(value);
}

const json_t *conform_list(conform_out_t *out, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_array(value)) {
        conform_refuse(out, key, "a list");
        return NULL;
    }
    return value;
}

const json_t *conform_list_of(conform_out_t *out, const json_t *object, const char *key,
                              size_t count)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_array(value) || json_array_size(value) != count) {
        char expected[EXPECTED_BYTES];
        (void)snprintf(expected, sizeof expected, "a list of length %zu", count);
        conform_refuse(out, key, expected);
        return NULL;
    }
    return value;
}

const json_t *conform_object_in(conform_out_t *out, const json_t *value, const char *key)
{
    if (!json_is_object(value)) {
        conform_refuse(out, key, "an object");
        return NULL;
    }
    return value;
}

const json_t *conform_object(conform_out_t *out, const json_t *object, const char *key)
{
    return conform_object_in(out, json_object_get(object, key), key);
}

const char *conform_text(conform_out_t *out, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    if (text == NULL) {
        conform_refuse(out, key, "a text");
        return "";
    }
    return text;
}

unsigned conform_choice(conform_out_t *out, const json_t *object, const char *key,
                        const char *const *names, unsigned count)
{
    const char *text = json_string_value(json_object_get(object, key));
    for (unsigned i = 0; text != NULL && i < count; i++) {
        if (strcmp(text, names[i]) == 0) {
            return i;
        }
    }
    char expected[EXPECTED_BYTES] = "one of ";
    size_t length = strlen(expected);
    for (unsigned i = 0; i < count && length < sizeof expected; i++) {
        int added = snprintf(expected + length, sizeof expected - length, "%s%s", i > 0 ? ", " : "",
                             names[i]);
        length += (size_t)(added > 0 ? added : 0);
    }
    conform_refuse(out, key, expected);
    return 0;
}

bool conform_flag(conform_out_t *out, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    bool number = json_is_integer(value) && (json_integer_value(value) & ~(json_int_t)1) == 0;
    if (!json_is_boolean(value) && !number) {
        conform_refuse(out, key, "0, 1, true or false");
        return false;
    }
    return number ? json_integer_value(value) == 1 : json_is_true(value);
}

uint64_t conform_number_in(conform_out_t *out, const json_t *value, const char *key, uint64_t max)
{
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || (uint64_t)number > max) {
        char expected[EXPECTED_BYTES];
        (void)snprintf(expected, sizeof expected, "a whole number of 0 to %" PRIu64, max);
        conform_refuse(out, key, expected);
        return 0;
    }
    return (uint64_t)number;
}

uint64_t conform_number(conform_out_t *out, const json_t *object, const char *key, uint64_t max)
{
    return conform_number_in(out, json_object_get(object, key), key, max);
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/** The value of [count] (at most 16) hexadecimal digits; false if one is none. */
static bool digits_read(const char *digits, size_t count, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < count; i++) {
        int digit = digit_value(digits[i]);
        if (digit < 0) {
            return false;
        }
        *value = (*value << HEX_BITS) | (unsigned)digit;
    }
    return true;
}

uint64_t conform_hex_in(conform_out_t *out, const json_t *value, const char *key, unsigned bits)
{
    const char *text = json_string_value(value);
    uint64_t word = 0;
    if (text != NULL && text[0] == '0' && text[1] == 'x') {
        text += 2;
    }
    size_t length = text != NULL ? strlen(text) : 0;
    if (length == 0 || length > WORD_DIGITS || !digits_read(text, length, &word) ||
        (word & ~vtdpi_mask(bits)) != 0) {
        char expected[EXPECTED_BYTES];
        (void)snprintf(expected, sizeof expected, "a hexadecimal text of at most %u bits", bits);
        conform_refuse(out, key, expected);
        return 0;
    }
    return word;
}

uint64_t conform_hex(conform_out_t *out, const json_t *object, const char *key, unsigned bits)
{
    return conform_hex_in(out, json_object_get(object, key), key, bits);
}

void conform_set(conform_out_t *out, const json_t *object, const char *key,
                 uint64_t set[VTDPI_VECTOR_WORDS])
{
    const char *text = json_string_value(json_object_get(object, key));
    bool good = text != NULL && strlen(text) == SET_DIGITS;
    for (unsigned i = 0; good && i < VTDPI_VECTOR_WORDS; i++) {
        good = digits_read(text + (size_t)(VTDPI_VECTOR_WORDS - 1 - i) * WORD_DIGITS, WORD_DIGITS,
                           &set[i]);
    }
    if (!good) {
        conform_refuse(out, key, "64 hexadecimal digits");
        memset(set, 0, VTDPI_VECTOR_WORDS * sizeof set[0]);
    }
}

void conform_vectors(conform_out_t *out, const json_t *object, const char *key,
                     uint64_t set[VTDPI_VECTOR_WORDS])
{
    const json_t *list = conform_list(out, object, key);
    size_t i;
    json_t *value;
    memset(set, 0, VTDPI_VECTOR_WORDS * sizeof set[0]);
    json_array_foreach(list, i, value)
    {
        unsigned vector = (unsigned)conform_number_in(out, value, key, VTDPI_VECTORS - 1);
        if (vtdpi_set_has(set, vector)) {
            conform_refuse(out, key, "different vectors");
        }
        vtdpi_set_add(set, vector);
    }
}
