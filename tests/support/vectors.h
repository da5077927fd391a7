/*
 * The recorded vectors of tests/vectors, and damaged copies of them.
 */
#ifndef SUPPORT_VECTORS_H
#define SUPPORT_VECTORS_H

#include "vtdpi/conform.h"

#include <stddef.h>
#include <stdint.h>

/** Where the files are, from the project's folder. */
#define VECTORS_REMAPPING "tests/vectors/interrupt-remapping.jsonl.gz"
#define VECTORS_APIC      "tests/vectors/apic-virtualization.jsonl.gz"

/** Room of a key. */
enum { VECTORS_KEY_BYTES = 32 };

/** Lines of a file. */
typedef struct {
    char *text;        /**< all of it, each line ended by a zero byte */
    const char **line; /**< [count] of them */
    size_t count;
} vectors_t;

/** Reads file [path], plain or compressed. Ends the program if that fails. */
void vectors_read(vectors_t *vectors, const char *path);

/** Frees what [vectors] holds. */
void vectors_free(vectors_t *vectors);

/** A source of choices: a number below [below], which is not 0. */
typedef uint32_t vectors_choice_t(void *state, uint32_t below);

/**
 * A copy of [line] in which one to four values are replaced, removed, doubled or taken from
 * elsewhere in it: JSON still. To be freed.
 */
char *vectors_damage(const char *line, vectors_choice_t *choose, void *state);

/**
 * A copy of [line] in which one recorded value (not what the vector does) is another of its kind:
 * the lowest bit of a number differs. [key] is its key, or that of the list it stands in. To be
 * freed; NULL if there is no number.
 */
char *vectors_change(const char *line, vectors_choice_t *choose, void *state,
                     char key[VECTORS_KEY_BYTES]);

/** What the replay of the one vector [text] shows; fails if it is malformed. */
vtdpi_conform_verdict_t vectors_verdict(const char *text);

#endif
