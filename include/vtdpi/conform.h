/*
 * Conformance: recorded behaviour of other implementations, replayed on the models.
 *
 * A file of vectors is JSON Lines, plain or compressed by gzip: one object a line, which describes
 * a state, steps, and what an implementation (an emulator) did. Each vector is replayed on the
 * models and each recorded value compared. Groups, their replays and the clauses by which a
 * difference is excepted are tables of src/conform. A vector can mark itself as suspect from a step
 * on: there the implementation is known or suspected to deviate from the manuals, and a match is
 * not required.
 *
 * Nothing here prints: results go to the caller's function, what is wrong with a file into a list
 * of diagnostics.
 */
#ifndef VTDPI_CONFORM_H
#define VTDPI_CONFORM_H

#include "vtdpi/base.h"
#include "vtdpi/scenario_io.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Limits. A longer line is malformed; further malformed lines and further differences are only
 * counted. */
enum {
    VTDPI_CONFORM_LINE_BYTES = 1 << 20,
    VTDPI_CONFORM_MALFORMED = 20,
    VTDPI_CONFORM_DIFFERENCES = 32,
};

/** What a replay showed. */
typedef enum {
    VTDPI_CONFORM_AGREED,            /**< every recorded value is the model's */
    VTDPI_CONFORM_DIFFERING,         /**< a difference that nothing explains */
    VTDPI_CONFORM_EXCEPTED,          /**< a clause of the manuals decides every difference */
    VTDPI_CONFORM_SUSPECT_AGREED,    /**< marked as suspect; every recorded value is the model's */
    VTDPI_CONFORM_SUSPECT_DIFFERING, /**< marked as suspect; differs only from that step on */
    VTDPI_CONFORM_SKIPPED,           /**< not replayed */
    VTDPI_CONFORM_VERDICTS
} vtdpi_conform_verdict_t;

/** Of a suspect vector that states what the specification says at its first suspect step. */
typedef enum {
    VTDPI_CONFORM_SAYS_NOTHING, /**< it states nothing */
    VTDPI_CONFORM_SAYS_OTHER,   /**< the model has another value */
    VTDPI_CONFORM_SAYS_SAME,    /**< the model has that value */
} vtdpi_conform_says_t;

/** A recorded value that is not the model's. */
typedef struct {
    int step;             /**< step, from 0; -1: the vector as a whole */
    const char *field;    /**< key of the value */
    const char *expected; /**< recorded */
    const char *actual;   /**< the model's */
    const char *clause;   /**< clause that excepts it, or NULL */
    bool suspect;         /**< at or after the step from which the vector is suspect */
} vtdpi_conform_difference_t;

/** The result of one vector. Texts last as long as the call that hands it out, [clause] longer. */
typedef struct {
    const char *file;                              /**< name of the file as the caller gave it */
    uint32_t line;                                 /**< line, 1 and up */
    unsigned group;                                /**< number of its group; the count: of none */
    const char *id;                                /**< name of the vector */
    vtdpi_conform_verdict_t verdict;               /**< what came out */
    vtdpi_conform_says_t says;                     /**< suspect: is the model as it says? */
    const char *why;                               /**< SKIPPED: the reason; suspect: its own */
    const char *clause;                            /**< EXCEPTED: the (first) clause, else NULL */
    const vtdpi_conform_difference_t *differences; /**< [difference_count] of them, in order */
    unsigned difference_count;                     /**< at most VTDPI_CONFORM_DIFFERENCES */
    unsigned differences_left_out;                 /**< further ones */
} vtdpi_conform_result_t;

/** Is told each result, in the order of the file. */
typedef void vtdpi_conform_listener_t(void *context, const vtdpi_conform_result_t *result);

/** How many groups there are. */
VTDPI_API unsigned vtdpi_conform_group_count(void);

/** Name of group [group], or NULL past the last. */
VTDPI_API const char *vtdpi_conform_group_name(unsigned group);

/** What the vectors of group [group] show, one line, or NULL. */
VTDPI_API const char *vtdpi_conform_group_doc(unsigned group);

/** Name of [verdict] ("agreed", …), or NULL. */
VTDPI_API const char *vtdpi_conform_verdict_name(unsigned verdict);

/**
 * Replays the vectors of file [path] whose group matches the pattern [groups] (as a shell matches
 * file names; NULL: all) and tells [listener] each result, with [context]. A malformed line goes
 * into [diags] and the reading goes on. *Errors:* VTDPI_ERR_INPUT (the file cannot be read, or a
 * line is malformed: see diags), VTDPI_ERR_INTERNAL (out of memory).
 */
VTDPI_API vtdpi_err_t vtdpi_conform_file(const char *path, const char *groups,
                                         vtdpi_conform_listener_t *listener, void *context,
                                         vtdpi_diags_t *diags);

/** As vtdpi_conform_file, from [length] bytes of [text], plain; [name] names it in messages. */
VTDPI_API vtdpi_err_t vtdpi_conform_text(const char *text, size_t length, const char *name,
                                         vtdpi_conform_listener_t *listener, void *context,
                                         vtdpi_diags_t *diags);

#ifdef __cplusplus
}
#endif

#endif
