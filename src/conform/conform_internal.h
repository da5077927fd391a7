/*
 * Conformance, the inside: what a replay reads a recorded vector with, and how it reports.
 *
 * A replay is a function of one vector. It builds the state that the vector describes, performs the
 * steps on the models, and compares each recorded value with the model's. It prints nothing, keeps
 * nothing, and decides nothing about verdicts: which differences are excepted (exceptions.def) or
 * lie at or after the step at which the recorded implementation is suspect, the framework knows.
 *
 * Readers never fail hard. A key that is missing or has a value of another kind than expected makes
 * the vector malformed, once and for all: the reader reports it and returns something harmless (0,
 * an empty text, NULL). jansson's functions take NULL for an empty container, so a replay may read
 * on, and asks conform_malformed before it uses what it read on a model.
 *
 * Included by src/conform alone: nothing else of vtdpi sees jansson.
 */
#ifndef VTDPI_SRC_CONFORM_INTERNAL_H
#define VTDPI_SRC_CONFORM_INTERNAL_H

#include "vtdpi/base.h"
#include "vtdpi/conform.h"

#include <jansson.h>

/** Room of a vector's report. */
enum {
    CONFORM_SUSPICIONS = 8, /**< reasons why a vector is suspect */
    CONFORM_EVERY_STEP = -1 /**< step of a difference that concerns the vector as a whole */
};

/**
 * Settings of a replay that stand for a recorded implementation's own choice: a set of bits. A row
 * of exceptions.def names those that a vector is replayed under when it differs without.
 */
typedef enum {
    CONFORM_FAULT_COLLAPSE = 1,  /**< a fault of a requester that has one pending is not recorded */
    CONFORM_RESERVED_FIRST = 2,  /**< reserved bits of an entry are checked before its source */
    CONFORM_QUEUE_WAITS = 4,     /**< descriptors are fetched after a write of IQT only */
    CONFORM_HOLD_EXTERNAL = 8,   /**< blocking by STI or MOV SS holds interrupts that exit too */
    CONFORM_LOWEST_SENT = 16,    /**< lowest priority is sent where the ICR has it reserved */
    CONFORM_SEND_ACCEPT = 32,    /**< what no APIC accepts is a send accept error of the sender */
    CONFORM_BYTE_BROADCAST = 64, /**< a 32-bit physical destination that ends in FFh is for all */
    CONFORM_FLAT_BITS = 128      /**< FFh in the flat model is for those with a logical ID */
} conform_setting_t;

/** Where a vector's report goes. */
typedef struct conform_out conform_out_t;

/** Why a vector is suspect. */
typedef struct {
    char kind[32];       /**< name of the deviation: "svt2-swapped", "R4-if0" */
    int step;            /**< step or boundary at which it shows; CONFORM_EVERY_STEP: not said */
    const char *field;   /**< field whose value the specification decides otherwise, or NULL */
    const json_t *value; /**< the value of [field] by the specification, or NULL */
} conform_suspicion_t;

/** What a vector says about the trust in it. */
typedef struct {
    const char *reason; /**< all reasons as they stand in the vector, or NULL: not suspect */
    int from_step;      /**< first step that is suspect; CONFORM_EVERY_STEP: all; INT_MAX: none */
    unsigned count;     /**< reasons */
    conform_suspicion_t because[CONFORM_SUSPICIONS]; /**< [count] of them */
} conform_suspect_t;

/** A replay. *Pre:* [vector] is a JSON object of the group that its row in groups.def names. */
typedef void conform_replay_t(const json_t *vector, conform_out_t *out);

/** Whether a row of exceptions.def applies to [vector] at [step] (or CONFORM_EVERY_STEP). Written
 * in the replay's file; exceptions.h declares it. It is asked at each difference, so that what the
 * replay has not read yet may be malformed: jansson's functions alone, which answer any value. */
typedef bool conform_condition_t(const json_t *vector, int step);

/* --- replays, one for each row of groups.def --- */

conform_replay_t conform_replay_remap;        /**< remap.c: interrupt remapping */
conform_replay_t conform_replay_posted;       /**< vmx.c: F1, posted-interrupt processing */
conform_replay_t conform_replay_virtual;      /**< vmx.c: F2, sequences of a virtual APIC */
conform_replay_t conform_replay_lapic;        /**< lapic.c: F3, sequences of a local APIC */
conform_replay_t conform_replay_match;        /**< lapic.c: F4, destination matching */
conform_replay_t conform_replay_senduipi;     /**< uintr.c: F5 senduipi, senduipi_guest */
conform_replay_t conform_replay_recognize;    /**< uintr.c: F5 recognize */
conform_replay_t conform_replay_virtual_uinv; /**< uintr.c: F5 virtual_uinv */

/* --- about the vector (out.c) --- */

/** What the vector says about the trust in it. */
const conform_suspect_t *conform_suspect(const conform_out_t *out);

