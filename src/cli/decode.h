/*
 * vtdpi decode: what its reader and its writers share.
 */
#ifndef CLI_DECODE_H
#define CLI_DECODE_H

#include "vtdpi/decode.h"

#include "cli.h"

/** Longest line of input, tokens in it that are kept. *Units:* bytes, tokens. */
enum { DECODE_LINE = 4096, DECODE_TOKENS = 16 };

/** A piece of input without blanks. */
typedef struct {
    const char *text; /**< ends with a zero byte */
    unsigned place;   /**< number of the argument, or column of the line; both from 1 */
} decode_token_t;

/** One item as it was given. */
typedef struct {
    vtdpi_decode_kind_t kind; /**< what it is */
    uint64_t line;            /**< line of standard input; 0: arguments */
    unsigned token_count;     /**< how many there are, of which DECODE_TOKENS are kept */
    decode_token_t tokens[DECODE_TOKENS]; /**< the pieces */
    uint64_t words[VTDPI_DECODE_WORDS];   /**< the words, low one first */
    unsigned word_count;                  /**< how many */
    bool dump;                            /**< a line of ir_translation_struct */
} decode_item_t;

/** An example of [kind]'s words. */
const char *decode_example(vtdpi_decode_kind_t kind);

/** Splits [text] in place into the tokens of [item]. */
void decode_split(decode_item_t *item, char *text);

/** Makes words of the tokens; reports what is wrong. An exit code. */
int decode_item_read(decode_item_t *item);

/** Whether [item] is a line of a dump that holds no entry: a heading, or none at all. */
bool decode_item_passes(const decode_item_t *item);

/** Adds to [d] where the columns of a dump's line differ from its entry. */
void decode_item_compare(const decode_item_t *item, vtdpi_decode_t *d);

/** Reads a source-id, "00:1f.6" or hexadecimal. */
bool decode_requester(const char *text, uint16_t *requester);

/** Prints [d] to standard output. */
void decode_print_text(const decode_item_t *item, const vtdpi_decode_t *d);
void decode_print_json(const decode_item_t *item, const vtdpi_decode_t *d);

#endif
