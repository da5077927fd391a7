/*
 * vtdpi: the ground that every other header stands on.
 *
 * Integer types, limits, the assertion hook, error codes of host-side functions and a few bit
 * helpers. Nothing here knows about hardware.
 */
#ifndef VTDPI_BASE_H
#define VTDPI_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define VTDPI_API      __attribute__((visibility("default")))
#define VTDPI_NORETURN __attribute__((noreturn))
#else
#define VTDPI_API
#define VTDPI_NORETURN
#endif

#ifdef __cplusplus
#define VTDPI_STATIC_ASSERT(cond, text) static_assert(cond, text)
#else
#define VTDPI_STATIC_ASSERT(cond, text) _Static_assert(cond, text)
#endif

/*
 * Between these two stand structures that are no state: configuration, handles, results. They may
 * have padding; state may not.
 */
#define VTDPI_NOT_STATE_BEGIN                                                                      \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wpadded\"")
#define VTDPI_NOT_STATE_END _Pragma("GCC diagnostic pop")

/** Size of a memory line. *Units:* bytes, 64-bit words. */
enum { VTDPI_LINE_BYTES = 64, VTDPI_LINE_WORDS = 8 };

/** Vectors, 64-bit words of a 256-bit vector set. */
enum { VTDPI_VECTORS = 256, VTDPI_VECTOR_WORDS = 4 };

/** Outcome of a host-side function (src/ only; models have no errors of this kind). 0 is success.
 */
typedef enum {
    VTDPI_OK = 0,
    VTDPI_ERR_INPUT = 2,    /**< the caller's data is wrong: see the diagnostics */
    VTDPI_ERR_INTERNAL = 3, /**< out of memory, I/O failure, or a defect of the library */
} vtdpi_err_t;

/** The hook that a failed assertion calls: prints unit, line and expression and does not return. */
VTDPI_API VTDPI_NORETURN void vtdpi_assert_failed(const char *file, int line, const char *expr);

#ifdef VTDPI_NO_ASSERT
#define VTDPI_ASSERT(cond) ((void)0)
#else
#define VTDPI_ASSERT(cond) ((cond) ? (void)0 : vtdpi_assert_failed(__FILE__, __LINE__, #cond))
#endif

/** Marks what cannot be reached; [text] says why. */
#ifdef VTDPI_NO_ASSERT
#define VTDPI_UNREACHABLE(text) __builtin_unreachable()
#else
#define VTDPI_UNREACHABLE(text) vtdpi_assert_failed(__FILE__, __LINE__, text)
#endif

/** A mask of the lowest [width] bits. *Pre:* width 1 to 64. */
static inline uint64_t vtdpi_mask(unsigned width)
{
    return width >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << width) - 1;
}

/** The bits [low+width-1:low] of [word]. */
static inline uint64_t vtdpi_bits(uint64_t word, unsigned low, unsigned width)
{
    return (word >> low) & vtdpi_mask(width);
}

/** [word] with bits [low+width-1:low] replaced by [value] (excess bits of value are dropped). */
static inline uint64_t vtdpi_with_bits(uint64_t word, unsigned low, unsigned width, uint64_t value)
{
    uint64_t mask = vtdpi_mask(width) << low;
    return (word & ~mask) | ((value << low) & mask);
}

/** Number of the highest set bit. *Pre:* word != 0. */
static inline unsigned vtdpi_highest_bit(uint64_t word)
{
    return 63U - (unsigned)__builtin_clzll(word);
}

/** Number of the lowest set bit. *Pre:* word != 0. */
static inline unsigned vtdpi_lowest_bit(uint64_t word)
{
    return (unsigned)__builtin_ctzll(word);
}

/** Whether bit [v] of the 256-bit set [w] is set. *Shape:* w is 4 x 64 bits. */
static inline bool vtdpi_set_has(const uint64_t *w, unsigned v)
{
    return ((w[v >> 6] >> (v & 63U)) & 1U) != 0;
}

/** Sets bit [v] of the 256-bit set [w]. */
static inline void vtdpi_set_add(uint64_t *w, unsigned v)
{
    w[v >> 6] |= UINT64_C(1) << (v & 63U);
}

/** Clears bit [v] of the 256-bit set [w]. */
static inline void vtdpi_set_remove(uint64_t *w, unsigned v)
{
    w[v >> 6] &= ~(UINT64_C(1) << (v & 63U));
}

/** Highest member of the 256-bit set [w], or -1 if it is empty. */
static inline int vtdpi_set_highest(const uint64_t *w)
{
    for (int i = VTDPI_VECTOR_WORDS - 1; i >= 0; i--) {
        if (w[i] != 0) {
            return (i * 64) + (int)vtdpi_highest_bit(w[i]);
        }
    }
    return -1;
}

#ifdef __cplusplus
}
#endif

#endif
