/*
 * From nodes to the structures of raw.h, by keys.def alone.
 */
#ifndef VTDPI_SRC_SCENARIO_DECODE_H
#define VTDPI_SRC_SCENARIO_DECODE_H

#include "scenario/keys.h"
#include "scenario/node.h"

/** What every stage of reading needs. */
typedef struct {
    vtdpi_arena_t *arena;
    vtdpi_diags_t *diags;
} vtdpi_reading_t;

/**
 * Fills [target], the structure of [section], from [node] and the defaults; adds a diagnostic for
 * all that is wrong. A refused value leaves its default (or zero) and sets its bit in head.bad.
 */
void vtdpi_decode(const vtdpi_reading_t *reading, section_id_t section, const vtdpi_node_t *node,
                  void *target);

/** Fills the fields of [section] that are scalars with defaults: for structures that are made
 * without a file. */
void vtdpi_decode_defaults(section_id_t section, void *target);

/** Reads one value that is no map and no list of maps into [field]; false after a diagnostic. */
bool vtdpi_decode_value(const vtdpi_reading_t *reading, const key_row_t *row,
                        const vtdpi_node_t *node, void *field);

/** Reads an `expect` list into a raw_list_t of vtdpi_expect_t; false after a diagnostic. */
bool vtdpi_decode_expects(const vtdpi_reading_t *reading, const key_row_t *row,
                          const vtdpi_node_t *node, void *field);

/** Reads a plain decimal or 0x hexadecimal integer; false if [node] is none or it does not fit 64
 * bits. */
bool vtdpi_decode_integer(const vtdpi_node_t *node, uint64_t *value);

/** Says that [node] is not what [row] wants; returns false. */
bool vtdpi_decode_wrong(const vtdpi_reading_t *reading, const key_row_t *row,
                        const vtdpi_node_t *node, const char *suggestion);

/** Writes what [node] is, for an error text. */
void vtdpi_node_describe(const vtdpi_node_t *node, char text[VTDPI_KEY_TEXT]);

#endif