/** Whether the vector is suspect of deviation [kind] ("R4-if0"; "R4" is enough). */
bool conform_suspect_of(const conform_out_t *out, const char *kind);

/** Whether [setting] is on in this replay. */
bool conform_setting(const conform_out_t *out, conform_setting_t setting);

/** The vector is not replayed, because of [reason] (a constant text). What was compared before
 * does not count. */
void conform_skip(conform_out_t *out, const char *reason);

/** Readers' messages that follow concern element [index] of [array] (a constant text): "steps[3]".
 * NULL: the vector itself. */
void conform_at(conform_out_t *out, const char *array, size_t index);

/** The vector is malformed: [key] is not [expected] ("a list of 8 APICs"). The first message
 * counts. */
void conform_refuse(conform_out_t *out, const char *key, const char *expected);

/** Whether anything of the vector was malformed so far. */
bool conform_malformed(const conform_out_t *out);

/* --- readers (read.c): [object].[key], which must be there --- */

/** Whether [object] has [key] with a value other than null. */
bool conform_has(const json_t *object, const char *key);

/** A list; NULL if it is none. */
const json_t *conform_list(conform_out_t *out, const json_t *object, const char *key);

/** A list of exactly [count] elements; NULL if it is none. */
const json_t *conform_list_of(conform_out_t *out, const json_t *object, const char *key,
                              size_t count);

/** An object; NULL if it is none. */
const json_t *conform_object(conform_out_t *out, const json_t *object, const char *key);

/** A text; "" if it is none. */
const char *conform_text(conform_out_t *out, const json_t *object, const char *key);

/** Index of a text in [names] ([count] of them, at most 32); 0 if it is none of them. */
unsigned conform_choice(conform_out_t *out, const json_t *object, const char *key,
                        const char *const *names, unsigned count);

/** true, false, 0 or 1. */
bool conform_flag(conform_out_t *out, const json_t *object, const char *key);

/** A whole number of 0 to [max]. */
uint64_t conform_number(conform_out_t *out, const json_t *object, const char *key, uint64_t max);

/** A hexadecimal text, with or without 0x, whose value fits in [bits] bits (1 to 64). */
uint64_t conform_hex(conform_out_t *out, const json_t *object, const char *key, unsigned bits);

/** 64 hexadecimal digits, most significant first: a 256-bit set in which vector v is bit v. */
void conform_set(conform_out_t *out, const json_t *object, const char *key,
                 uint64_t set[VTDPI_VECTOR_WORDS]);

/** A list of different numbers below 256 as a set. */
void conform_vectors(conform_out_t *out, const json_t *object, const char *key,
                     uint64_t set[VTDPI_VECTOR_WORDS]);

/** As conform_number, of a value in hand (an element of a list), which messages call [key]. */
uint64_t conform_number_in(conform_out_t *out, const json_t *value, const char *key, uint64_t max);

/** As conform_hex, of a value in hand. */
uint64_t conform_hex_in(conform_out_t *out, const json_t *value, const char *key, unsigned bits);

/** As conform_object, of a value in hand. */
const json_t *conform_object_in(conform_out_t *out, const json_t *value, const char *key);

/* --- comparisons (out.c): the recorded value with the model's ---
 *
 * [step] counts from 0 (CONFORM_EVERY_STEP where the vector has none); [field] is the vector's key.
 * Each returns whether they are equal. Texts are made for a difference only, and written as the
 * vector writes them, so that sdm_says can be compared with them.
 */

/** Whole numbers. */
bool conform_same(conform_out_t *out, int step, const char *field, uint64_t expected,
                  uint64_t actual);

/** Numbers that the vector writes with [digits] hexadecimal digits. */
bool conform_same_hex(conform_out_t *out, int step, const char *field, uint64_t expected,
                      uint64_t actual, unsigned digits);

/** 256-bit sets. */
bool conform_same_set(conform_out_t *out, int step, const char *field,
                      const uint64_t expected[VTDPI_VECTOR_WORDS],
                      const uint64_t actual[VTDPI_VECTOR_WORDS]);

/** Sets that the vector writes as lists of vectors. */
bool conform_same_vectors(conform_out_t *out, int step, const char *field,
                          const uint64_t expected[VTDPI_VECTOR_WORDS],
                          const uint64_t actual[VTDPI_VECTOR_WORDS]);

/** Texts. */
bool conform_same_text(conform_out_t *out, int step, const char *field, const char *expected,
                       const char *actual);

/** JSON values: lists of events, outcomes. Order of keys does not matter, order of lists does.
 * [actual] is consumed. */
bool conform_same_json(conform_out_t *out, int step, const char *field, const json_t *expected,
                       json_t *actual);

/** A difference that was found in another way, in texts of the caller, which are copied. */
void conform_differs(conform_out_t *out, int step, const char *field, const char *expected,
                     const char *actual);

#endif
