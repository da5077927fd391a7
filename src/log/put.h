/*
 * Numbers as text, fast: each function writes at [p] and returns the end. The caller has room for
 * 24 bytes a number.
 */
#ifndef VTDPI_SRC_PUT_H
#define VTDPI_SRC_PUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** Bytes that a number may touch, and the first number with more than eight digits. */
enum { VTDPI_PUT_MAX = 24, VTDPI_PUT_8 = 100000000 };

/** "00" to "99", one after the other. */
extern const char vtdpi_put_pairs[201];

/** [count] bytes of [text]. */
static inline char *vtdpi_put_bytes(char *p, const char *text, size_t count)
{
    memcpy(p, text, count);
    return p + count;
}

/** A string literal or any other text. */
static inline char *vtdpi_put_text(char *p, const char *text)
{
    return vtdpi_put_bytes(p, text, strlen(text));
}

/** Eight decimal digits of [value], leading zeros included. *Pre:* value below 10^8. */
static inline char *vtdpi_put_8(char *p, uint32_t value)
{
    uint32_t high = value / 10000, low = value % 10000;
    memcpy(p, &vtdpi_put_pairs[(size_t)(high / 100) * 2], 2);
    memcpy(p + 2, &vtdpi_put_pairs[(size_t)(high % 100) * 2], 2);
    memcpy(p + 4, &vtdpi_put_pairs[(size_t)(low / 100) * 2], 2);
    memcpy(p + 6, &vtdpi_put_pairs[(size_t)(low % 100) * 2], 2);
    return p + 8;
}

/** As vtdpi_put_8, with a point before the last three digits. */
static inline char *vtdpi_put_8_milli(char *p, uint32_t value)
{
    uint32_t high = value / 10000, low = value % 10000;
    memcpy(p, &vtdpi_put_pairs[(size_t)(high / 100) * 2], 2);
    memcpy(p + 2, &vtdpi_put_pairs[(size_t)(high % 100) * 2], 2);
    p[4] = vtdpi_put_pairs[(size_t)(low / 100) * 2];
    p[5] = '.';
    p[6] = vtdpi_put_pairs[(size_t)(low / 100) * 2 + 1];
    memcpy(p + 7, &vtdpi_put_pairs[(size_t)(low % 100) * 2], 2);
    return p + 9;
}

/** [value] in decimal without leading zeros. *Pre:* value below 10^8. */
static inline char *vtdpi_put_small(char *p, uint32_t value)
{
    char digits[16];
    unsigned count = 1U + (value >= 10U) + (value >= 100U) + (value >= 1000U) + (value >= 10000U) +
                     (value >= 100000U) + (value >= 1000000U) + (value >= 10000000U);
    vtdpi_put_8(digits, value);
    memcpy(p, digits + 8 - count, 8);
    return p + count;
}

/** [value] in decimal. */
static inline char *vtdpi_put_u64(char *p, uint64_t value)
{
    const uint64_t e8 = 100000000U;
    if (value < e8) {
        return vtdpi_put_small(p, (uint32_t)value);
    }
    uint64_t high = value / e8;
    if (high < e8) {
        p = vtdpi_put_small(p, (uint32_t)high);
    } else {
        p = vtdpi_put_small(p, (uint32_t)(high / e8));
        p = vtdpi_put_8(p, (uint32_t)(high % e8));
    }
    return vtdpi_put_8(p, (uint32_t)(value % e8));
}

/** [value] thousandths with three decimals. */
static inline char *vtdpi_put_milli(char *p, uint64_t value)
{
    uint32_t rest = (uint32_t)(value % 1000);
    p = vtdpi_put_u64(p, value / 1000);
    p[0] = '.';
    p[1] = (char)('0' + rest / 100);
    memcpy(p + 2, &vtdpi_put_pairs[(size_t)(rest % 100) * 2], 2);
    return p + 4;
}

/** [value] in hexadecimal, 0x in front, at least [digits] digits (1 to 16). */
static inline char *vtdpi_put_hex(char *p, uint64_t value, unsigned digits)
{
    unsigned needed = 1;
    while (needed < 16 && (value >> (4 * needed)) != 0) {
        needed++;
    }
    digits = digits > needed ? digits : needed;
    p[0] = '0';
    p[1] = 'x';
    for (unsigned i = 0; i < digits; i++) {
        p[1 + digits - i] = "0123456789abcdef"[(value >> (4 * i)) & 15U];
    }
    return p + 2 + digits;
}

#endif
