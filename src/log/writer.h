/*
 * What the three writers of the log share.
 */
#ifndef VTDPI_SRC_WRITER_H
#define VTDPI_SRC_WRITER_H

#include "vtdpi/log.h"

#include "log/names.h"
#include "log/out.h"
#include "log/rows.h"

/** A piece of text that is the same in every record of an event. */
typedef struct {
    char text[60];
    uint32_t length;
} vtdpi_piece_t;

/** Bytes of a memo's text; memos in a table, and of actors. *Choice:* a memo is as long as a
 * cache line. */
enum { VTDPI_MEMO_BYTES = 48, VTDPI_MEMO_WAYS = 4, VTDPI_MEMO_ACTORS = 16 };

/** Text that a value had the last time, with what always stands around it: values come again. */
typedef struct {
    uint64_t value;
    uint64_t length; /**< 0: nothing kept */
    char text[VTDPI_MEMO_BYTES];
} vtdpi_memo_t;

/** A log: the filter, the buffer, the names, and the fixed pieces of each event. */
struct vtdpi_log {
    void (*write)(vtdpi_log_t *log, const vtdpi_event_t *event);
    vtdpi_out_t out;
    vtdpi_names_t names;
    uint64_t events[VTDPI_LOG_EVENT_WORDS];
    uint32_t id;
    uint32_t columns;                                   /**< CSV: argument columns */
    uint16_t column[VTDPI_EV_COUNT][VTDPI_ARGUMENTS];   /**< CSV: column of an argument */
    vtdpi_piece_t head[VTDPI_EV_COUNT];                 /**< between time and actor */
    vtdpi_piece_t key[VTDPI_EV_COUNT][VTDPI_ARGUMENTS]; /**< in front of an argument */
    uint32_t thread_of_vcpu[256];                       /**< text: thread of each vCPU */
    uint8_t arguments[VTDPI_EV_COUNT];                  /**< JSON: how many an event has */
    vtdpi_memo_t time[3];                               /**< JSON: all but the last digits */
    vtdpi_memo_t who[VTDPI_MEMO_ACTORS];                /**< JSON: actor and CPU */
    vtdpi_memo_t of[VTDPI_MEMO_WAYS];                   /**< JSON: number of the interrupt */
    vtdpi_memo_t argument[VTDPI_EV_COUNT][VTDPI_ARGUMENTS][VTDPI_MEMO_WAYS]; /**< JSON */
};

/** Room that a record can need: fixed pieces, numbers, nine names. */
enum { VTDPI_RECORD_MAX = 4096 };

/** Starts each format: what stands at the top of the file, and the fixed pieces. */
void vtdpi_log_text_start(vtdpi_log_t *log);
void vtdpi_log_csv_start(vtdpi_log_t *log);
void vtdpi_log_jsonl_start(vtdpi_log_t *log);

/** Writes the value of an argument of [type], without quotes. *Pre:* it names somebody. */
char *vtdpi_log_value(vtdpi_log_t *log, char *p, vtdpi_arg_type_t type, uint64_t value);

/** Whether [value] of [type] names nobody. */
static inline bool vtdpi_log_nobody(vtdpi_arg_type_t type, uint64_t value)
{
    return vtdpi_arg_is_who(type) &&
           (value == VTDPI_NOBODY || (type == VTDPI_ARG_CPU && value >= UINT16_MAX));
}

/** Copies a fixed piece; the buffer has room for all of its array. */
static inline char *vtdpi_put_piece(char *p, const vtdpi_piece_t *piece)
{
    __builtin_memcpy(p, piece->text, sizeof piece->text);
    return p + piece->length;
}

/** Copies a name. */
static inline char *vtdpi_put_name(char *p, vtdpi_name_t name)
{
    __builtin_memcpy(p, name.text, name.length);
    return p + name.length;
}

/** Makes a fixed piece of formatted text. */
__attribute__((format(printf, 2, 3))) void vtdpi_piece_make(vtdpi_piece_t *piece,
                                                            const char *format, ...);

#endif
