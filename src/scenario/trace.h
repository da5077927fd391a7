/*
 * Arrival traces: text files with one time a line, in nanoseconds, ascending. Lines that start with
 * # are comments.
 */
#ifndef VTDPI_SRC_SCENARIO_TRACE_H
#define VTDPI_SRC_SCENARIO_TRACE_H

#include "scenario/decode.h"
#include "scenario/raw.h"

/** Limits of a trace. */
enum { VTDPI_TRACE_BYTES_MAX = 64 * 1024 * 1024, VTDPI_TRACE_TIMES_MAX = 500 * 1000 };

/** Reads the first [limit] (0: all) times of [path] into [times], in ps; [place] is where the
 * scenario names it. */
void vtdpi_trace_read(const vtdpi_reading_t *reading, vtdpi_position_t place, const char *path,
                      uint64_t limit, raw_list_t *times);

#endif
